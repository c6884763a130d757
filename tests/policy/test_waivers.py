"""Waivers excuse one thing, for a while, with a name under it; everything else about them is a finding."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from provisioner.policy import Finding, PolicyContext, Rule, Severity, Verdict, check
from provisioner.policy.model import Complaint
from provisioner.request.platform_parts import Waiver
from provisioner.terraform.plan import Plan

TODAY = date(2026, 11, 21)
ADDRESS = 'module.environment.module.buckets["data"].google_storage_bucket.this'
EMPTY = Plan(changes=(), digest="d1")


def rule(rule_id: str, *complaints: Complaint, severity: Severity = Severity.HIGH, waivable: bool = True) -> Rule:
    return Rule(rule_id, severity, "title", "fix", 8, lambda _plan, _context: complaints, waivable)


def waiver(resource: str = ADDRESS, *, rule_id: str = "PE-GCS-003", days: int = 0) -> Waiver:
    expires = TODAY + timedelta(days=days)
    return Waiver(rule=rule_id, resource=resource, owner="maria", reason="agreed in the audit", expires=expires)


def judged(*waivers: Waiver, found: Rule | None = None) -> Verdict:
    rules = (found or rule("PE-GCS-003", (ADDRESS, "no versions")),)
    return check(EMPTY, PolicyContext(today=TODAY), waivers, rules=rules)


@pytest.mark.parametrize(
    "resource",
    [ADDRESS, "module.environment.module.buckets[*].google_storage_bucket.this", "*.google_storage_bucket.this"],
)
def test_a_good_waiver_excuses_until_its_last_day(resource: str) -> None:
    verdict = judged(waiver(resource))

    assert verdict.passed
    assert [finding.waived_by for finding in verdict.findings] == ["maria"]


def test_the_day_after_it_excuses_nothing_and_fails_itself() -> None:
    verdict = judged(waiver(days=-1))

    assert {finding.rule for finding in verdict.blocking} == {"PE-GCS-003", "PE-WAIVER-002"}


@pytest.mark.parametrize("resource", ["***", "module.*", "module.environment.*", "*.google_storage_bucket.*"])
def test_a_waiver_for_everything_excuses_nothing(resource: str) -> None:
    verdict = judged(waiver(resource))

    assert {finding.rule for finding in verdict.blocking} == {"PE-GCS-003", "PE-WAIVER-003"}


def test_brackets_in_an_address_mean_themselves() -> None:
    assert not judged(waiver(ADDRESS.replace('"data"', '"atad"'))).passed


def test_a_waiver_of_another_rule_or_resource_is_advice_when_unused() -> None:
    other = judged(waiver(rule_id="PE-GCS-004"))
    quiet = judged(waiver(), found=rule("PE-GCS-003"))

    assert {finding.rule for finding in other.blocking} == {"PE-GCS-003"}
    assert quiet.passed
    assert [finding.rule for finding in quiet.findings] == ["PE-WAIVER-004"]


@pytest.mark.parametrize("rule_id", ["PE-NONE-001", "PE-WIF-005", "PE-CHECK-001"])
def test_what_does_not_exist_or_cannot_be_waived(rule_id: str) -> None:
    assert {finding.rule for finding in judged(waiver(rule_id=rule_id)).blocking} >= {"PE-WAIVER-001"}


def test_a_rule_that_cannot_be_waived_stays() -> None:
    verdict = judged(waiver(), found=rule("PE-GCS-003", (ADDRESS, "no"), waivable=False))

    assert {finding.rule for finding in verdict.blocking} == {"PE-GCS-003", "PE-WAIVER-001"}


def test_advice_does_not_block() -> None:
    assert judged(found=rule("PE-GCS-003", (ADDRESS, "no"), severity=Severity.ADVICE)).passed


SOURCE = "envs/dev/main.tf:7"


def about_source(*waivers: Waiver, rule_id: str = "PE-HCL-002", rules: tuple[Rule, ...] = ()) -> Verdict:
    """Judge a finding that was made elsewhere: in source, or by checkov."""
    found = Finding(rule_id, Severity.CRITICAL, SOURCE, "reads a secret", "mend it", "baseline")
    return check(EMPTY, PolicyContext(today=TODAY), waivers, rules=rules, more=(found,))


@pytest.mark.parametrize("rule_id", ["PE-HCL-002", "CKV_GCP_78"])
def test_findings_made_elsewhere_are_waived_like_ours(rule_id: str) -> None:
    verdict = about_source(waiver(SOURCE, rule_id=rule_id), rule_id=rule_id)

    assert verdict.passed
    assert [finding.waived_by for finding in verdict.findings] == ["maria"]


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (waiver(SOURCE, rule_id="PE-HCL-002", days=-1), "PE-WAIVER-002"),
        (waiver("envs/dev/*", rule_id="PE-HCL-002"), "PE-WAIVER-003"),
        (waiver("*:7", rule_id="PE-HCL-002"), "PE-WAIVER-003"),
        (waiver(SOURCE, rule_id="PE-HCL-999"), "PE-WAIVER-001"),
        (waiver("envs/dev/main.tf:70", rule_id="PE-HCL-002"), "PE-WAIVER-004"),
        (waiver("envs/dev/main.tf", rule_id="PE-HCL-002"), "PE-WAIVER-004"),
    ],
    ids=lambda value: value.resource if isinstance(value, Waiver) else value,
)
def test_a_bad_waiver_leaves_a_finding_in_source_standing(bad: Waiver, complaint: str) -> None:
    verdict = about_source(bad)

    assert "PE-HCL-002" in {finding.rule for finding in verdict.blocking}
    assert complaint in {finding.rule for finding in verdict.findings}


def test_source_that_cannot_be_read_is_waived_by_nobody() -> None:
    verdict = about_source(waiver(SOURCE, rule_id="PE-HCL-007"), rule_id="PE-HCL-007")

    assert {finding.rule for finding in verdict.blocking} == {"PE-HCL-007", "PE-WAIVER-001"}


def _raise(_plan: Any, _context: Any) -> Any:
    raise KeyError("a shape nobody thought of")


def _late(_plan: Any, _context: Any) -> Any:
    yield ADDRESS, "first"
    raise TypeError("then it broke")


@pytest.mark.parametrize("broken", [_raise, _late])
def test_a_rule_that_breaks_is_a_finding_and_the_others_still_run(broken: Callable[..., Any]) -> None:
    rules = (Rule("PE-X-001", Severity.MEDIUM, "t", "f", 1, broken), rule("PE-GCS-003", (ADDRESS, "no")))

    verdict = check(EMPTY, PolicyContext(today=TODAY), (), rules=rules)

    found = {finding.rule: finding for finding in verdict.blocking}
    assert set(found) == {"PE-CHECK-001", "PE-GCS-003"}
    assert "PE-X-001" in found["PE-CHECK-001"].reason
    assert "nobody thought of" not in found["PE-CHECK-001"].reason
