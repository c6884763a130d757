"""The workflow behind ``bootstrap``: the arrows of the main job, with the state's own bucket before the first plan."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.bootstrap.job import PlatformJob
from provisioner.runs.agreeing import agree
from provisioner.runs.engine import Document, Steps
from provisioner.runs.up import brought, planned_and_checked


def bootstrap(job: PlatformJob, steps: Steps) -> Document:
    """Bring the platform's ground to what platform.yaml says; returns the summary document."""
    steps.one("preflight", job.preflight)
    bucket = steps.one("bucket", job.state_bucket)
    facts = steps.one("repository", job.prepare_repository)
    tree = steps.one("render", job.render, facts)
    plans = planned_and_checked(job, steps, tree["roots"])
    approval = steps.one("approve", partial(agree, job), plans, [])
    outputs: dict[str, Any] = {}
    for wave in tree["waves"]:
        outputs |= brought(job, steps, {root: plans[root] for root in wave}, approval)
    published = steps.one("publish", job.publish, facts, outputs)
    access = steps.one("prove", job.prove, facts)
    return {
        "schema": 1,
        "team": job.team.slug,
        "run": job.run_id,
        "changes": {root: each["counts"] for root, each in plans.items()},
        "bucket": bucket,
        "outputs": outputs,
        "repository": {**facts, **published},
        "access": access,
    }
