"""Rules of the organisation, and rules it switched off: loaded from files, judged like ours, never imported."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import InvalidInput, RefusedByPolicy
from provisioner.policy import Finding, PolicyContext, Severity, Verdict, check, explain, explanations
from provisioner.request.loading import load_platform
from provisioner.request.models import Platform
from provisioner.request.platform_parts import Waiver
from provisioner.runs.inputs import Inputs
from provisioner.terraform.plan import Plan
from provisioner.wiring.ports import Rules
from tests.policy.breaking import resource
from tests.policy.roots import EXAMPLES, fraud_detection

NAMED = """
from __future__ import annotations

import dataclasses

from provisioner.policy.model import Rule, Severity


@dataclasses.dataclass
class Prefix:
    text: str


def _named(plan, _context):
    for bucket in plan.of("google_storage_bucket"):
        if not str(bucket.get("name")).startswith(Prefix("acme-").text):
            yield bucket.address, "is not called acme-"


RULES = (Rule("ACME-GCS-001", Severity.HIGH, "Buckets carry our name", "call it acme-", 8, _named),)
"""
OFF = "switched_off: [{rule: PE-GCS-003, owner: maria, reason: versions are kept elsewhere}]"
ADDRESS = "google_storage_bucket.added"


def platform(folder: Path, policy: str, **files: str) -> Platform:
    text = (EXAMPLES / "platform.yaml").read_text() + f"policy: {{{policy}}}\n"
    (folder / "platform.yaml").write_text(text)
    (folder / "rules").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / "rules" / f"{name}.py").write_text(content)
    return load_platform(folder / "platform.yaml")


def judged(found: Platform, *more: Finding, waivers: tuple[Waiver, ...] = ()) -> Verdict:
    change = resource("google_storage_bucket", {"name": "plain", "versioning": []})
    plan = Plan.from_json({"format_version": "1.2", "complete": True, "resource_changes": [change]})
    return check(plan, PolicyContext(found), waivers, more=more)


def rules_of(verdict: Verdict) -> set[str]:
    return {finding.rule for finding in verdict.blocking}


def test_rules_of_a_folder_judge_beside_ours(tmp_path: Path) -> None:
    path, modules = list(sys.path), set(sys.modules)
    found = judged(platform(tmp_path, "rules_folder: rules", named=NAMED))
    mine = next(finding for finding in found.blocking if finding.rule == "ACME-GCS-001")
    assert (mine.resource, mine.severity, mine.reason) == (ADDRESS, Severity.HIGH, "is not called acme-")
    assert "PE-GCS-003" in rules_of(found)
    assert sys.path == path
    assert not any("named" in name for name in set(sys.modules) - modules)


def test_a_run_carries_the_rules_with_it(tmp_path: Path) -> None:
    team = fraud_detection()
    inputs = Inputs(team.request, platform(tmp_path, "rules_folder: rules", named=NAMED), {})
    (tmp_path / "rules" / "named.py").unlink()
    elsewhere = Platform.model_validate(inputs.document()["platform"])
    assert "ACME-GCS-001" in rules_of(judged(elsewhere))


def test_a_rule_that_is_switched_off_is_silent_and_shown_so(tmp_path: Path) -> None:
    found = platform(tmp_path, f"rules_folder: rules, {OFF}", named=NAMED)
    assert "PE-GCS-003" not in rules_of(judged(found))
    assert explain("PE-GCS-003", found).off == "maria: versions are kept elsewhere"
    assert "ACME-GCS-001" in {each.id for each in explanations(found)}
    assert not any(each.off for each in explanations())


@pytest.mark.parametrize(
    ("rule", "where", "day", "said"),
    [
        ("ACME-GCS-001", ADDRESS, "2999-01-01", set()),
        ("ACME-GCS-001", ADDRESS, "2001-01-01", {"ACME-GCS-001", "PE-WAIVER-002"}),
        ("ACME-GCS-001", "google_*", "2999-01-01", {"ACME-GCS-001", "PE-WAIVER-003"}),
        ("ACME-GCS-002", ADDRESS, "2999-01-01", {"ACME-GCS-001", "PE-WAIVER-001"}),
        ("ACME-GCS-001", ADDRESS + "x", "2999-01-01", {"ACME-GCS-001"}),
    ],
)
def test_an_organisations_rule_is_waived_like_ours(
    rule: str, where: str, day: str, said: set[str], tmp_path: Path
) -> None:
    found = platform(tmp_path, "rules_folder: rules", names=NAMED)
    agreed = {"rule": rule, "resource": where, "owner": "maria", "reason": "an old name", "expires": day}
    verdict = judged(found, waivers=(Waiver.model_validate(agreed),))
    assert {each for each in rules_of(verdict) if each.startswith(("ACME", "PE-WAIVER"))} == said


def test_an_organisations_rule_may_forbid_waivers(tmp_path: Path) -> None:
    strict = NAMED.replace("8, _named)", "8, _named, waivable=False)")
    found = platform(tmp_path, "rules_folder: rules", names=strict)
    agreed = {"rule": "ACME-GCS-001", "resource": ADDRESS, "owner": "maria", "reason": "an old name"}
    verdict = judged(found, waivers=(Waiver.model_validate(agreed | {"expires": "2999-01-01"}),))
    assert {"ACME-GCS-001", "PE-WAIVER-001"} <= rules_of(verdict)


def test_findings_of_others_are_switched_off_too(tmp_path: Path) -> None:
    off = "switched_off: [{rule: CKV_GCP_83, owner: maria, reason: keys are Google's here}]"
    theirs = Finding("CKV_GCP_83", Severity.MEDIUM, ADDRESS, "no key of our own", "mend it", "checkov")
    assert "CKV_GCP_83" in rules_of(judged(platform(tmp_path, ""), theirs))
    assert "CKV_GCP_83" not in rules_of(judged(platform(tmp_path, off), theirs))


@pytest.mark.parametrize(("rule", "why"), [("PE-GCS-999", "no such rule"), ("PE-WIF-005", "nothing excuses")])
def test_what_cannot_be_switched_off_is_a_finding(rule: str, why: str, tmp_path: Path) -> None:
    found = judged(platform(tmp_path, f"switched_off: [{{rule: {rule}, owner: maria, reason: for no good reason}}]"))
    assert next(finding.reason for finding in found.blocking if finding.rule == "PE-WAIVER-005").endswith(
        ("no such rule", "nothing excuses that rule")
    )
    assert any(why in finding.reason for finding in found.blocking)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("x = (\n", ":1", "not Python"),
        ("\n\nraise ValueError('boom')\n", ":3", "boom"),
        ("import no_such_module_of_ours\n", ":1", "ModuleNotFoundError"),
        ("RULES = []\n", "", "no tuple RULES"),
        ("RULES = (1,)\n", "", "which is no Rule"),
        (NAMED.replace("ACME-GCS-001", "PE-GCS-001"), "", "prefix of your own"),
        (NAMED.replace("ACME-GCS-001", "CKV_GCP_1"), "", "prefix of your own"),
        (NAMED.replace("8, _named", "80, _named"), "", "1-18"),
        (NAMED.replace("_named),)", "None),)"), "", "a function that looks"),
    ],
)
def test_a_file_that_holds_no_rules_is_refused_at_its_line(text: str, line: str, reason: str, tmp_path: Path) -> None:
    found = platform(tmp_path, "rules_folder: rules", broken=text)
    with pytest.raises(InvalidInput, match=reason) as caught:
        judged(found)
    assert caught.value.where == f"{tmp_path / 'rules' / 'broken.py'}{line}"


def test_one_id_is_one_rule(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"is in .*one\.py already"):
        judged(platform(tmp_path, "rules_folder: rules", one=NAMED, two=NAMED))


def test_an_organisations_rule_that_breaks_is_a_finding(tmp_path: Path) -> None:
    broken = NAMED.replace("yield bucket.address", "yield bucket.adress")
    assert "PE-CHECK-001" in rules_of(judged(platform(tmp_path, "rules_folder: rules", broken=broken)))


@pytest.mark.parametrize("policy", ["rules_folder: nowhere", "rules_folder: rules"])
def test_a_folder_without_rules_is_refused_where_it_is_named(policy: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="rules_folder") as caught:
        platform(tmp_path, policy)
    assert caught.value.where == str(tmp_path / "platform.yaml")


def test_rules_are_not_written_into_platform_yaml(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        platform(tmp_path, "files: [{name: x.py, text: RULES}]")
    assert "not written into platform.yaml" in caught.value.problems[0].reason


HOSTILE = 'terraform {\n  backend "gcs" {\n    bucket = "BUCKET"\n    prefix = "p"\n  }\n}\ndata "external" "x" {}\n'


@pytest.mark.parametrize("days", ["2999-01-01", "2001-01-01"])
def test_a_waiver_excuses_a_finding_in_source_of_a_run(days: str, tmp_path: Path) -> None:
    root = tmp_path / "envs" / "dev"
    root.mkdir(parents=True)
    known = fraud_detection().platform
    (root / "main.tf").write_text(HOSTILE.replace("BUCKET", known.state.bucket))
    waiver: dict[str, Any] = {"rule": "PE-HCL-002", "resource": "envs/dev/main.tf:7", "owner": "maria"}
    waiver |= {"reason": "reads a public list", "expires": days}
    waived = Platform.model_validate(known.model_dump(mode="json") | {"waivers": [waiver]})
    with pytest.raises(RefusedByPolicy):
        Rules().scan(root, known)
    if days.startswith("2999"):
        Rules().scan(root, waived)
    else:
        with pytest.raises(RefusedByPolicy) as caught:
            Rules().scan(root, waived)
        assert any("expired" in problem.reason for problem in caught.value.problems)
