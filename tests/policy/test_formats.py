"""The forms that other programs read, held to what those programs accept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from provisioner.policy import Finding, Severity, Verdict, explanations
from provisioner.policy.formats import LARGEST_COMMENT, comment, junit, marker, sarif, workflow_commands
from provisioner.policy.source.places import Place, Places
from provisioner.terraform.changes import Change, ChangeSet
from tests.policy import sarif_schema

WORST = Finding("PE-WIF-004", Severity.CRITICAL, 'module.environment.a.b["k"]', "100% wrong,\nsays: it", "fix it", "3")
WAIVED = Finding("PE-GCS-003", Severity.HIGH, "c.d", "reason", "fix it", "setting 8", waived_by="maria")
ADVICE = Finding("PE-WAIVER-004", Severity.ADVICE, "w", "unused", "remove it", "waivers")
MEDIUM = Finding("PE-LBL-001", Severity.MEDIUM, "e.f", "reason", "fix it", "setting 13")
FOREIGN = Finding("CKV_GCP_29", Severity.MEDIUM, "envs/x/main.tf:7", "reason", "mend it", "checkov")
VERDICT = Verdict("abc", (ADVICE, MEDIUM, WAIVED, WORST, FOREIGN))
GOOD = Verdict("abc", (WAIVED, ADVICE))
BOTH = ("plan", "source")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    root = tmp_path / "terraform" / "envs" / "x"
    module = tmp_path / "terraform" / "modules" / "m"
    root.mkdir(parents=True)
    module.mkdir(parents=True)
    (root / "main.tf").write_text('terraform {\n}\n\nmodule "environment" {\n  source = "../../modules/m"\n}\n\n\n')
    (root / "more.tf").write_text('resource "c" "d" {\n}\ndata "g" "h" {\n}\n')
    (module / "main.tf").write_text('\n\nresource "a" "b" {\n}\n')
    return Places(root, tmp_path, otherwise="plan.json")


def test_an_address_is_found_where_it_is_declared(places: Places) -> None:
    assert places.of('module.environment.a.b["k.l"]') == Place("terraform/modules/m/main.tf", 3)
    assert places.of("module.environment.a.unknown") == Place("terraform/envs/x/main.tf", 4)
    assert places.of("c.d[0]") == Place("terraform/envs/x/more.tf", 1)
    assert places.of("data.g.h") == Place("terraform/envs/x/more.tf", 3)
    assert places.of("(plan)") == places.of("x.y") == Place("plan.json", 1)
    assert places.of("envs/x/main.tf:7") == Place("terraform/envs/x/main.tf", 7)
    assert Places(None, Path(), otherwise="p").of("envs/x/main.tf:7") == Place("envs/x/main.tf", 7)


def test_sarif_fits_its_schema(places: Places, tmp_path: Path) -> None:
    schema = sarif_schema.fetched(tmp_path)
    if schema is None:
        pytest.skip("the schema is not to be had here (go)")
    check = jsonschema.Draft4Validator(schema)
    for verdict in (VERDICT, GOOD, Verdict("", ())):
        check.validate(sarif(verdict, places, "0.1.0"))
    broken = sarif(VERDICT, places, "0.1.0")
    broken["runs"][0]["results"][0]["level"] = "critical"
    with pytest.raises(jsonschema.ValidationError):
        check.validate(broken)


def test_sarif_says_what_code_scanning_shows(places: Places) -> None:
    (run,) = sarif(VERDICT, places, "0.1.0")["runs"]
    results = {result["ruleId"]: result for result in run["results"]}
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}

    assert run["results"][0]["ruleId"] == "PE-WIF-004"
    assert all(run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == name for name, result in results.items())
    physical = results["PE-WIF-004"]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "terraform/modules/m/main.tf"
    assert physical["region"]["startLine"] == 3
    assert results["PE-GCS-003"]["suppressions"][0]["justification"] == "waived by maria"
    assert results["PE-WIF-004"]["suppressions"] == []
    assert [results[name]["level"] for name in ("PE-WIF-004", "PE-LBL-001", "PE-WAIVER-004")] == [
        "error",
        "warning",
        "note",
    ]
    assert rules["PE-WIF-004"]["properties"]["security-severity"] == "9.5"
    prints = {json.dumps(result["partialFingerprints"]) for result in run["results"]}
    assert len(prints) == len(run["results"])


def read(report: str) -> ET.Element:
    return ET.fromstring(report)  # noqa: S314 - our own report


def test_junit_counts_rules(places: Places) -> None:
    hostile = Finding("PE-LBL-001", Severity.MEDIUM, "e.f", "a\x00b\x1b]<&>", "fix it", "setting 13")
    suites = read(junit(Verdict("", (hostile, WAIVED, ADVICE, FOREIGN)), "plan.json", BOTH))
    (suite,) = suites
    cases = {case.attrib["classname"]: case for case in suite}

    assert set(cases) == {each.id for each in explanations()} | {"CKV_GCP_29"}
    assert suite.attrib["tests"] == str(len(cases))
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("2", "1")
    failure = cases["PE-LBL-001"].find("failure")
    assert failure is not None
    assert failure.text == "e.f: a\ufffdb\ufffd]<&>. To mend it: fix it. setting 13."
    skipped = cases["PE-GCS-003"].find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"] == "waived by maria"
    assert list(cases["PE-WIF-001"]) == []
    assert cases["PE-WAIVER-004"].find("system-out") is not None


def test_junit_passes_no_rule_that_did_not_look() -> None:
    rules = {case.attrib["classname"] for case in read(junit(GOOD, "root", ("source",))).iter("testcase")}
    assert not {each.id for each in explanations() if each.looks_at == "plan"} & rules - {"PE-GCS-003", "PE-WAIVER-004"}
    assert {each.id for each in explanations() if "source" in each.looks_at} <= rules


def test_workflow_commands_escape_what_ends_them(places: Places) -> None:
    lines = workflow_commands(VERDICT, places).splitlines()
    assert lines[0] == (
        "::error file=terraform/modules/m/main.tf,line=3,title=PE-WIF-004::"
        'module.environment.a.b["k"]: 100%25 wrong,%0Asays: it. fix it'
    )
    assert [line.partition(" ")[0] for line in lines] == [
        "::error",
        "::warning",
        "::warning",
        "::notice",
        "::notice",
        "::error",
    ]
    assert lines[-1] == "::error title=provision-env check::refused: 1 critical, 2 medium, 1 waived, 1 advice"
    odd = Places(None, Path(), otherwise="a:b,c%d")
    assert "file=a%3Ab%2Cc%25d,line=1" in workflow_commands(Verdict("", (MEDIUM,)), odd)
    assert workflow_commands(GOOD, places).splitlines()[-1].startswith("::notice title=provision-env check::passed")


def change(address: str, *actions: str, **values: str) -> Change:
    return Change(address, actions, {}, values)


def test_a_comment_has_findings_changes_and_no_value() -> None:
    changes = ChangeSet((change("a.b", "update", labels="hunter2"), change("c.d", "delete", "create", name="hunter2")))
    (text,) = comment(VERDICT, changes, "churn dev")

    assert text.splitlines()[0] == marker("churn dev", 1) == "<!-- provision-env check churn-dev 1 -->"
    assert "refused (1 critical, 2 medium, 1 waived, 1 advice)" in text
    assert "| update | a.b | labels |" in text
    assert "| **replace** | c.d |" in text
    assert "hunter2" not in text
    assert sum(line.startswith("|---") for line in text.splitlines()) == 2
    assert "Nothing changes." in comment(GOOD, ChangeSet(), "x")[0]
    assert "Nothing changes." not in comment(GOOD, None, "x")[0]


@pytest.mark.parametrize(
    "hostile", ["| x |\n\n# title", "<script>", "[a](https://evil)", "`code`", "@maria", "closes #12"]
)
def test_a_comment_cannot_be_broken_out_of(hostile: str) -> None:
    finding = Finding("PE-LBL-001", Severity.MEDIUM, hostile, hostile, "fix it", "13")
    (text,) = comment(Verdict("", (finding,)), ChangeSet((change(hostile, "create"),)), hostile)

    row = next(line for line in text.splitlines() if line.startswith("| PE-LBL-001"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert not re.search(r"(?<!\\)[<`\[]", text.partition("\n")[2])
    assert not re.search(r"[@#](?=\w)", text.partition("\n")[2])
    assert text.splitlines()[0].endswith(" 1 -->")
    assert text.splitlines()[0].count("--") == 2


def test_a_long_comment_is_split_and_each_part_is_whole() -> None:
    findings = tuple(Finding("PE-LBL-001", Severity.MEDIUM, f"a.b{n}", "x" * 3_000, "fix it", "13") for n in range(120))
    changes = ChangeSet(tuple(change(f"c.d{n}", "create") for n in range(3_000)))
    parts = comment(Verdict("", findings), changes, "big")

    assert len(parts) > 3
    assert all(len(part) <= LARGEST_COMMENT for part in parts)
    assert [part.splitlines()[0] for part in parts] == [marker("big", number + 1) for number in range(len(parts))]
    assert all(f"({number} of {len(parts)})" in part for number, part in enumerate(parts, 1))
    rows = [line for part in parts for line in part.splitlines() if line.startswith(("| PE-", "| create"))]
    assert len(rows) == 3_120
    assert all("|---|" in part for part in parts)
