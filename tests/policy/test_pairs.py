"""Each rule on plans that Terraform made: one that breaks it, and the same one mended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioner.policy import RULES, PolicyContext, Verdict, check
from provisioner.terraform.plan import Plan
from tests.policy.roots import Root, fraud_detection, memory_cloud

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("policy-pairs")]
TEXT = (Path(__file__).parent / "pairs.tf.txt").read_text(encoding="utf-8")
_PAIR = re.compile(r"«(?P<broken>.*?)\|(?P<mended>.*?)»")
_CASE = re.compile(r"# (?P<rule>PE-[A-Z]+-\d{3}) (?P<address>.+)$", re.MULTILINE)
CASES = [(found["rule"], found["address"]) for found in _CASE.finditer(TEXT)]
ELSEWHERE = {
    "PE-DEL-001": "needs a state: test_roots.py plans real destroys",
    "PE-IAM-001": "the stand-in provider has no authoritative grants: test_rules.py",
    "PE-SA-001": "the stand-in provider makes no keys: test_rules.py",
    "PE-HCL-001": "no other provider can be installed here: test_configuration.py",
    "PE-HCL-008": "Terraform plans no type that its provider does not have: test_known_types.py",
    "PE-HCL-005": "no module can be downloaded here: test_configuration.py",
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    folder, team = tmp_path_factory.mktemp("pairs"), fraud_detection()
    context = PolicyContext(team.platform, team, team.environment("dev"))
    found = {}
    with memory_cloud(folder / "world", team) as cloud:
        for side in ("broken", "mended"):
            place = folder / side
            place.mkdir()
            (place / "main.tf").write_text(_PAIR.sub(rf"\g<{side}>", TEXT), encoding="utf-8")
            root = Root(place, cloud)
            root.run("init")
            found[side] = check(Plan.from_json(root.plan()), context)
    return found


@pytest.mark.parametrize(("rule", "address"), CASES, ids=[rule for rule, _ in CASES])
def test_a_real_plan_breaks_the_rule_and_mended_it_does_not(
    rule: str, address: str, verdicts: dict[str, Verdict]
) -> None:
    def said(side: str) -> list[str]:
        return [each.reason for each in verdicts[side].blocking if (each.rule, each.resource) == (rule, address)]

    assert said("broken")
    assert said("mended") == []


def test_every_rule_is_tried_on_a_real_plan_or_says_where() -> None:
    assert {rule.id for rule in RULES} == {rule for rule, _ in CASES} | set(ELSEWHERE)
    assert all(reason.count(": test_") == 1 or "test_roots" in reason for reason in ELSEWHERE.values())


def test_no_rule_broke_on_the_way(verdicts: dict[str, Verdict]) -> None:
    for verdict in verdicts.values():
        assert not [each for each in verdict.findings if each.rule.startswith("PE-CHECK")]
