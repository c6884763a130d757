"""The event stream and the diagnostics, whatever comes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.terraform import diagnostics, events
from provisioner.terraform.diagnostics import Diagnostic
from provisioner.terraform.errors import InitRequired, StaleLock, StalePlan, StateLocked, TerraformFailed
from provisioner.terraform.events import Message, Operation, Outputs, Planned, Problem, Raw, Started, Summary
from provisioner.terraform.failures import failure, lock_info
from provisioner.terraform.redaction import Redactor, secret_values

GCS_LOCK = """writing "gs://state/team/dev/default.tflock" failed: googleapi: Error 412: At least one
of the pre-conditions you specified did not hold., conditionNotMet
Lock Info:
  ID:        1763704023123456
  Path:      gs://state/team/dev/default.tflock
  Operation: OperationTypeApply
  Who:       ci@runner
  Version:   1.11.4
  Created:   2026-11-21 05:39:06.077514246 +0000 UTC
  Info:      

Terraform acquires a state lock to protect the state from being written"""  # noqa: W291 - as Terraform prints it


HOOK = {"resource": {"addr": "a.b"}, "action": "create", "id_value": "i", "elapsed_seconds": 3}


def line(kind: str, **rest: object) -> str:
    return json.dumps({"@level": "info", "@message": "m", "type": kind, **rest})


@pytest.mark.parametrize(
    ("text", "event"),
    [
        (line("version", terraform="1.11.4", ui="1.2"), Started("1.11.4")),
        (line("log"), Message("m")),
        (line("planned_change", change={"resource": {"addr": "a.b"}, "action": "update"}), Planned("a.b", "update")),
        (
            line("resource_drift", change={"resource": {"addr": "a.b"}, "action": "update"}),
            Planned("a.b", "update", drift=True),
        ),
        (line("apply_complete", hook=HOOK), Operation("complete", "a.b", "create", 3, "i")),
        (line("refresh_start", hook={"resource": {"addr": "a.b"}}), Operation("start", "a.b", "refresh")),
        (
            line("change_summary", changes={"add": 1, "change": 2, "remove": 3, "import": 4, "operation": "plan"}),
            Summary("plan", 1, 2, 3, 4),
        ),
        (line("outputs", outputs={"a": {"value": [1]}, "b": {"sensitive": True}}), Outputs({"a": [1]})),
        (line("a_type_of_the_future", x=1), None),
        ("", None),
        ("panic: runtime error", Raw("panic: runtime error")),
        (line("version", terraform="1.11.4")[:-9], Raw(line("version", terraform="1.11.4")[:-9])),
        ("[1]", Raw("[1]")),
        ("[" * 100_000, Raw("[" * 100_000)),
    ],
)  # fmt: skip
def test_a_line_becomes_an_event(text: str, event: events.Event | None) -> None:
    assert events.parse(text) == event


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


@given(
    st.sampled_from(["version", "planned_change", "apply_start", "change_summary", "outputs", "diagnostic", "log"]),
    st.sampled_from(["change", "hook", "changes", "outputs", "diagnostic", "@message"]),
    JSON,
)
def test_a_known_type_with_a_strange_content_breaks_nothing(kind: str, key: str, content: object) -> None:
    assert events.parse(json.dumps({"type": kind, key: content})) is not None


@given(st.text())
def test_any_text_is_safe(text: str) -> None:
    events.parse(text)


def test_a_diagnostic_keeps_address_and_place() -> None:
    document = {
        "severity": "error",
        "summary": "s",
        "detail": "d",
        "address": "a.b",
        "range": {"filename": "main.tf", "start": {"line": 3, "column": 7}},
    }
    assert events.parse(line("diagnostic", diagnostic=document)) == Problem(
        Diagnostic("error", "s", "d", "a.b", "main.tf:3:7")
    )


def test_text_for_people_becomes_diagnostics() -> None:
    boxed = ["", "\x1b[31m╷\x1b[0m", "│ Error: first", "│ ", "│ more", "╵", "Warning: second"]
    assert diagnostics.from_text(boxed) == (Diagnostic("error", "first", "more"), Diagnostic("warning", "second"))
    assert diagnostics.from_text(["panic: x", "goroutine 1"]) == (Diagnostic("error", "panic: x", "goroutine 1"),)
    assert diagnostics.from_text(["", " "]) == ()


def test_the_lock_of_the_gcs_backend_is_read() -> None:
    error = failure("plan", "/root", (Diagnostic("error", "Error acquiring the state lock", GCS_LOCK),))
    assert isinstance(error, StateLocked)
    assert error.info is not None
    assert (error.info.id, error.info.who, error.info.path) == (
        "1763704023123456",
        "ci@runner",
        "gs://state/team/dev/default.tflock",
    )
    assert error.info.as_dict()["operation"] == "OperationTypeApply"


def test_a_lock_without_its_info_is_still_a_lock() -> None:
    error = failure("plan", "/root", (Diagnostic("error", "Error acquiring the state lock", "403 Forbidden"),))
    assert isinstance(error, StateLocked)
    assert error.info is None
    assert lock_info("nothing") is None


@pytest.mark.parametrize(
    ("summary", "kind"),
    [
        ("Saved plan is stale", StalePlan),
        ("Saved plan does not match the given state", StalePlan),
        ('Backend initialization required, please run "terraform init"', InitRequired),
        ("Module not installed", InitRequired),
        ("Required plugins are not installed", InitRequired),
        ("Inconsistent dependency lock file", InitRequired),
        ("Failed to unlock state: lock id 1 does not match existing lock", StaleLock),
        ("Anything else", TerraformFailed),
    ],
)  # fmt: skip
def test_failures_are_told_apart(summary: str, kind: type[TerraformFailed]) -> None:
    warning = Diagnostic("warning", "Saved plan is stale")
    error = failure("apply", "/root", (warning, Diagnostic("error", summary)))
    assert type(error) is kind
    assert error.diagnostics[1].summary == summary


def test_an_unknown_failure_says_each_error_once_with_its_resource() -> None:
    twice = (Diagnostic("error", "execution halted"),) * 2
    error = failure("apply", "/root", (Diagnostic("error", "Error 403", "denied", "a.b"), *twice))
    assert error.reason == "terraform apply failed: a.b: Error 403\ndenied\nexecution halted"
    assert error.where == "a.b"


def test_secrets_are_found_by_name_and_replaced_in_every_form() -> None:
    environment = {
        "GITHUB_TOKEN": 'abc"defgh',
        "GOOGLE_CREDENTIALS": "/path/to/file",
        "PATH": "/usr/bin",
        "A_TOKEN": "x",
    }
    redact = Redactor(secret_values(environment))
    assert redact(json.dumps({"m": 'abc"defgh'}) + ' abc"defgh x /path/to/file') == (
        '{"m": "(redacted)"} (redacted) x /path/to/file'
    )


def test_each_line_of_a_key_is_secret_and_longer_secrets_go_first() -> None:
    redact = Redactor(["-----BEGIN\nMIIEabcdefgh\n-----END", "abcdefgh", "abcdefghijkl"])
    assert redact("MIIEabcdefgh abcdefghijkl abcdefgh") == "(redacted) (redacted) (redacted)"
