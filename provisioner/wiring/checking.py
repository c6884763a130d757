"""Hold somebody's Terraform against the rules: a plan's JSON, a saved plan with its root, or a root's source."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.errors import InvalidInput
from provisioner.policy import Finding, PolicyContext, Verdict, check, checkov, consistent, read_document, scan_root
from provisioner.policy.source.places import Places
from provisioner.request.models import Platform
from provisioner.settings import Settings
from provisioner.terraform.changes import ChangeSet
from provisioner.terraform.plan import Plan
from provisioner.wiring.folders import find_terraform

if TYPE_CHECKING:
    from provisioner.runs.reviewed import Reviewed

_ZIP = b"PK\x03\x04"
"""A saved plan is a ZIP archive."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked: ``path`` is a plan's JSON, a saved plan, or a root folder; ``root`` the plan's root, if known.

    ``base`` is what reports name files from: the top of the repository.
    """

    path: Path
    root: Path | None = None
    base: Path = field(default_factory=Path.cwd)


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict, the redacted changes (None where only source was read), and where addresses are declared.

    ``looked_at`` says what was there to be judged: ``plan``, ``source`` or both. ``access`` says in sentences which
    trust and roles come (``+``) and go (``-``), without sensitive values; empty where nothing of the kind changes.
    """

    verdict: Verdict
    changes: ChangeSet | None
    places: Places
    looked_at: tuple[str, ...]
    access: tuple[str, ...] = ()


def check_subject(settings: Settings, subject: Subject, platform: Platform | None, *, with_checkov: bool) -> Checked:
    """Check a subject with the platform's waivers; source is scanned whenever a root is known.

    Raises InvalidInput when it cannot be read, when a saved plan comes without its root, or when checkov is wanted
    and missing.
    """
    root = subject.path if subject.path.is_dir() else subject.root
    source = scan_root(root, platform) if root else ()
    if subject.path.is_dir():
        return _judged(subject, Plan(changes=()), platform, source, source_only=True)
    wanted = with_checkov or (platform is not None and platform.require_checkov)
    with tempfile.TemporaryDirectory(prefix="provision-env-check-") as folder:
        plan, document = _read(settings, subject, Path(folder) / "plan.json")
        more = (*source, *(checkov.checkov_findings(document, plan) if wanted else ()))
    return _judged(subject, plan, platform, more, source_only=False)


def changes_document(found: Checked, name: str) -> dict[str, Any]:
    """Return what the plan changes, redacted, as JSON under this name: what reviewers read, and later plans match.

    The shape is that of ``plan --out-changes``, for one root and no team.
    """
    return _reviewed(found, name).document()


def require_changes(found: Checked, name: str, expected: Path) -> None:
    """Raise NeedsApproval, with every address that differs, when the plan does otherwise than the file says.

    Raises InvalidInput when the file is none that was written with ``changes_document``.
    """
    from provisioner.runs.reviewed import Reviewed, require_as_reviewed  # noqa: PLC0415 - most checks compare nothing

    changes = _reviewed(found, name).roots[name]
    require_as_reviewed(Reviewed.read(expected).differences(name, changes, ()))


def _reviewed(found: Checked, name: str) -> Reviewed:
    from provisioner.runs.reviewed import Reviewed  # noqa: PLC0415 - as above

    assert found.changes is not None  # noqa: S101 - source changes nothing, and callers ask about plans only
    return Reviewed("", preview=False, roots={name: found.changes})


def _judged(
    subject: Subject, plan: Plan, platform: Platform | None, more: Sequence[Finding], *, source_only: bool
) -> Checked:
    context, waivers = PolicyContext(platform), platform.waivers if platform else ()
    verdict = (
        check(plan, context, waivers, rules=(), more=more) if source_only else check(plan, context, waivers, more=more)
    )
    root = subject.path if source_only else subject.root
    places = Places(root, subject.base, otherwise=_seen_from(subject.path, subject.base))
    looked_at = (*(() if source_only else ("plan",)), *(("source",) if root else ()))
    if source_only:
        return Checked(verdict, None, places, looked_at)
    return Checked(verdict, plan.redacted(), places, looked_at, _access(plan))


def _access(plan: Plan) -> tuple[str, ...]:
    from provisioner.access import AccessModel, compare  # noqa: PLC0415 - source is judged without it
    from provisioner.access.changes import marked  # noqa: PLC0415

    change = compare(*AccessModel.shown(plan))
    return marked(change.document()) if change.gained or change.lost else ()


def _read(settings: Settings, subject: Subject, kept: Path) -> tuple[Plan, Path]:
    """Return the plan and a file with its JSON."""
    if not _is_saved_plan(subject.path):
        return read_document(subject.path), subject.path
    if subject.root is None:
        fix = "add --root FOLDER: Terraform reads a saved plan only beside its initialised root"
        raise InvalidInput("a saved plan says nothing by itself", fix=fix, where=str(subject.path))
    from provisioner.terraform.runner import Runner  # noqa: PLC0415 - JSON and source are judged without Terraform

    given = {**settings.clients, "PATH": settings.search_path, "HOME": settings.home}
    secrets = tuple(filter(None, (settings.google_token, settings.github_token)))
    runner = Runner(find_terraform(settings), given, secrets=secrets)
    return consistent(runner.show(subject.root, subject.path, keep=kept)), kept


def _is_saved_plan(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_ZIP)) == _ZIP
    except OSError:
        return False  # reading it as JSON says what is wrong with it


def _seen_from(path: Path, base: Path) -> str:
    full, top = path.resolve(), base.resolve()
    return full.relative_to(top).as_posix() if full.is_relative_to(top) else path.name
