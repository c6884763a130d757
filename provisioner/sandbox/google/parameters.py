"""Path and query parameters: names, types and the ones every API takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from provisioner.sandbox.google.discovery import Api, Match, Schema
from provisioner.sandbox.google.errors import ApiError, invalid_argument
from provisioner.sandbox.google.schema import Validator, camel

# Taken by every API whether its document says so or not (https://cloud.google.com/apis/docs/system-parameters).
_SYSTEM = frozenset(
    (
        *("$.xgafv", "$alt", "$apiVersion", "$callback", "$fields", "$key", "$prettyPrint", "$userProject"),
        *("access_token", "alt", "callback", "fields", "key", "oauth_token", "prettyPrint", "quotaUser", "userIp"),
        *("uploadType", "upload_protocol", "upload_id", "userProject", "provisionalUserProject"),
    )
)
_TRUE_FALSE = {"true": True, "false": False, "1": True, "0": False}


class Parameters(dict[str, Any]):
    """Parameters by discovery name. One that a handler cannot do without is a 400 when it is absent, not a mistake."""

    def __missing__(self, name: str) -> NoReturn:
        """Raise ApiError INVALID_ARGUMENT."""
        raise _required(name)


def read_parameters(api: Api, match: Match, pairs: Iterable[tuple[str, str]]) -> Parameters:
    """Return all parameters of a request under discovery names; empty query values count as absent.

    Raises ApiError INVALID_ARGUMENT for a name the method does not have or a value of another type.
    """
    validator = Validator(api.schemas, legacy=api.legacy)
    declared = match.spec.parameters | _update_mask(api, match)
    values = Parameters(match.path)
    for given, text in pairs:
        name = given if given in declared else camel(given)
        if name in declared:
            _take(values, name, text, declared[name], validator)
        elif given in _SYSTEM or given in api.parameters:
            values[given.removeprefix("$")] = text
        else:
            raise _unknown(given, legacy=api.legacy)
    _check_required(values, declared)
    return values


def _update_mask(api: Api, match: Match) -> dict[str, Schema]:
    # Some PATCH methods (Pub/Sub) describe the mask as a field of the body; the front end takes it in the query too.
    fields = api.schemas.get(match.spec.request, {}).get("properties", {})
    return {"updateMask": fields["updateMask"]} if match.spec.verb == "PATCH" and "updateMask" in fields else {}


def _take(values: dict[str, Any], name: str, text: str, schema: Schema, validator: Validator) -> None:
    if text == "" and schema.get("type") != "string":
        return
    if schema.get("type") == "boolean":
        value: Any = _boolean(name, text)
    else:
        value = validator.scalar(text, schema, name) if text else ""
    if schema.get("repeated"):
        values.setdefault(name, []).append(value)
    else:
        values[name] = value


def _boolean(name: str, text: str) -> bool:
    try:
        return _TRUE_FALSE[text.lower()]
    except KeyError:
        raise invalid_argument(f"Invalid value at '{name}' (TYPE_BOOL), \"{text}\"") from None


def _unknown(name: str, *, legacy: bool) -> ApiError:
    if legacy:
        return ApiError(
            "INVALID_ARGUMENT",
            f"Unknown parameter: {name}",
            reason="invalidParameter",
            location=name,
            location_type="parameter",
        )
    text = (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )
    return invalid_argument(text, ("", text))


def _check_required(values: dict[str, Any], declared: dict[str, Schema]) -> None:
    for name, schema in declared.items():
        if schema.get("required") and not values.get(name):
            raise _required(name)


def _required(name: str) -> ApiError:
    return ApiError(
        "INVALID_ARGUMENT",
        f"Required parameter: {name}",
        reason="required",
        location=name,
        location_type="parameter",
    )
