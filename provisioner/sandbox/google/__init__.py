"""Google Cloud, as unmodified clients see it.

How to add an API
-----------------
1. ``catalog.py``: one ``Service`` with its hosts, the prefixes and names of its discovery documents, its modules.
2. ``services/<module>.py``: plain functions marked with ``@method``:

       @method("secretmanager.projects.secrets.get", permission="secretmanager.secrets.get", on=_secret)
       def get(call: Call) -> Json:
           return read_secret(call.tx, call.params["name"])

       def _secret(call: Call) -> Resource:
           _, project, *_rest = call.params["name"].split("/")
           return inside_project(call.tx, project, name=…, kind="secretmanager.googleapis.com/Secret",
                                 service="secretmanager.googleapis.com", policy="//secretmanager.googleapis.com/…")

   By then the kernel has: found the method by the discovery document, typed the parameters (camelCase, whatever
   spelling the client used), validated the body (``call.body``, camelCase, output-only fields dropped), found out who
   calls, refused a project where the API is off, and asked IAM for the permission on the resource and everything
   above it. The handler returns a dictionary (the JSON answer), None (``{}``) or a ``Response`` of its own, or raises
   ``ApiError``; then everything the request wrote is undone.
3. A method without a handler answers 501 with its name; ``*.operations.get`` is answered for every API.

Where things are
----------------
* ``method.py``     Call, Caller, Resource, ``@method``, ``@route`` (URLs outside discovery), the Identity protocol
* ``errors.py``     ApiError and short forms (``not_found``, ``aborted``, ``invalid_argument`` …)
* ``hierarchy.py``  projects by id or number, what is above them, enabled services, ``inside_project``
* ``wire.py``       timestamps, etags (``fresh_etag``, ``check_etag``), random numbers, ``page`` for lists
* ``masks.py``      ``read_update_mask`` + ``apply_update`` for PATCH
* ``operations.py`` ``succeeded`` / ``failed`` record a long-running operation and return its first answer
* ``schema.py``, ``parameters.py``, ``media.py``, ``discovery.py``, ``routing.py``, ``application.py``: the kernel

IAM policies are documents of the collection ``google/iam.policies`` under the full resource name
(``//cloudresourcemanager.googleapis.com/projects/<id>``); ``identity`` owns reading, writing and deciding. It offers
``provisioner.sandbox.google.identity.identity(world) -> Identity``.
"""
