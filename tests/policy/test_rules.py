"""Every rule: the real plan passes, the same plan broken in one place does not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provisioner.policy import RULES, PolicyContext, Verdict, check
from provisioner.policy.principals import PREVIEW_ID
from provisioner.render import PREVIEW_ID as RENDERED_PREVIEW_ID
from provisioner.terraform.plan import Plan
from tests.policy.breaking import Break, Json, resource
from tests.policy.cases import BREAKS, WHOLE

pytestmark = pytest.mark.e2e
Judge = Callable[[Json], Verdict]


def rules_of(verdict: Verdict) -> set[str]:
    return {finding.rule for finding in verdict.blocking}


def test_the_plan_of_a_rendered_root_passes(good: Json, judge: Judge) -> None:
    verdict = judge(good)

    assert verdict.findings == ()
    assert verdict.passed
    assert verdict.plan_digest == "d1"


@pytest.mark.parametrize("broken", BREAKS, ids=str)
def test_a_broken_value_is_found_where_it_is(broken: Break, good: Json, judge: Judge) -> None:
    verdict = judge(broken.apply(good))

    found = [finding for finding in verdict.blocking if finding.rule == broken.rule]
    assert found, rules_of(verdict)
    assert not verdict.passed
    assert "PE-CHECK-001" not in rules_of(verdict)
    assert all(finding.reason and finding.fix and finding.reference for finding in found)


@pytest.mark.parametrize(("rule", "change"), WHOLE, ids=[rule for rule, _ in WHOLE])
def test_a_resource_too_many_or_too_few_is_found(
    rule: str, change: Callable[[Json], Json], good: Json, judge: Judge
) -> None:
    assert rule in rules_of(judge(change(good)))


def test_every_rule_has_a_plan_that_breaks_it() -> None:
    elsewhere = {"PE-DEL-001"} | {rule.id for rule in RULES if rule.id.startswith("PE-HCL-")}
    broken = {case.rule for case in BREAKS} | {rule for rule, _ in WHOLE}

    assert {rule.id for rule in RULES} - elsewhere == broken


def test_rule_ids_are_stable_and_single() -> None:
    ids = [rule.id for rule in RULES]

    assert len(ids) == len(set(ids))
    assert all(rule.title and rule.fix and 1 <= rule.setting <= 18 for rule in RULES)


@pytest.mark.parametrize("actions", [("delete",), ("delete", "create"), ("create", "delete"), ("forget",)])
def test_what_holds_data_is_not_deleted_in_passing(
    actions: tuple[str, ...], good: Json, context: PolicyContext
) -> None:
    plan = copy.deepcopy(good)
    bucket = next(c for c in plan["resource_changes"] if c["type"] == "google_storage_bucket")
    bucket["change"] |= {"actions": list(actions), "before": bucket["change"]["after"]}
    if "create" not in actions:
        bucket["change"] |= {"after": None, "after_unknown": False}

    refused = check(Plan.from_json(plan), context)
    confirmed = check(Plan.from_json(plan), replace(context, stateful_deletes_confirmed=True))

    assert {f.resource for f in refused.blocking if f.rule == "PE-DEL-001"} == {bucket["address"]}
    assert "PE-DEL-001" not in rules_of(confirmed)


def test_what_is_deleted_is_not_judged_as_if_it_stayed(good: Json, judge: Judge) -> None:
    plan = copy.deepcopy(good)
    gone = resource("google_pubsub_topic", {}, actions=("delete",), before={"name": "t", "labels": {}})
    gone["change"] |= {"after": None, "after_unknown": False}
    plan["resource_changes"].append(gone)

    assert judge(plan).passed


def test_a_preview_may_carry_the_placeholder_id(good: Json, context: PolicyContext) -> None:
    text = copy.deepcopy(good)
    for change in text["resource_changes"]:
        _replace_id(change["change"]["after"])

    assert rules_of(check(Plan.from_json(text), context)) == {"PE-WIF-005"}
    assert check(Plan.from_json(text), replace(context, allow_preview_id=True)).passed


def test_the_placeholder_is_the_one_that_rendering_uses() -> None:
    assert PREVIEW_ID == RENDERED_PREVIEW_ID


def test_without_a_request_extra_roles_are_refused(good: Json) -> None:
    verdict = check(Plan.from_json(good), PolicyContext())

    assert rules_of(verdict) == {"PE-IAM-005"}
    assert {"bigquery" in finding.resource for finding in verdict.blocking} == {True}


@pytest.mark.parametrize(("field", "value"), [("errored", True), ("complete", False)])
def test_an_unfinished_plan_does_not_pass(field: str, value: object, good: Json, judge: Judge) -> None:
    assert rules_of(judge(good | {field: value})) == {"PE-CHECK-002"}


def _replace_id(value: Any) -> None:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        if isinstance(item, str):
            value[key] = item.replace("701234567", "0")
        else:
            _replace_id(item)
