"""Buckets, objects and managed folders as things that permissions are asked for.

Every request looks at its bucket here first, so this is also where a requester who must pay is told so, and where
lifecycle rules that are due are carried out.
"""

from __future__ import annotations

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import find_project, project_policies, project_resource
from provisioner.sandbox.google.method import Call, Resource
from provisioner.sandbox.google.storage import acl, expiry, objects
from provisioner.sandbox.google.storage.buckets import SERVICE, bucket, policy_name
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.store import Document, Transaction

_DENIAL = "{who} does not have {{permission}} access to the Google Cloud Storage {what}. "
_DENIAL += "Permission '{{permission}}' denied on resource (or it may not exist)."


def visit(call: Call, name: str = "") -> Document:
    """Return a bucket (by default that of the call) as a request finds it. Raises ApiError."""
    found = bucket(call.tx, name or call.params["bucket"])
    if (found.get("billing") or {}).get("requesterPays"):
        _check_payer(call, found)
    expiry.catch_up(call, found)
    return found


def bucket_resource(call: Call, name: str = "") -> Resource:
    """Return a bucket (by default that of the call) as a thing that permissions are asked for. Raises ApiError."""
    found = visit(call, name)
    return Resource(
        name=f"projects/_/buckets/{found['name']}",
        kind=f"{SERVICE}/Bucket",
        service=SERVICE,
        policies=bucket_policies(call.tx, found),
        denial=denial(call, "bucket"),
    )


def object_resource(call: Call, name: str = "", bucket_name: str = "", generation: str = "") -> Resource:
    """Return an object (by default that of the call) as a thing that permissions are asked for.

    Policies of managed folders around it count, inmost first, and the list of the version where the bucket has
    lists. Raises ApiError NOT_FOUND for a missing bucket.
    """
    holder = visit(call, bucket_name)
    name = name or call.params.get("object", "")
    own = () if acl.uniform(holder) else _own_policies(call, holder["name"], name, generation)
    return Resource(
        name=f"projects/_/buckets/{holder['name']}/objects/{name}",
        kind=f"{SERVICE}/Object",
        service=SERVICE,
        policies=(*folder_policies(call.tx, holder["name"], name), *bucket_policies(call.tx, holder), *own),
        denial=denial(call, "object"),
    )


def bucket_policies(tx: Transaction, found: Document) -> tuple[str, ...]:
    """Return the full names of the bucket and everything above it, nearest first."""
    owner = find_project(tx, found["projectNumber"])
    return (policy_name(found["name"]), *(project_policies(tx, owner) if owner else ()))


def folder_policies(tx: Transaction, bucket_name: str, name: str) -> tuple[str, ...]:
    """Return the full names of the managed folders that hold an object or prefix, inmost first."""
    folders = []
    end = name.rfind("/")
    while end > 0:
        folder = name[: end + 1]
        if tx.get(objects.MANAGED_FOLDERS, f"{bucket_name}/{folder}") is not None:
            folders.append(folder_policy_name(bucket_name, folder))
        end = name.rfind("/", 0, end)
    return tuple(folders)


def folder_policy_name(bucket_name: str, folder: str) -> str:
    """Return the full name under which a managed folder's IAM policy is kept."""
    return f"{policy_name(bucket_name)}/managedFolders/{folder}"


def denial(call: Call, what: str) -> str:
    """Return the text of a refusal, with ``{permission}`` open."""
    return _DENIAL.format(who=_who(call), what=what)


def _who(call: Call) -> str:
    who = "Anonymous caller" if call.caller.anonymous else call.caller.email or "Caller"
    return who.replace("{", "").replace("}", "")


def _own_policies(call: Call, bucket_name: str, name: str, generation: str) -> tuple[str, ...]:
    if not name:
        return ()
    wanted = (
        generation
        or call.params.get("generation")
        or (objects.live(call.tx, bucket_name, name) or {}).get("generation")
    )
    return (acl.object_policy(bucket_name, name, wanted),) if wanted else ()


def _check_payer(call: Call, found: Document) -> None:
    """Refuse a request to a requester-pays bucket that nobody pays for.

    https://cloud.google.com/storage/docs/requester-pays: whoever may make the bucket's project pay needs no other.
    """
    payer = call.params.get("userProject") or call.request.headers.get("x-goog-user-project", "")
    if payer:
        resource = project_resource(call.tx, payer)
        if not call.holds("serviceusage.services.use", resource):
            text = f"{_who(call)} does not have serviceusage.services.use access to the Google Cloud project."
            raise ApiError("PERMISSION_DENIED", text)
        return
    owner = project_resource(call.tx, found["projectNumber"])
    if not call.holds("resourcemanager.projects.createBillingAssignment", owner):
        raise invalid("Bucket is a requester pays bucket but no user project provided.", reason="required")
