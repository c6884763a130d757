"""The workflow behind ``destroy``: unprotect, then destroy; two saved plans for each root, both checked and approved.

Buckets and registries that hold something leave the state and stay in the cloud, unless the data was asked to go too.
The repository is put into the archive. ``up`` right after takes everything in again.
"""

from __future__ import annotations

from typing import Any

from provisioner.runs.engine import Document, Steps
from provisioner.runs.job import Job
from provisioner.runs.up import brought, planned_and_checked


def destroy(job: Job, steps: Steps) -> Document:
    """Take a team's environments down; returns what went and what was kept."""
    survey = steps.one("survey", job.survey)
    waves: list[list[str]] = [[root for root in wave if root in survey["present"]] for wave in survey["waves"]]
    roots = [root for wave in waves for root in wave]
    steps.one("render", job.render_unprotected, survey)
    plans = planned_and_checked(job, steps, [root for root in roots if job.environment(root)], "unprotect")
    approval = steps.one("approve.unprotect", job.approve, plans, [])
    brought(job, steps, plans, approval)
    gone: dict[str, Any] = {}
    plans = planned_and_checked(job, steps, roots, "destroy", destroy=True)
    approval = steps.one("approve.destroy", job.approve, plans, [])
    for wave in reversed(waves):
        brought(job, steps, {root: plans[root] for root in wave}, approval)
        gone |= {root: plans[root]["counts"] for root in wave}
    archived = steps.one("archive", job.archive)
    return {
        "schema": 1,
        "team": job.team.slug,
        "run": job.run_id,
        "changes": gone,
        "kept": survey["kept"],
        "archived": archived["archived"],
        "summary": f"{sum(counts['remove'] for counts in gone.values())} resources destroyed",
    }
