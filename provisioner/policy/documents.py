"""What `check` is given by hand: a file that `terraform show -json` wrote, or a folder with Terraform source."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from provisioner.errors import InvalidInput
from provisioner.policy.engine import check
from provisioner.policy.known_types import LAST, is_known, may_be_real
from provisioner.policy.model import PolicyContext, Verdict
from provisioner.policy.source.scan import scan_root
from provisioner.request.platform_parts import Waiver
from provisioner.terraform.changes import ResourceChange
from provisioner.terraform.document import LARGEST
from provisioner.terraform.plan import Plan

_Read = TypeVar("_Read")
_MODES = MappingProxyType({"managed": "", "data": "data."})
_TYPE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def read_document(path: Path) -> Plan:
    """Read plan JSON within the limits. Raises InvalidInput with the path as its place.

    That is: when the file is missing, larger than 64 MB, nested too deeply, not JSON, of another format than 1.x, or
    not ``consistent``. The plan has no digest, since its own file is not known.
    """
    return of_file(path, lambda content: consistent(Plan.from_bytes(content)))


def of_file(path: Path, read: Callable[[bytes], _Read]) -> _Read:
    """Return what ``read`` makes of a file, of which a little more is read than it may have; errors name the file."""
    try:
        with path.open("rb") as file:
            return read(file.read(LARGEST + 1))
    except OSError as error:
        fix = "give a file that `terraform show -json PLANFILE` wrote, or a root's folder"
        raise InvalidInput(f"cannot be read: {error.strerror}", fix=fix, where=str(path)) from error
    except InvalidInput as error:
        raise InvalidInput(error.reason, fix=error.fix, where=str(path)) from error


def check_source(path: Path, context: PolicyContext, waivers: Sequence[Waiver] = ()) -> Verdict:
    """Scan a root folder without running anything. Raises InvalidInput when there is nothing to scan."""
    return check(Plan(changes=()), context, waivers, rules=(), more=scan_root(path, context.platform))


def consistent(plan: Plan) -> Plan:
    """Return the plan when every resource is what its address says. Raises InvalidInput.

    A resource whose address names another type than it gives would slip past the rules about its type: no Terraform
    writes that, so the whole plan is refused. Nor does one plan a type that its provider does not have; where the
    plan may come from a newer provider than we know, a rule speaks of it instead.
    """
    for change in plan.changes:
        where = f"{change.module}." if change.module else ""
        said = f"{where}{_MODES.get(change.mode, '?')}{change.type}.{change.name}"
        rest = change.address.removeprefix(said)
        if not change.address.startswith(said) or rest[:1] not in {"", "["} or not _TYPE.fullmatch(change.type):
            fix = "pass what `terraform show -json` printed, unchanged"
            raise InvalidInput(f"the plan calls {change.address} a {change.mode} {change.type} {change.name}", fix=fix)
        if not is_known(change.provider, change.mode, change.type):
            _may_be_real(change, plan)
    return plan


def _may_be_real(change: ResourceChange, plan: Plan) -> None:
    if not may_be_real(change.provider, change.type, plan.configuration):
        raise InvalidInput(
            f"{change.address} is of a type that {change.provider.rpartition('/')[2]} does not have",
            fix="correct the type; for one newer than this program, have required_providers ask for a version "
            f"above {'.'.join(map(str, LAST))} and use a newer provision-env",
        )
