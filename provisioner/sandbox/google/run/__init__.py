"""Cloud Run's rules and records, shared by its two APIs: v2, and v1 (Knative), which gcloud speaks.

Records are kept as run v2 shows them; ``knative*`` say the same in the words of v1 and back.

* ``names.py``       names, addresses, regions, collections, what permissions are asked for
* ``checks.py``      act-as, etags, system annotations, rehearsals (validateOnly, dryRun); ``pods.py`` templates
* ``deploying.py``, ``revisions.py``    services and their revisions; ``jobs.py``, ``executions.py`` jobs and tasks
* ``decisions.py``   does a revision come up by the rules, and does a process answer for it (``run_containers``)
* ``images.py``, ``unpacking.py``, ``materials.py``, ``programs.py``   from a pushed image to something to start
* ``processes.py``, ``launcher.py``, ``probes.py``, ``instances.py``   processes: started, probed, bounded, ended
* ``starting.py``, ``executing.py``     rollouts and executions that go on after their request; ``stopping.py``
* ``admission.py``, ``forwarding.py``   who may call *.run.app, and how a request reaches the process
"""
