"""checkov beside our own rules: an extra, run in this process over plan JSON.

In process a warm run costs some twenty milliseconds and the first one less than a second; as a program 2-5 s each
time. It never downloads anything: guidelines and severities, which need its service, are left out.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from provisioner.errors import InvalidInput, ProvisionError
from provisioner.policy.checkov.excerpt import Excerpt, excerpt
from provisioner.policy.checkov.loading import one_at_a_time
from provisioner.policy.documents import consistent, of_file
from provisioner.policy.model import Finding, Severity
from provisioner.policy.view import view
from provisioner.terraform import document as reading
from provisioner.terraform.plan import Plan

SKIPPED = {
    "CKV_GCP_125": "fails conditions that compare numeric ids, which are the stronger ones",
    "CKV_GCP_62": "wants access logs of buckets by a second bucket; audit logs of data access take their place",
    "CKV_GCP_63": "likewise: fails every bucket that has no access logs",
    "CKV_GCP_84": "wants a key of our own on every registry; kms_key is optional by the baseline (setting 18)",
}
"""Checks that are not run, with the reason."""

_INSTALL = "pip install 'provision-env[checkov]', or set require_checkov: false in platform.yaml"
_BY_HAND = "run it by hand on the same file to see why"


def installed() -> bool:
    """Tell whether the extra is there; imports nothing of it."""
    return importlib.util.find_spec("checkov") is not None


def require() -> None:
    """Raise InvalidInput when the platform asks for checkov and the extra is not installed."""
    if not installed():
        raise InvalidInput("platform.yaml has require_checkov, and checkov is not installed", fix=_INSTALL)


def checkov_findings(plan_json: Path, plan: Plan | None = None) -> tuple[Finding, ...]:
    """Run checkov over a file with plan JSON and return what it found, in our own model, by resource.

    ``plan`` is the same plan where it was read already, which saves a tenth of the time.
    Raises InvalidInput when checkov is not installed or the file is no plan, ProvisionError when checkov did not look
    at all of it: a check that could not run is a failure. A plan that only deletes has nothing to look at.
    """
    require()
    shown, staying = of_file(plan_json, partial(_read, known=plan))
    _whole(staying - shown.addresses)
    return tuple(sorted(_findings(_run(shown)), key=lambda finding: (finding.resource, finding.rule)))


def _read(content: bytes, *, known: Plan | None) -> tuple[Excerpt, frozenset[str]]:
    """Return what checkov reads of a plan, and the address of everything that has to be among it."""
    document = reading.read(content, what="the plan")
    plan = known or consistent(Plan.from_checked(document))
    return excerpt(document), frozenset(resource.address for resource in view(plan).staying())


def _run(shown: Excerpt) -> Any:  # noqa: ANN401 - checkov ships no types
    try:
        with one_at_a_time(shown.providers) as checks:
            given = shown.of_types(checks.types)
            report = checks.run(given.document, tuple(SKIPPED))
    except Exception as error:
        raise ProvisionError(f"checkov could not run: {type(error).__name__}", fix=_BY_HAND) from error
    if report.parsing_errors:
        raise ProvisionError("checkov could not read the plan", fix=_BY_HAND)
    _whole(given.managed - {str(each).partition(":")[2] for each in report.resources})
    return report


def _whole(unread: frozenset[str]) -> None:
    """Raise when something of the plan was passed over in silence."""
    if unread:
        more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
        raise ProvisionError(f"checkov could not read {min(unread)}{more} of the plan", fix=_BY_HAND)


def _findings(report: Any) -> Iterator[Finding]:  # noqa: ANN401 - checkov ships no types
    for record in report.failed_checks:
        yield Finding(
            rule=str(record.check_id),
            severity=Severity.MEDIUM,
            resource=str(record.resource_address or record.resource),
            reason=str(record.check_name),
            fix="mend it, or have the platform team waive it for this resource",
            reference="checkov",
        )
