"""Contexts that act cannot know (needs, matrix, inputs of a caller …) put into a job's expressions as values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.github.actions.expressions import Token, parts, tokens


def rewritten(value: Any, known: Mapping[str, Any], github: Mapping[str, Any]) -> Any:  # noqa: ANN401 - part of a workflow
    """Return a part of a workflow in which ``known`` contexts and members of ``github`` are values.

    Nothing is evaluated here: what a step does to the other contexts is act's business.
    """
    if isinstance(value, dict):
        return {key: _entry(key, inner, known, github) for key, inner in value.items()}
    if isinstance(value, list):
        return [rewritten(inner, known, github) for inner in value]
    if not isinstance(value, str) or "${{" not in value:
        return value
    return "".join(
        f"${{{{{expression(piece, known, github)}}}}}" if is_expression else piece
        for is_expression, piece in parts(value)
    )


def _entry(key: object, inner: Any, known: Mapping[str, Any], github: Mapping[str, Any]) -> Any:  # noqa: ANN401 - see above
    if key == "if" and isinstance(inner, str) and "${{" not in inner:
        return expression(inner, known, github)
    return rewritten(inner, known, github)


def expression(text: str, known: Mapping[str, Any], github: Mapping[str, Any]) -> str:
    """Return an expression with the known contexts replaced. Raises ExpressionError."""
    found = tokens(text)
    out, position = "", 0
    for index, token in enumerate(found):
        end, value = _replacement(found, index, known, github)
        if end:
            out += text[position : token.start] + value
            position = end
    return out + text[position:]


def _replacement(
    found: list[Token], index: int, known: Mapping[str, Any], github: Mapping[str, Any]
) -> tuple[int, str]:
    token = found[index]
    before = found[index - 1].text if index else ""
    after = found[index + 1].text if index + 1 < len(found) else ""
    if token.kind != "name" or before == "." or after == "(":
        return 0, ""
    name = token.text.lower()
    if name in known:
        return token.end, _json(known[name])
    following = found[index + 2] if after == "." and index + 2 < len(found) else None
    if name == "github" and following and following.text.lower() in github:
        return following.end, _json(github[following.text.lower()])
    return 0, ""


def _json(value: Any) -> str:  # noqa: ANN401 - JSON has no narrower type
    quoted = json.dumps(value, ensure_ascii=False).replace("'", "''")
    return f"fromJSON('{quoted}')"
