"""What the sandbox knows of a job's expressions is evaluated here; act evaluates the rest while the job runs.

act knows nothing of needs, matrix, inputs of a caller, and some of ``github``; and it reads
``needs.*.result`` otherwise than GitHub does. So each part that only asks for what is known becomes its value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.github.actions.evaluation import Scope, is_pure, to_text, value_of
from provisioner.sandbox.github.actions.expressions import (
    Function,
    Literal,
    Member,
    Name,
    Node,
    Operation,
    parse,
    parts,
)

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Known:
    """Contexts that are known as a whole, and the members of ``github`` (in lower case) that are."""

    contexts: Mapping[str, Any]
    github: Mapping[str, Any]

    @property
    def scope(self) -> Scope:
        """Return what an expression can see of it."""
        return Scope({**self.contexts, "github": self.github})


def rewritten(value: Any, known: Known) -> Any:  # noqa: ANN401 - part of a workflow
    """Return a part of a workflow in which what is known is a value. Raises ExpressionError."""
    if isinstance(value, dict):
        return {key: _entry(key, inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [rewritten(inner, known) for inner in value]
    if not isinstance(value, str) or "${{" not in value:
        return value
    found = list(parts(value))
    return "".join(_part(piece, known) if is_expression else piece for is_expression, piece in found)


def _entry(key: object, inner: Any, known: Known) -> Any:  # noqa: ANN401 - see above
    if key == "if" and isinstance(inner, str) and "${{" not in inner and inner.strip():
        return expression(inner, known)
    return rewritten(inner, known)


def _part(piece: str, known: Known) -> str:
    return f"${{{{ {expression(piece, known)} }}}}"


def expression(text: str, known: Known) -> str:
    """Return an expression in which what is known is a value. Raises ExpressionError."""
    return _written(parse(text), known)


def _written(node: Node, known: Known) -> str:
    if _is_known(node, known):
        return _literal(value_of(node, known.scope))
    if isinstance(node, Member):
        return f"{_written(node.of, known)}{_key(node.key, known)}"
    if isinstance(node, Function):
        return f"{node.name}({', '.join(_written(argument, known) for argument in node.arguments)})"
    if isinstance(node, Operation):
        return _operation([_written(operand, known) for operand in node.operands], node.sign)
    return node.name if isinstance(node, Name) else _literal(node.value)


def _operation(operands: list[str], sign: str) -> str:
    return f"!{operands[0]}" if sign == "!" else f"({operands[0]} {sign} {operands[1]})"


def _key(key: Node | None, known: Known) -> str:
    if key is None:
        return ".*"
    if isinstance(key, Literal) and isinstance(key.value, str) and _PLAIN.fullmatch(key.value):
        return f".{key.value}"
    return f"[{_written(key, known)}]"


def _is_known(node: Node, known: Known) -> bool:
    if isinstance(node, Literal):
        return True
    if isinstance(node, Name):
        return node.name in known.contexts
    if isinstance(node, Member):
        if isinstance(node.of, Name) and node.of.name == "github":
            return isinstance(node.key, Literal) and to_text(node.key.value).lower() in known.github
        return _is_known(node.of, known) and (node.key is None or _is_known(node.key, known))
    if isinstance(node, Function):
        return is_pure(node.name) and all(_is_known(argument, known) for argument in node.arguments)
    return isinstance(node, Operation) and all(_is_known(operand, known) for operand in node.operands)


def _literal(value: Any) -> str:  # noqa: ANN401 - JSON has no narrower type
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool | int | float):
        return "null" if value is None else to_text(value)
    return f"fromJSON({_quoted(json.dumps(value, ensure_ascii=False))})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
