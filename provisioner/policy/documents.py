"""What `check` is given by hand: a file that `terraform show -json` wrote, or a folder with Terraform source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from provisioner.errors import InvalidInput
from provisioner.policy.engine import check
from provisioner.policy.model import Finding, PolicyContext, Verdict
from provisioner.policy.source.scan import scan_root
from provisioner.request.models import Waiver
from provisioner.terraform.document import LARGEST
from provisioner.terraform.plan import Plan

_MODES = MappingProxyType({"managed": "", "data": "data."})
_TYPE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def check_path(path: Path, context: PolicyContext, waivers: Sequence[Waiver] = ()) -> Verdict:
    """Check a plan's JSON when ``path`` is a file, the source when it is a folder. Raises InvalidInput."""
    return check_source(path, context, waivers) if path.is_dir() else check_document(path, context, waivers)


def check_document(
    path: Path, context: PolicyContext, waivers: Sequence[Waiver] = (), *, more: Sequence[Finding] = ()
) -> Verdict:
    """Check plan JSON; the verdict has no digest, since the plan's file is not known.

    Raises InvalidInput when the file is missing, larger than 64 MB, nested too deeply, not JSON or of another format
    than 1.x.
    """
    return check(read_document(path), context, waivers, more=more)


def read_document(path: Path) -> Plan:
    """Read plan JSON within the limits. Raises InvalidInput with the path as its place.

    A resource whose address names another type than it gives would slip past the rules about its type: no Terraform
    writes that, so the whole file is refused.
    """
    try:
        with path.open("rb") as file:
            return _consistent(Plan.from_bytes(file.read(LARGEST + 1)))
    except OSError as error:
        fix = "give a file that `terraform show -json PLANFILE` wrote, or a root's folder"
        raise InvalidInput(f"cannot be read: {error.strerror}", fix=fix, where=str(path)) from error
    except InvalidInput as error:
        raise InvalidInput(error.reason, fix=error.fix, where=str(path)) from error


def check_source(path: Path, context: PolicyContext, waivers: Sequence[Waiver] = ()) -> Verdict:
    """Scan a root folder without running anything. Raises InvalidInput when there is nothing to scan."""
    return check(Plan(changes=()), context, waivers, rules=(), more=scan_root(path, context.platform))


def _consistent(plan: Plan) -> Plan:
    for change in plan.changes:
        where = f"{change.module}." if change.module else ""
        said = f"{where}{_MODES.get(change.mode, '?')}{change.type}.{change.name}"
        rest = change.address.removeprefix(said)
        if not change.address.startswith(said) or rest[:1] not in {"", "["} or not _TYPE.fullmatch(change.type):
            fix = "pass what `terraform show -json` printed, unchanged"
            raise InvalidInput(f"the plan calls {change.address} a {change.mode} {change.type} {change.name}", fix=fix)
    return plan
