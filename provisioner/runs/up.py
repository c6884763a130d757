"""The workflow behind ``up``: the arrows of the main job, in order.

Environments are planned, checked and applied side by side; the links root, which grants across environments,
is planned with them and applied after them. A plan that the world has overtaken is made again, and goes on by
itself only when its changes equal what was approved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from provisioner.errors import ProvisionError
from provisioner.runs.engine import Document, Steps
from provisioner.runs.job import Job

_MOST_ATTEMPTS = 4


def up(job: Job, steps: Steps) -> Document:
    """Bring a team's environments and repository to what its request says; returns the summary document."""
    steps.one("preflight", job.preflight)
    facts = steps.one("repository", job.prepare_repository)
    tree = steps.one("render", job.render, facts)
    plans = _planned(job, steps, tree["roots"], 1, {})
    approval = steps.one("approve", job.approve, plans, [])
    outputs: dict[str, Any] = {}
    for wave in tree["waves"]:
        outputs |= _brought(job, steps, {root: plans[root] for root in wave}, approval)
    published = steps.one("publish", job.publish, facts, outputs)
    access = steps.one("prove", job.prove, facts, tree["waves"][0])
    return {
        "schema": 1,
        "team": job.team.slug,
        "run": job.run_id,
        "changes": {root: plan["counts"] for root, plan in plans.items()},
        "outputs": outputs,
        "repository": {**facts, **published},
        "access": access,
    }


def _planned(
    job: Job, steps: Steps, roots: Sequence[str], attempt: int, healing: dict[str, Any]
) -> dict[str, Document]:
    """Plan and check roots side by side; returns what was planned by root."""
    chains = [
        (
            (f"plan.{root}.{attempt}", lambda _, root=root: job.plan(root, attempt, healing.get(root, {}))),
            (f"check.{root}.{attempt}", job.check),
        )
        for root in roots
    ]
    return {plan["root"]: plan for plan in steps.side_by_side(chains, job.workers)}


def _brought(job: Job, steps: Steps, plans: dict[str, Document], approval: Document) -> dict[str, Any]:
    """Apply one wave of plans; make those again that were overtaken or need healing. Returns outputs by root."""
    outputs: dict[str, Any] = {}
    for attempt in range(1, _MOST_ATTEMPTS + 1):
        chains = [
            ((f"apply.{root}.{attempt}", lambda _, plan=plan: job.apply(plan)),) for root, plan in sorted(plans.items())
        ]
        results = steps.side_by_side(chains, job.workers)
        outputs |= {each["root"]: each["outputs"] for each in results if each["outcome"] == "done"}
        healing = {each["root"]: each["healing"] for each in results if each["outcome"] == "replan"}
        if not healing:
            return outputs
        plans = _planned(job, steps, sorted(healing), attempt + 1, healing)
        name = f"approve.{'.'.join(sorted(healing))}.{attempt + 1}"
        approval = steps.one(name, job.approve, plans, approval["agreed"])
    raise ProvisionError(
        f"{', '.join(sorted(plans))}: still not done after {_MOST_ATTEMPTS} attempts",
        fix="see what else changes these resources, then run `up` again",
    )
