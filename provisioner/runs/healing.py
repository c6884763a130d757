"""What a failure or a destroy left behind: brought back, imported and mended where it is ours, else explained."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from provisioner.errors import Blocked, ProvisionError
from provisioner.runs.job import Job
from provisioner.runs.progress import counted
from provisioner.terraform import healing
from provisioner.terraform.errors import TerraformFailed
from provisioner.terraform.healing import Explain, ImportExisting, Remedy, Replan, Situation, Undelete, Untaint
from provisioner.terraform.plan import Plan
from provisioner.terraform.port import TerraformPort


def adopt(job: Job, root: str, planned: Plan) -> bool:
    """Take in what a plan wants to create although it exists and is ours; tell whether to plan again.

    Raises Blocked when something of that name is not ours: it is not taken over.
    """
    if not any(change.actions == ("create",) for change in planned.changed()):
        return False
    remedies = healing.unsaved(planned, job.tools.cloud)
    _explain(root, remedies)
    return bool(_mended(job, root, remedies))


def heal(job: Job, root: str, failed: TerraformFailed, planned: Plan) -> str:
    """Mend what a failed apply left; return what was done in a few words.

    Raises the failure itself, with advice, when nothing can be done without a person.
    """
    runner, folder = job.tools.runner(job.run_id, root), job.folder(root)
    push_unsaved_state(job, runner, folder)
    situation = Situation(planned, runner.state(folder), job.tools.cloud)
    remedies = healing.diagnose(failed.diagnostics, situation)
    helpless = [each for each in remedies if isinstance(each, Explain)]
    if helpless:
        raise ProvisionError(failed.reason, fix=helpless[0].fix or failed.fix, where=failed.where) from failed
    return _mended(job, root, remedies)


def push_unsaved_state(job: Job, runner: TerraformPort, folder: Path) -> None:
    """Put a state that could not be saved where it belongs, before anything else reads it."""
    errored = folder / healing.ERRORED_STATE
    if errored.exists() and not _is_whole(errored):
        # Terraform would refuse it for good; what it held exists and is found, as after a run that was killed.
        errored.replace(errored.with_name(f"{errored.name}.damaged"))
        _note(job, folder.name, "set aside a state that an earlier run could not write to its end")
    elif errored.exists():
        runner.state_push(folder, errored, lock=False)
        errored.unlink()
        _note(job, folder.name, "pushed the state that an earlier run could not save")


def _is_whole(state: Path) -> bool:
    """Tell whether a state was written to its end: a full disk leaves the beginning of it, or nothing."""
    try:
        return isinstance(json.loads(state.read_bytes()), dict)
    except ValueError:
        return False


def _mended(job: Job, root: str, remedies: Iterable[Remedy]) -> str:
    done: list[str] = []
    imports: list[tuple[str, str]] = []
    for remedy in remedies:
        match remedy:
            case Undelete(kind, name):
                job.tools.cloud.undelete(kind, name)
                done.append(f"brought {name} back")
            case ImportExisting(address, imported):
                imports.append((address, imported))
                done.append(f"imports {address}")
            case Untaint(address):
                job.tools.runner(job.run_id, root).untaint(job.folder(root), address)
                done.append(f"untainted {address}")
            case Replan(reason):
                done.append(reason)
            case _:
                continue
    for what in done:
        _note(job, root, what)
    if imports:
        _write_imports(job, root, imports)
    return f"{counted(len(done), 'thing')} mended" if done else ""


def _write_imports(job: Job, root: str, imports: list[tuple[str, str]]) -> None:
    with job.rendering:
        job.imports[root] = [*job.imports.get(root, []), *imports]
        job.tree(job.facts()).write(job.tools.work)


def _explain(root: str, remedies: Iterable[Remedy]) -> None:
    problems = tuple(
        ProvisionError(each.text, fix=each.fix, where=each.address) for each in remedies if isinstance(each, Explain)
    )
    if problems:
        reason = f"{counted(len(problems), 'name')} of {root} taken by something that is not ours"
        raise Blocked(reason, problems=problems)


def _note(job: Job, root: str, what: str) -> None:
    job.tools.ledger.audit("healed", run=job.run_id, root=root, what=what)
