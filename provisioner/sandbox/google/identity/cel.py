"""The Common Expression Language, as Google's attribute mappings and IAM conditions use it.

Evaluated by cel-python, imported on first use: it costs a quarter of a second and some memory. Added are Google's
``extract()`` and the functions of tags; an absent key raises, as at Google, unless ``has()`` guards it.
https://cloud.google.com/iam/docs/conditions-attribute-reference, https://github.com/google/cel-spec.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celpy import Runner

_HOLE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")


class CelError(Exception):
    """An expression that does not parse, or that failed on these values (an absent key, a wrong type)."""


def check_expression(expression: str) -> None:
    """Raise CelError if the expression does not parse."""
    _program(expression)


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:  # noqa: ANN401 - CEL is dynamically typed
    """Return the value of an expression as a plain Python value (str, bool, int, float, list, dict).

    ``variables`` are JSON values or datetimes by top-level name (``assertion``, ``resource``). Raises CelError.
    """
    from celpy.adapter import json_to_cel  # noqa: PLC0415 - costly, see above
    from celpy.evaluation import CELEvalError  # noqa: PLC0415 - costly, see above

    program = _program(expression)
    try:
        value = program.evaluate({name: json_to_cel(inner) for name, inner in variables.items()})
    except (CELEvalError, TypeError, ValueError, KeyError, RecursionError) as error:
        raise CelError(_reason(error)) from error
    return _plain(value)


def extract(text: str, template: str) -> str:
    """Return the part of ``text`` that the hole of the template stands for, or an empty string.

    ``"/b/{name}/o/"`` finds the first ``/b/`` and returns what follows up to the next ``/o/``. Raises CelError for a
    template without exactly one hole.
    """
    holes = list(_HOLE.finditer(template))
    if len(holes) != 1:
        raise CelError(f"extract() needs exactly one {{name}} in its template: {template}")
    before, after = template[: holes[0].start()], template[holes[0].end() :]
    start = text.find(before)
    if start < 0:
        return ""
    rest = text[start + len(before) :]
    end = rest.find(after) if after else len(rest)
    return rest[:end] if end >= 0 else ""


@lru_cache(maxsize=512)
def _program(expression: str) -> Runner:
    from celpy import Environment  # noqa: PLC0415 - costly, see above
    from celpy.celparser import CELParseError  # noqa: PLC0415 - costly, see above

    environment = Environment()
    try:
        functions = {"extract": _extract_function()} | _attribute_functions()
        return environment.program(environment.compile(expression), functions=functions)
    except (CELParseError, RecursionError) as error:
        raise CelError(_reason(error)) from error


def _extract_function() -> Callable[..., Any]:
    from celpy.celtypes import StringType  # noqa: PLC0415 - costly, see above

    def function(text: StringType, template: StringType) -> StringType:
        try:
            return StringType(extract(str(text), str(template)))
        except CelError as error:
            raise ValueError(str(error)) from error

    return function


def _attribute_functions() -> dict[str, Callable[..., Any]]:
    """Return ``resource.matchTag(key, value)`` and its kin, which read the tags that come with ``resource``.

    https://cloud.google.com/iam/docs/conditions-attribute-reference#resource-tags.
    """
    from celpy.celtypes import BoolType, MapType, StringType  # noqa: PLC0415 - costly, see above

    def matches(field: str) -> Callable[..., Any]:
        def function(resource: MapType, key: StringType, value: StringType) -> BoolType:
            return BoolType(_tags(resource, field).get(str(key)) == str(value))

        return function

    def has_key(field: str) -> Callable[..., Any]:
        def function(resource: MapType, key: StringType) -> BoolType:
            return BoolType(str(key) in _tags(resource, field))

        return function

    def _tags(resource: MapType, field: str) -> dict[str, str]:
        kept = resource.get(StringType(field), MapType())  # without a default it raises
        return {str(key): str(value) for key, value in kept.items()} if isinstance(kept, MapType) else {}

    def get_attribute(api: MapType, name: StringType, default: StringType) -> StringType:
        # No request carries API attributes here: as at Google, the default stands for one that is absent.
        return StringType(str(api[name])) if name in api else default

    return {
        "getAttribute": get_attribute,
        "matchTag": matches("tags"),
        "matchTagId": matches("tagIds"),
        "hasTagKey": has_key("tags"),
        "hasTagKeyId": has_key("tagIds"),
    }


def _reason(error: BaseException) -> str:
    text = str(error.args[0]) if error.args else type(error).__name__
    # The library appends all variables: too long to read, and they hold what the token says.
    return text.partition(" (in activation")[0]


def _plain(value: Any) -> Any:  # noqa: ANN401 - CEL is dynamically typed
    from celpy import celtypes  # noqa: PLC0415 - costly, see above

    if value is None or isinstance(value, celtypes.BoolType):
        return None if value is None else bool(value)
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    return value
