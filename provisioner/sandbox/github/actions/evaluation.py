"""The value of an expression: GitHub's loose comparisons, its functions, and texts with ``${{ }}`` in them.

https://docs.github.com/actions/reference/workflows-and-actions/expressions#operators
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.sandbox.github.actions.expressions import (
    ExpressionError,
    Function,
    Literal,
    Member,
    Name,
    Node,
    Operation,
    number_of,
    parse,
    parts,
)

Value = Any
STATUS_FUNCTIONS = frozenset(("success", "failure", "always", "cancelled"))
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d+)\}|[{}]")


class _Filtered(list[Any]):
    """What ``*`` gives: a member of it is that member of each."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can see: contexts by name, and the status functions with what they answer here."""

    contexts: Mapping[str, Value]
    status: Mapping[str, Callable[[], bool]] = field(default_factory=dict)


def evaluate(text: str, scope: Scope) -> Value:
    """Return the value of an expression. Raises ExpressionError."""
    return _value(parse(text), scope)


def value_of(node: Node, scope: Scope) -> Value:
    """Return the value of an expression that is read already. Raises ExpressionError."""
    return _value(node, scope)


def is_pure(name: str) -> bool:
    """Tell whether a function asks for nothing but its arguments."""
    return name.lower() in _functions()


def condition(text: object, scope: Scope) -> bool:
    """Return whether an ``if`` holds; without a status function it means ``success() && (…)``."""
    if text is None or (isinstance(text, str) and not text.strip()):
        return scope.status["success"]()
    if isinstance(text, bool | int | float):
        text = to_text(text)
    bare = _bare(str(text))
    node = parse(bare)
    if not _asks_for_status(node) and not scope.status["success"]():
        return False
    return truth(_value(node, scope))


def _bare(text: str) -> str:
    """Return the expression of an ``if``, whose ``${{ }}`` may be left out."""
    found = list(parts(text.strip()))
    if len(found) == 1:
        return found[0][1]
    # Text around an expression makes the whole a text, which is true when it is not empty.
    pieces = [f"({piece})" if is_expression else _quoted(piece) for is_expression, piece in found]
    holes = "".join(f"{{{index}}}" for index in range(len(pieces)))
    return f"format('{holes}', {', '.join(pieces)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _asks_for_status(node: Node) -> bool:
    if isinstance(node, Function):
        return node.name.lower() in STATUS_FUNCTIONS or any(_asks_for_status(inner) for inner in node.arguments)
    if isinstance(node, Operation):
        return any(_asks_for_status(inner) for inner in node.operands)
    if isinstance(node, Member):
        return _asks_for_status(node.of) or (node.key is not None and _asks_for_status(node.key))
    return False


def interpolate(text: Value, scope: Scope) -> Value:
    """Return a value of a workflow with its expressions replaced; one expression alone keeps its type."""
    if isinstance(text, dict):
        return {key: interpolate(inner, scope) for key, inner in text.items()}
    if isinstance(text, list):
        return [interpolate(inner, scope) for inner in text]
    if not isinstance(text, str) or "${{" not in text:
        return text
    found = list(parts(text))
    if len(found) == 1 and found[0][0]:
        return evaluate(found[0][1], scope)
    return "".join(to_text(evaluate(piece, scope)) if is_expression else piece for is_expression, piece in found)


def _value(node: Node, scope: Scope) -> Value:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Name):
        if node.name not in scope.contexts:
            raise ExpressionError(f"Unrecognized named-value: '{node.name}'")
        return scope.contexts[node.name]
    if isinstance(node, Member):
        return _member(_value(node.of, scope), node.key, scope)
    if isinstance(node, Function):
        return _call(node, scope)
    return _operation(node, scope)


def _member(of: Value, key: Node | None, scope: Scope) -> Value:
    if key is None:
        rows = of.values() if isinstance(of, Mapping) else of if isinstance(of, list) else ()
        return _Filtered(rows)
    wanted = _value(key, scope)
    if isinstance(of, _Filtered) and isinstance(wanted, str):
        return _Filtered(found for item in of if (found := _pick(item, wanted)) is not None)
    return _pick(of, wanted)


def _pick(of: Value, wanted: Value) -> Value:
    if isinstance(of, Mapping):
        name = to_text(wanted).lower()
        return next((value for key, value in of.items() if str(key).lower() == name), None)
    if isinstance(of, list):
        number = to_number(wanted)
        whole = math.isfinite(number) and 0 <= number < len(of)
        return of[int(number)] if whole else None
    return None


def _operation(node: Operation, scope: Scope) -> Value:
    left = _value(node.operands[0], scope)
    if node.sign == "!":
        return not truth(left)
    if node.sign == "&&":
        return _value(node.operands[1], scope) if truth(left) else left
    if node.sign == "||":
        return left if truth(left) else _value(node.operands[1], scope)
    right = _value(node.operands[1], scope)
    if node.sign in {"==", "!="}:
        return equal(left, right) == (node.sign == "==")
    return _ordered(node.sign, left, right)


def equal(left: Value, right: Value) -> bool:
    """Compare as GitHub does: texts without their case, mixed kinds as numbers, lists and objects by identity."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return left is right
    return to_number(left) == to_number(right)


def _ordered(sign: str, left: Value, right: Value) -> bool:
    a: Any
    b: Any
    if isinstance(left, str) and isinstance(right, str):
        a, b = left.lower(), right.lower()
    else:
        a, b = to_number(left), to_number(right)
    answers = {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}
    return bool(answers[sign])


def truth(value: Value) -> bool:
    """Tell whether a value counts as true."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return value != 0 and not math.isnan(value)
    return isinstance(value, list | dict) or bool(value)


def to_number(value: Value) -> float:
    """Return a value as a number; NaN where it is none."""
    if value is None:
        return 0.0
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return number_of(value.strip()) if value.strip() else 0.0
        except ValueError:
            return math.nan
    return math.nan


def to_text(value: Value) -> str:
    """Return a value as it stands in a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return str(int(value)) if math.isfinite(value) and value == int(value) else repr(float(value))
    if isinstance(value, list):
        return "Array"
    return "Object" if isinstance(value, Mapping) else str(value)


def _call(node: Function, scope: Scope) -> Value:
    name = node.name.lower()
    if name in STATUS_FUNCTIONS and name in scope.status and not node.arguments:
        return scope.status[name]()
    known = _functions().get(name)
    if known is None:
        raise ExpressionError(f"Unrecognized function: '{node.name}'")
    function, least, most = known
    if not least <= len(node.arguments) <= most:
        raise ExpressionError(f"Wrong number of parameters supplied: '{node.name}'")
    return function([_value(argument, scope) for argument in node.arguments])


def _functions() -> Mapping[str, tuple[Callable[[Sequence[Value]], Value], int, int]]:
    return {
        "contains": (_contains, 2, 2),
        "startswith": (lambda given: to_text(given[0]).lower().startswith(to_text(given[1]).lower()), 2, 2),
        "endswith": (lambda given: to_text(given[0]).lower().endswith(to_text(given[1]).lower()), 2, 2),
        "format": (_format, 1, 255),
        "join": (_join, 1, 2),
        "tojson": (lambda given: json.dumps(_plain(given[0]), indent=2, ensure_ascii=False), 1, 1),
        "fromjson": (_from_json, 1, 1),
    }


def _contains(given: Sequence[Value]) -> bool:
    where, what = given
    if isinstance(where, list):
        return any(equal(item, what) for item in where)
    return to_text(what).lower() in to_text(where).lower()


def _join(given: Sequence[Value]) -> str:
    separator = to_text(given[1]) if len(given) > 1 else ","
    return separator.join(map(to_text, given[0])) if isinstance(given[0], list) else to_text(given[0])


def _format(given: Sequence[Value]) -> str:
    template, values = to_text(given[0]), given[1:]

    def replace(match: re.Match[str]) -> str:
        if match[0] in {"{{", "}}"}:
            return match[0][0]
        if match[1] is None or int(match[1]) >= len(values):
            raise ExpressionError(f"The following format string is invalid: {template}")
        return to_text(values[int(match[1])])

    return _PLACEHOLDER.sub(replace, template)


def _from_json(given: Sequence[Value]) -> Value:
    try:
        return json.loads(to_text(given[0]))
    except ValueError as problem:
        raise ExpressionError(f"Error parsing fromJson: {problem}") from None


def _plain(value: Value) -> Value:
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
