"""The page about the rules says what the rules say, and leaves no setting without one."""

from __future__ import annotations

from provisioner.policy import RULES, Finding, PolicyContext, Severity, check
from provisioner.policy.checkov import SKIPPED
from provisioner.policy.duplicates import SAME
from provisioner.terraform.plan import Plan
from tests.policy.breaking import resource
from tests.policy.rules_page import PAGE, SETTINGS, page, settings

ADDRESS = "google_storage_bucket.added"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m tests.policy.rules_page"


def test_every_setting_has_a_rule_and_every_rule_a_setting() -> None:
    assert {setting for _, setting in settings()} == set(SETTINGS) == set(range(1, 19))


def test_what_is_left_out_of_checkov_is_said_by_a_rule_that_exists() -> None:
    known = {rule.id for rule in RULES}
    assert {rule for rules in SAME.values() for rule in rules} <= known
    assert not set(SAME) & set(SKIPPED)


def theirs(check_id: str, address: str = ADDRESS) -> Finding:
    return Finding(check_id, Severity.MEDIUM, address, "their words", "mend it", "checkov")


def test_one_problem_is_one_finding() -> None:
    change = resource("google_storage_bucket", {"name": "x", "versioning": [], "uniform_bucket_level_access": True})
    plan = Plan.from_json({"format_version": "1.2", "complete": True, "resource_changes": [change]})
    more = (theirs("CKV_GCP_78"), theirs("CKV_GCP_78", "google_storage_bucket.other"), theirs("CKV_GCP_29"))

    found = [(each.rule, each.resource) for each in check(plan, PolicyContext(), more=more).findings]

    assert ("PE-GCS-003", ADDRESS) in found
    assert ("CKV_GCP_78", ADDRESS) not in found
    assert ("CKV_GCP_78", "google_storage_bucket.other") in found, "nothing of ours was said about that one"
    assert ("CKV_GCP_29", ADDRESS) in found, "our rule is content, so checkov is heard"
