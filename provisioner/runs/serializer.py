"""How the durable engine writes values: JSON only, never pickle, and errors as their parts."""

from __future__ import annotations

import json
from typing import Any

from dbos import Serializer

from provisioner import errors
from provisioner.errors import ProvisionError

_ERROR = "$error"


class JsonSerializer(Serializer):
    """JSON documents and our own errors; any other value is a mistake and raises TypeError."""

    def serialize(self, data: Any) -> str:  # noqa: ANN401 - the engine passes what steps return
        """Return the JSON text."""
        return json.dumps(data, default=_encode, ensure_ascii=False)

    def deserialize(self, serialized_data: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Return the value; an error comes back as its own class."""
        return json.loads(serialized_data, object_hook=_decode)

    def name(self) -> str:
        """Name the format in the database."""
        return "provision_env_json_1"


def _encode(value: object) -> dict[str, Any]:
    if isinstance(value, ProvisionError):
        parts = {"reason": value.reason, "fix": value.fix, "where": value.where}
        problems = [_encode(each) for each in value.problems]
        return {_ERROR: _known_class(type(value)).__name__, **parts, "problems": problems}
    if isinstance(value, BaseException):
        return _encode(ProvisionError(f"unexpected {type(value).__name__}: {value}"))
    raise TypeError(f"{type(value).__name__} does not belong into the database of runs")


def _known_class(kind: type[ProvisionError]) -> type[ProvisionError]:
    """Return the nearest class that lives in the errors module, which alone is part of the stored format."""
    for each in kind.__mro__:
        if issubclass(each, ProvisionError) and each.__name__ in vars(errors):
            return each
    return ProvisionError


def _decode(document: dict[str, Any]) -> Any:  # noqa: ANN401 - either the document or an error
    if _ERROR not in document:
        return document
    kind = getattr(errors, document[_ERROR], ProvisionError)
    parts = {name: document[name] for name in ("reason", "fix", "where")}
    return kind(parts.pop("reason"), **parts, problems=tuple(document["problems"]))
