"""Known secret values never leave the room: they are replaced in every line before anybody sees it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

PLACEHOLDER = "(redacted)"
_SHORTEST = 8
"""Shorter values would blacken ordinary words."""

_SECRET_NAMES = ("TOKEN", "SECRET", "PASSWORD", "CREDENTIALS", "PRIVATE_KEY", "API_KEY")


class Redactor:
    """Replaces a fixed set of values; longer ones first, so that no rest of one shows."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take the values as they are; the form that JSON gives them is replaced too."""
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text without the values."""
        for form in self._forms:
            text = text.replace(form, PLACEHOLDER)
        return text


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of an environment whose names say that they are secret; paths are not."""
    return tuple(
        value
        for name, value in environment.items()
        if any(part in name.upper() for part in _SECRET_NAMES) and not value.startswith("/")
    )


def _forms(secret: str) -> set[str]:
    lines = {line for line in secret.splitlines() if len(line) >= _SHORTEST}
    return {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], *lines}
