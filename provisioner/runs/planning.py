"""Plan one root: heal what a dead run left, plan, read the plan once, and hold it against the rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from provisioner.errors import RefusedByPolicy
from provisioner.policy import Finding
from provisioner.policy.report import document
from provisioner.runs.engine import Document
from provisioner.runs.healing import adopt, push_unsaved_state
from provisioner.runs.job import Job
from provisioner.runs.progress import Report, counted, telling
from provisioner.runs.tools import Subject
from provisioner.terraform.errors import StateLocked
from provisioner.terraform.identity import ProcessIdentity, is_alive
from provisioner.terraform.plan import Plan
from provisioner.terraform.port import TerraformPort

_SIGNS: dict[tuple[str, ...], str] = {("create",): "+", ("delete",): "-", ("forget",): "-", ("no-op",): "↦"}
_Result = TypeVar("_Result")

PATIENCE = 600.0
"""Seconds to wait for the Terraform of a run that is gone: its slowest call in flight ends well before."""
_GLANCE = 0.1


def plan(job: Job, root: str, name: str, *, destroy: bool = False) -> Document:
    """Save a plan of a root and say what it changes; ``name`` tells this round of plans from others.

    Returns ``digest`` (sha256 of the plan file), ``content`` (digest of the redacted changes, equal for two plans that
    do the same), ``counts``, ``lines`` for people, and ``outputs`` where nothing changes.
    """
    with telling(job.tools.progress, "plan", root) as told:
        job.leases.assert_held()
        runner = job.tools.runner(job.run_id, root)
        job.tools.rules.scan(job.folder(root), job.team.platform)
        with job.interruption.watching(runner):
            planned = _made(job, runner, root, name, destroy=destroy)
        job.seen[planned.digest] = planned
        told.detail = "no changes" if planned.is_empty else str(planned.summary())
    return _document(root, name, planned) | {"destroy": destroy}


def check(job: Job, planned: Document) -> Document:
    """Hold a plan against the rules; raises RefusedByPolicy with every finding. Returns the plan's document again."""
    root = planned["root"]
    with telling(job.tools.progress, "check", root) as told:
        seen = reread(job, planned)
        subject = Subject(job.team, job.environment(root), deletes_confirmed=job.verb == "destroy")
        verdict = job.tools.rules.check(subject, seen, _json_file(job, root, planned["round"]))
        job.tools.artifacts.put(job.run_id, f"verdict.{root}.{planned['round']}", document(verdict))
        if not verdict.passed:
            raise RefusedByPolicy(
                f"{counted(len(verdict.blocking), 'rule', 'refuse')} the plan of {root}",
                fix="mend the request, or ask the platform team for a waiver",
                problems=tuple(map(refusal, verdict.blocking)),
            )
        told.detail = f"{counted(len(verdict.findings), 'finding')}, none blocks" if verdict.findings else "no finding"
    return planned


def _made(job: Job, runner: TerraformPort, root: str, name: str, *, destroy: bool) -> Plan:
    """Save a plan and read it; once more when something that exists already had to be taken in first."""
    folder = job.folder(root)
    file = job.tools.artifacts.plan_file(job.run_id, root, name)
    runner.init(folder)
    push_unsaved_state(job, runner, folder)
    unlocking(job, runner, root, lambda: runner.plan(folder, file, destroy=destroy))
    kept = _json_file(job, root, name)
    planned = runner.show(folder, file, keep=kept)
    if destroy or not adopt(job, root, planned):
        return planned
    runner.init(folder)
    runner.plan(folder, file)
    return runner.show(folder, file, keep=kept)


def _json_file(job: Job, root: str, name: str) -> Path | None:
    """Return where the plan's JSON is kept beside the plan, for rules that read files; None where none does."""
    wanted = job.tools.rules.wants_json(job.team.platform)
    return job.tools.artifacts.plan_file(job.run_id, root, name).with_suffix(".json") if wanted else None


def unlocking(job: Job, runner: TerraformPort, root: str, work: Callable[[], _Result]) -> _Result:
    """Do some work on a root although a terraform of a cut-off run of ours may still hold, or have left, its lock.

    One that still works was asked to stop when its run died: it saves its state and lets go. The lock of one that was
    killed is broken. Where every terraform of ours was seen to end, a lock is somebody else's, and stays.
    """
    earlier = job.tools.ledger.processes(root)
    try:
        done = work()
    except StateLocked:
        if not earlier or not _have_ended(job, root, earlier):
            raise
        done = _past_their_lock(job, runner, root, work)
    for process in earlier:
        if not is_alive(process):
            job.tools.ledger.forget_process(root, process)
    return done


def _past_their_lock(job: Job, runner: TerraformPort, root: str, work: Callable[[], _Result]) -> _Result:
    try:
        return work()
    except StateLocked as locked:
        if locked.info is None:
            raise
        runner.force_unlock(job.folder(root), locked.info.id)
        what = "broke the lock of a dead terraform"
        job.tools.ledger.audit("healed", run=job.run_id, root=root, what=what, lock=locked.info.id)
        return work()


def _have_ended(job: Job, root: str, processes: list[ProcessIdentity]) -> bool:
    """Wait for processes of a run that is gone; we hold its lease, so nothing of ours starts on the root meanwhile."""
    if any(map(is_alive, processes)):
        job.tools.progress(Report("plan", root, "note", "waits for the Terraform of a run that was cut off to end"))
    deadline = time.monotonic() + PATIENCE
    while any(map(is_alive, processes)):
        if time.monotonic() > deadline:
            return False
        job.interruption.pause(_GLANCE)
    return True


def reread(job: Job, planned: Document) -> Plan:
    """Return a saved plan: as seen in this process, else read again from its file."""
    if planned["digest"] in job.seen:
        return job.seen[planned["digest"]]
    file = job.tools.artifacts.plan_file(job.run_id, planned["root"], planned["round"])
    kept = _json_file(job, planned["root"], planned["round"])
    return job.tools.runner(job.run_id, planned["root"]).show(job.folder(planned["root"]), file, keep=kept)


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


def refusal(finding: Finding) -> RefusedByPolicy:
    """Return a finding as an error, for a list of several."""
    return RefusedByPolicy(f"{finding.rule}: {finding.reason}", fix=finding.fix, where=finding.resource)
