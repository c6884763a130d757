"""What `show` knows of the example team, made without a sandbox: the matrix is computed from trust built by hand."""

from __future__ import annotations

from typing import Any

from provisioner.access import cases, compute
from provisioner.request.resolve import EnvironmentSpec
from provisioner.wiring import consoles
from tests.access.models import REPOSITORY, model_of
from tests.policy.roots import fraud_detection

TEAM = fraud_detection()
ACCESS = compute(model_of(TEAM), cases(TEAM, REPOSITORY)).document()
FACTS = {
    "id": REPOSITORY.id,
    "full_name": "example-ml/fraud-detection",
    "html_url": "https://github.com/example-ml/fraud-detection",
    "clone_url": "https://github.com/example-ml/fraud-detection.git",
    "default_branch": "main",
    "commit": "a" * 40,
}
RUN = {
    "id": "up-fraud-detection-20261121113400-3687",
    "verb": "up",
    "team": "fraud-detection",
    "place": "sandbox",
    "inputs": "0" * 64,
    "status": "done",
    "started": "2026-11-21T11:34:00.000Z",
    "updated": "2026-11-21T11:34:09.000Z",
    "requester": "ann",
    "message": "",
}


def environment(spec: EnvironmentSpec) -> dict[str, Any]:
    service, bucket = f"fraud-detection-{spec.name}-scoring", f"{spec.project}-data"
    return {
        "name": spec.name,
        "project": spec.project,
        "region": spec.region,
        "branch": spec.branch,
        "reviewers": [each.user or f"team {each.team}" for each in spec.reviewers],
        "budget": {"amount": spec.budget.amount, "currency": spec.budget.currency},
        "labels": dict(spec.labels),
        "exists": True,
        "resources": {"count": 3, "kinds": {"google_cloud_run_v2_service": 1, "google_project_service": 2}},
        "things": [
            {
                "kind": "service",
                "name": service,
                "link": consoles.of_service(service, spec.region, spec.project),
                "address": f"https://{service}-abc-ew.a.run.app",
            },
            {"kind": "bucket", "name": bucket, "link": consoles.of_bucket(bucket, spec.project), "address": ""},
        ],
        "links": consoles.of_project(spec.project, spec.names.pool),
    }


def document(**changed: Any) -> dict[str, Any]:
    """Return a whole document, with some of its fields as given."""
    request = TEAM.request
    whole = {
        "schema_version": 1,
        "made": "2026-11-21T12:00:00Z",
        "place": "sandbox",
        "team": TEAM.slug,
        "description": request.description,
        "owner": request.owner,
        "owner_group": request.owner_group,
        "cost_center": request.cost_center,
        "data_class": request.data_class,
        "environments": [environment(spec) for spec in TEAM.environments],
        "access": {"origin": "Established by run up-1", "made": "2026-11-21T11:34:09Z", **ACCESS},
        "repository": {
            **FACTS,
            "visibility": "private",
            "access": [{"who": "team fraud-leads", "permission": "maintain"}],
            "links": consoles.of_repository(FACTS),
        },
        "runs": [RUN],
    }
    return {**whole, **changed}
