"""Reports, the list of rules, and the files a person hands over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.errors import InvalidInput
from provisioner.policy import (
    Finding,
    PolicyContext,
    Severity,
    Verdict,
    check,
    check_source,
    explain,
    explanations,
    read_document,
)
from provisioner.policy.report import document, text
from provisioner.policy.rules import RULES
from provisioner.policy.source.rules import SOURCE_RULES

WORST = Finding("PE-WIF-004", Severity.CRITICAL, "a.b", "reason", "fix it", "setting 3")
WAIVED = Finding("PE-GCS-003", Severity.HIGH, "c.d", "reason", "fix it", "setting 8", waived_by="maria")
ADVICE = Finding("PE-WAIVER-004", Severity.ADVICE, "w", "unused", "remove it", "waivers")
MEDIUM = Finding("PE-LBL-001", Severity.MEDIUM, "e.f", "reason", "fix it", "setting 13")
VERDICT = Verdict("abc", (ADVICE, MEDIUM, WAIVED, WORST))


def test_the_document_has_the_worst_first_and_counts_what_blocks() -> None:
    found = document(VERDICT)

    assert found["passed"] is False
    assert found["plan_digest"] == "abc"
    assert found["counts"] == {"critical": 1, "high": 0, "medium": 1, "waived": 1, "advice": 1}
    assert [finding["rule"] for finding in found["findings"][:2]] == ["PE-WIF-004", "PE-LBL-001"]
    assert json.loads(json.dumps(found)) == found
    assert set(found["findings"][0]) == {
        "rule", "severity", "resource", "reason", "fix", "reference", "waived_by", "blocks",
    }  # fmt: skip


def test_the_text_says_what_to_do_and_who_waived() -> None:
    lines = text(VERDICT).splitlines()

    assert lines[0] == "PE-WIF-004  critical  a.b"
    assert "    fix it  [setting 3]" in lines
    assert any("waived by maria" in line for line in lines)
    assert lines[-1] == "refused: 1 critical, 1 medium, 1 waived, 1 advice"
    assert text(Verdict("", ())) == "passed\n"


def test_every_id_can_be_explained() -> None:
    ids = [explanation.id for explanation in explanations()]

    assert ids == sorted(set(ids))
    assert {rule.id for rule in RULES} | {rule.id for rule in SOURCE_RULES} <= set(ids)
    assert explain("pe-wif-003").document()["looks_at"] == "plan"
    assert explain("PE-HCL-001").looks_at == "plan and source"
    with pytest.raises(InvalidInput, match="no rule PE-GCS-999") as caught:
        explain("PE-GCS-999")
    assert "PE-GCS-001" in caught.value.fix


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not JSON"),
        (b'{"format_version": "1.2", "resource_changes": [{"address": "a.b", "ty', "not JSON"),
        (b'{"format_version": "1.2", "x": NaN}', "NaN is no number"),
        (b'{"format_version": "1.2", "x": [-Infinity]}', "-Infinity is no number"),
        (b'{"format_version": "1.2", "x": 1e999}', "too large a number"),
        (b'{"format_version": "1.2", "x": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"format_version": "1.2", "x": {"type": 1, "name": 2, "type": 3}}', "'type' stands twice"),
        (b'{"format_version": "2.0", "resource_changes": [], "format_version": "1.2"}', "stands twice"),
        (b"[]", "not a JSON object"),
        (b'"\xff"', "not UTF-8"),
        (b'{"format_version": "2.0"}', "format_version"),
        (b'{"format_version": "0.1"}', "format_version"),
        (b'{"format_version": "10.2"}', "format_version"),
        (b"{}", "format_version"),
        (b'{"format_version": "1.2", "x": ' + b"[" * 300 + b"]" * 300 + b"}", "too deeply"),
        (b"[" * 100_000, "too deeply"),
        (b'{"format_version": "1.2", "resource_changes": [{"change": {}}]}', "no actions"),
        (b'{"format_version": "1.2", "resource_changes": {}}', "not a list"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_with_its_place(content: bytes, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(content)

    with pytest.raises(InvalidInput, match=reason) as caught:
        read_document(file)
    assert caught.value.where == str(file)
    assert caught.value.exit_code == 2


def test_a_missing_file_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        read_document(tmp_path / "none.json")
    with pytest.raises(InvalidInput, match="no Terraform files"):
        check_source(tmp_path, PolicyContext())


def test_a_folder_is_scanned_and_a_plan_is_read(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('data "external" "x" {}\n')
    (tmp_path / "plan.json").write_text('{"format_version": "1.2", "complete": true}')

    assert {f.rule for f in check_source(tmp_path, PolicyContext()).blocking} == {"PE-HCL-002", "PE-STATE-003"}
    assert check(read_document(tmp_path / "plan.json"), PolicyContext()).passed
