"""Cloud Run's rules and records, shared by its two APIs: v2, and v1 (Knative), which gcloud speaks.

Records are kept as run v2 shows them; ``knative_*`` say the same in the words of v1 and back.

* ``names.py``      names, addresses, regions, who may be asked about
* ``checks.py``     act-as, etags, rehearsals (validateOnly, dryRun)
* ``knative_*.py``  v1: annotations, containers and volumes, services, jobs, lists
"""
