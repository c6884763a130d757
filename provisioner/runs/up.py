"""The workflow behind ``up``: the arrows of the main job, in order.

Environments are planned, checked and applied side by side; the links root, which grants across environments,
is planned with them and applied after them. A plan that the world has overtaken is made again, and goes on by
itself only when its changes equal what was approved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from provisioner.errors import ProvisionError
from provisioner.runs.agreeing import agree
from provisioner.runs.applying import apply
from provisioner.runs.engine import Document, Steps
from provisioner.runs.job import Job
from provisioner.runs.planning import check, plan

_MOST_ATTEMPTS = 4


def up(job: Job, steps: Steps) -> Document:
    """Bring a team's environments and repository to what its request says; returns the summary document."""
    steps.one("preflight", job.preflight)
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
        "outputs": outputs,
        "repository": {**facts, **published},
        "access": access,
    }


def planned_and_checked(
    job: Job, steps: Steps, roots: Sequence[str], name: str = "plan", *, destroy: bool = False
) -> dict[str, Document]:
    """Plan and check roots side by side; ``name`` tells this round of steps from others. Returns plans by root."""

    def chain(root: str) -> list[tuple[str, Callable[[Any], Any]]]:
        return [
            (f"{name}.{root}", lambda _: plan(job, root, name, destroy=destroy)),
            (f"{name}.{root}.check", lambda planned: check(job, planned)),
        ]

    return {each["root"]: each for each in steps.side_by_side([chain(root) for root in roots], job.workers)}


def brought(job: Job, steps: Steps, plans: dict[str, Document], approval: Document) -> dict[str, Any]:
    """Apply one wave of plans; make those again that were overtaken or needed healing. Returns outputs by root."""
    outputs: dict[str, Any] = {}
    for attempt in range(1, _MOST_ATTEMPTS + 1):
        results = steps.side_by_side([_applying(job, each) for _, each in sorted(plans.items())], job.workers)
        outputs |= {each["root"]: each["outputs"] for each in results if each["outcome"] == "done"}
        again = sorted(each["root"] for each in results if each["outcome"] == "replan")
        if not again:
            return outputs
        name = f"{plans[again[0]]['round'].partition('-')[0]}-{attempt + 1}"
        plans = planned_and_checked(job, steps, again, name, destroy=plans[again[0]]["destroy"])
        approval = steps.one(f"approve.{name}.{'.'.join(again)}", partial(agree, job), plans, approval["agreed"])
    raise ProvisionError(
        f"{', '.join(sorted(plans))}: still not done after {_MOST_ATTEMPTS} attempts",
        fix="see what else changes these resources, then run the same command again",
    )


def _applying(job: Job, planned: Document) -> list[tuple[str, Callable[[Any], Any]]]:
    return [(f"apply.{planned['root']}.{planned['round']}", lambda _: apply(job, planned))]
