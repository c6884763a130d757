"""Ask for agreement to plans, and say with them what they do to access."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.access.changes import marked
from provisioner.repository import RepositoryFacts
from provisioner.runs.engine import Document
from provisioner.runs.job import Job
from provisioner.runs.planning import reread
from provisioner.terraform.changes import ChangeSet


def agree(job: Job, plans: Mapping[str, Document], agreed: list[str]) -> Document:
    """Ask for agreement; the reviewer is told who reaches or may do what afterwards.

    All plans of the round count together, those without changes too: an account of one environment may trust the pool
    of another. Nobody needs to be told that a destroy run takes everything away.
    """

    def access() -> tuple[str, ...]:
        facts = RepositoryFacts(**job.facts())
        seen = [reread(job, each) for each in plans.values()]
        return marked(job.tools.proof.difference(job.team, facts, seen))

    def sets() -> dict[str, ChangeSet]:
        return {root: reread(job, each).redacted() for root, each in plans.items()}

    return job.approve(plans, agreed) if job.verb == "destroy" else job.approve(plans, agreed, access, sets)
