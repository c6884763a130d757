"""checkov beside our own rules: an extra, run in this process over plan JSON.

In process a warm run costs 20 ms and the first import one to three seconds; as a program 2-5 s each time. It never
downloads anything: guidelines and severities, which need its service, are left out.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provisioner.errors import InvalidInput, ProvisionError
from provisioner.policy.documents import read_document
from provisioner.policy.model import Finding, Severity
from provisioner.policy.view import view

SKIPPED = {
    "CKV_GCP_125": "fails conditions that compare numeric ids, which are the stronger ones",
    "CKV_GCP_62": "wants access logs of buckets by a second bucket; audit logs of data access take their place",
    "CKV_GCP_63": "likewise: fails every bucket that has no access logs",
    "CKV_GCP_84": "wants a key of our own on every registry; kms_key is optional by the baseline (setting 18)",
}
"""Checks that are not run, with the reason."""

_INSTALL = "pip install 'provision-env[checkov]', or set require_checkov: false in platform.yaml"


def installed() -> bool:
    """Tell whether the extra is there; imports nothing of it."""
    return importlib.util.find_spec("checkov") is not None


def require() -> None:
    """Raise InvalidInput when the platform asks for checkov and the extra is not installed."""
    if not installed():
        raise InvalidInput("platform.yaml has require_checkov, and checkov is not installed", fix=_INSTALL)


def checkov_findings(plan_json: Path) -> tuple[Finding, ...]:
    """Run checkov over a file with plan JSON and return what it found, in our own model.

    Raises InvalidInput when checkov is not installed or the file is no plan, ProvisionError when checkov did not look
    at it: a check that could not run is a failure. A plan that only deletes has nothing to look at.
    """
    require()
    expected = any(view(read_document(plan_json)).staying())
    report = _run(plan_json)
    looked = report.passed_checks or report.failed_checks
    if report.parsing_errors or (expected and not looked):
        raise ProvisionError("checkov could not read the plan", fix="run it by hand on the same file to see why")
    return tuple(_findings(report))


def _run(plan_json: Path) -> Any:  # noqa: ANN401 - checkov ships no types
    runner, chosen = _load()
    try:
        return runner.run(root_folder=None, files=[str(plan_json)], runner_filter=chosen)
    except Exception as error:
        reason = f"checkov could not run: {type(error).__name__}"
        raise ProvisionError(reason, fix="run it by hand on the same file to see why") from error


def _load() -> tuple[Any, Any]:
    """Import checkov without its deprecation warnings, and keep it from forking: threads of gRPC may be running."""
    logging.getLogger("checkov").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parallel = importlib.import_module("checkov.common.parallelizer.parallel_runner")
        kinds = importlib.import_module("checkov.common.models.enums").ParallelizationType
        parallel.parallel_runner.type = kinds.NONE
        runner = importlib.import_module("checkov.terraform.plan_runner").Runner()
        filters = importlib.import_module("checkov.runner_filter")
    return runner, filters.RunnerFilter(framework=["terraform_plan"], skip_checks=list(SKIPPED))


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
