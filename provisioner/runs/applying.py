"""Apply one saved plan, and no other; what a failure left behind is recognised and goes into the next plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from provisioner.errors import ProvisionError
from provisioner.runs.engine import Document
from provisioner.runs.healing import heal
from provisioner.runs.job import Job
from provisioner.runs.planning import reread, unlocking
from provisioner.runs.progress import telling
from provisioner.terraform.errors import PlanFileRefused, StalePlan, TerraformFailed


def apply(job: Job, planned: Document) -> Document:
    """Apply a checked plan, bound to its digest.

    Returns ``outcome`` done with ``outputs``, or ``replan`` when the plan was overtaken or something was healed.
    A plan that this run applied before is not applied again: its receipt tells. One that was begun and has no receipt
    is planned again, even where Terraform would take it: what was made since the state was last saved exists already,
    and of budgets and notification channels a second one would be made in silence.
    """
    root = planned["root"]
    if not planned["changes"]:
        return _done(root, planned["outputs"])
    receipt = f"applied.{root}.{planned['digest']}"
    before = job.tools.artifacts.get(job.run_id, receipt)
    if before is not None:
        return before
    with telling(job.tools.progress, "apply", root) as told:
        job.leases.assert_held()
        if job.tools.artifacts.get(job.run_id, _begun(planned)) is not None:
            told.detail = "an earlier attempt was cut off; planning again"
            return {"root": root, "outcome": "replan"}
        try:
            outcome = _applied(job, planned)
        except StalePlan:
            told.detail = "the state moved on; planning again"
            return {"root": root, "outcome": "replan"}
        except TerraformFailed as failed:
            healed = heal(job, root, failed, reread(job, planned))
            told.detail = f"{healed}; planning again"
            return {"root": root, "outcome": "replan"}
        told.detail = planned["summary"]
    job.tools.artifacts.put(job.run_id, receipt, outcome)
    job.tools.ledger.audit(
        "applied", run=job.run_id, team=job.team.slug, root=root, plan=planned["digest"], changes=planned["summary"]
    )
    return outcome


def _applied(job: Job, planned: Document) -> Document:
    root = planned["root"]
    file = job.tools.artifacts.plan_file(job.run_id, root, planned["round"])
    if not file.exists():
        raise StalePlan("the saved plan is gone", fix="plan again")
    runner = job.tools.runner(job.run_id, root)
    with job.interruption.watching(runner), _marked(job, _begun(planned)):
        result = unlocking(job, runner, root, lambda: runner.apply(job.folder(root), file, planned["digest"]))
    if not result.complete:
        raise ProvisionError(f"{root}: Terraform applied only a part", fix="run the same command again", where=root)
    return _done(root, dict(result.outputs))


def _begun(planned: Document) -> str:
    return f"begun.{planned['root']}.{planned['round']}.{planned['digest']}"


@contextmanager
def _marked(job: Job, name: str) -> Iterator[None]:
    """Note that something begins; take the note back where Terraform did not even begin."""
    job.tools.artifacts.put(job.run_id, name, {})
    try:
        yield
    except (StalePlan, PlanFileRefused):
        job.tools.artifacts.forget(job.run_id, name)
        raise


def _done(root: str, outputs: Document) -> Document:
    return {"root": root, "outcome": "done", "outputs": outputs}
