"""The expression language, held to the examples and tables of GitHub's reference."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.sandbox.github.actions.evaluation import Scope, condition, evaluate, interpolate
from provisioner.sandbox.github.actions.expressions import ExpressionError, parse
from provisioner.sandbox.github.actions.rewriting import Known, expression, rewritten

NEEDS = {"build": {"result": "success", "outputs": {"tag": "it's }} v1"}}, "test": {"result": "failure", "outputs": {}}}
CONTEXTS: dict[str, Any] = {
    "github": {"ref": "refs/heads/main", "event": {"labels": [{"name": "bug"}, {"name": "docs"}]}},
    "needs": NEEDS,
    "env": {"empty": "", "number": "12"},
}


def scope(*, success: bool = True, cancelled: bool = False) -> Scope:
    answers = {"success": success, "failure": not success, "always": True, "cancelled": cancelled}
    return Scope(CONTEXTS, {name: lambda answer=answer: answer for name, answer in answers.items()})  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("github.ref == 'REFS/HEADS/MAIN'", True),
        ("github['REF']", "refs/heads/main"),
        ("github.nothing.at.all", None),
        ("github.event.labels.*.name", ["bug", "docs"]),
        ("contains(github.event.labels.*.name, 'BUG')", True),
        ("github.event.labels[1].name", "docs"),
        ("github.event.labels[-1]", None),
        ("needs.*.result", ["success", "failure"]),
        ("null == 0 && '' == false", True),
        ("env.number == 12", True),
        ("'abc' < 'ABD'", True),
        ("'abc' > 1", False),
        ("fromJSON('[1]') == fromJSON('[1]')", False),
        ("true && 'yes' || 'no'", "yes"),
        ("env.empty || 'else'", "else"),
        ("!github.nothing", True),
        ("0xff", 255),
        ("-2.5e1", -25),
        ("format('{{0}} {0} {1}', 'a', 1)", "{0} a 1"),
        ("join(github.event.labels.*.name, '; ')", "bug; docs"),
        ("startsWith(github.ref, 'REFS/') && endsWith(github.ref, 'Main')", True),
        ('fromJSON(\'{"a": {"b": [1, 2]}}\').a.b[1]', 2),
        ("'it''s'", "it's"),
        ("toJSON(needs.test)", json.dumps(NEEDS["test"], indent=2)),
        ("(1 == 1) == true", True),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert evaluate(text, scope()) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "1 +",
        "'open",
        "secrets.X",
        "nope()",
        "contains('a')",
        "format('{1}', 'a')",
        "fromJSON('{')",
        "a.[1]",
        "(",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, scope())


@pytest.mark.parametrize(
    ("text", "success", "holds"),
    [
        (None, True, True),
        (None, False, False),
        ("true", False, False),
        ("failure()", False, True),
        ("always() && needs.test.result == 'failure'", False, True),
        ("${{ github.ref == 'refs/heads/main' }}", True, True),
        ("${{ 'x' }} is a text", True, True),
        (False, True, False),
        ("!cancelled()", False, True),
    ],
)
def test_conditions(text: object, success: bool, holds: bool) -> None:  # noqa: FBT001 - a table
    assert condition(text, scope(success=success)) is holds


def test_texts_keep_their_type_only_alone() -> None:
    assert interpolate("${{ fromJSON('[1, 2]') }}", scope()) == [1, 2]
    assert interpolate("v${{ 1.0 }}-${{ true }}${{ null }}${{ 0.5 }}", scope()) == "v1-true0.5"
    assert interpolate({"a": ["${{ github.ref }}"]}, scope()) == {"a": ["refs/heads/main"]}
    with pytest.raises(ExpressionError):
        interpolate("${{ github.ref", scope())


def test_what_is_known_becomes_a_value_and_the_rest_stays() -> None:
    known = Known({"needs": NEEDS}, {"run_id": "7"})
    step = {
        "if": "always() && contains(needs.*.result, 'failure')",
        "run": "echo ${{ needs.build.outputs.tag }} ${{ steps.needs.x }}",
    }
    found = rewritten(step, known)
    assert found["if"] == "(always() && true)"
    assert found["run"] == "echo ${{ 'it''s }} v1' }} ${{ steps.needs.x }}"
    assert interpolate(found["run"].partition(" ${{ steps")[0], Scope({})) == "echo it's }} v1"
    assert expression("github.run_id == github.token", known) == "('7' == github.token)"
    assert expression("github.event.x || !needs.test.outputs", known) == "(github.event.x || false)"
    assert expression("toJSON(github)", known) == "toJSON(github)"
    assert expression("fromJSON(steps.a.outputs.b).*.c", known) == "fromJSON(steps.a.outputs.b).*.c"


@given(st.text(alphabet="abc.'()[]{}!&|=<>*, 0123$-_", max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        parse(text)
