"""Plan one root: heal what a dead run left, plan, read the plan once, and hold it against the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from provisioner.errors import ProvisionError, RefusedByPolicy
from provisioner.runs.engine import Document
from provisioner.runs.job import Job
from provisioner.runs.progress import telling
from provisioner.terraform.errors import StateLocked
from provisioner.terraform.identity import is_alive
from provisioner.terraform.plan import Plan
from provisioner.terraform.runner import Runner

_ERRORED_STATE = "errored.tfstate"
_SIGNS = {("create",): "+", ("delete",): "-", ("forget",): "-", ("no-op",): "↦"}
_Result = TypeVar("_Result")


def plan(job: Job, root: str, name: str, *, destroy: bool = False) -> Document:
    """Save a plan of a root and say what it changes; ``name`` tells this round of plans from others.

    Returns ``digest`` (sha256 of the plan file), ``content`` (digest of the redacted changes, equal for two plans that
    do the same), ``counts``, ``lines`` for people, and ``outputs`` where nothing changes.
    """
    with telling(job.tools.progress, "plan", root) as told:
        job.leases.assert_held()
        runner = job.tools.runner(job.run_id, root)
        folder = job.folder(root)
        file = job.tools.artifacts.plan_file(job.run_id, root, name)
        with job.interruption.watching(runner):
            _prepared(job, runner, folder, root)
            unlocking(job, runner, root, lambda: runner.plan(folder, file, destroy=destroy))
            planned = runner.show(folder, file)
        job.seen[planned.digest] = planned
        told.detail = "no changes" if planned.is_empty else str(planned.summary())
    return _document(root, name, planned) | {"destroy": destroy}


def check(job: Job, planned: Document) -> Document:
    """Hold a plan against the rules; raises RefusedByPolicy with every finding. Returns the plan's document again."""
    root = planned["root"]
    with telling(job.tools.progress, "check", root) as told:
        seen = job.seen.get(planned["digest"]) or _reread(job, planned)
        verdict = job.tools.rules.check(seen, job.team, job.environment(root), deletes_confirmed=job.verb == "destroy")
        findings = [finding.as_dict() for finding in verdict.findings]
        job.tools.artifacts.put(
            job.run_id, f"verdict.{root}.{planned['round']}", {"findings": findings, "passed": verdict.passed}
        )
        if not verdict.passed:
            raise _refusal(root, verdict.blocking)
        told.detail = f"{len(findings)} findings, none blocks" if findings else "no finding"
    return planned


def _prepared(job: Job, runner: Runner, folder: Path, root: str) -> None:
    """Initialise, and put a state that could not be saved where it belongs before anything else reads it."""
    runner.init(folder)
    errored = folder / _ERRORED_STATE
    if errored.exists():
        runner.state_push(folder, errored)
        errored.unlink()
        job.tools.ledger.audit(
            "healed", run=job.run_id, root=root, what="pushed the state that an earlier run could not save"
        )


def unlocking(job: Job, runner: Runner, root: str, work: Callable[[], _Result]) -> _Result:
    """Do some work; where a dead terraform left its lock, break that lock and do it again."""
    try:
        return work()
    except StateLocked as locked:
        if locked.info is None or not _left_by_a_dead_run(job, root):
            raise
        runner.force_unlock(job.folder(root), locked.info.id)
        what = "broke the lock of a dead terraform"
        job.tools.ledger.audit("healed", run=job.run_id, root=root, what=what, lock=locked.info.id)
        return work()


def _left_by_a_dead_run(job: Job, root: str) -> bool:
    """Tell whether every terraform that ever worked on this root is known dead; we hold its lease meanwhile."""
    known = job.tools.ledger.processes(root)
    return bool(known) and not any(is_alive(each) for each in known)


def _reread(job: Job, planned: Document) -> Plan:
    file = job.tools.artifacts.plan_file(job.run_id, planned["root"], planned["round"])
    return job.tools.runner(job.run_id, planned["root"]).show(job.folder(planned["root"]), file)


def _document(root: str, name: str, planned: Plan) -> Document:
    changes = planned.redacted()
    counts = planned.summary()
    return {
        "root": root,
        "round": name,
        "digest": planned.digest,
        "content": changes.digest(),
        "changes": not planned.is_empty,
        "counts": asdict(counts),
        "summary": str(counts),
        "lines": [f"{_SIGNS.get(each.actions, '~')} {each.address}" for each in changes.entries],
        "outputs": {each.name: each.after for each in planned.output_changes} if planned.is_empty else {},
    }


def _refusal(root: str, findings: Any) -> ProvisionError:  # noqa: ANN401 - a tuple of findings
    problems = tuple(
        RefusedByPolicy(f"{each.rule}: {each.reason}", fix=each.fix, where=each.resource) for each in findings
    )
    return RefusedByPolicy(
        f"{len(problems)} rules refuse the plan of {root}",
        fix="mend the request, or ask for a waiver",
        problems=problems,
    )
