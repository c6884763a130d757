"""Which types there are: what a plan says of Google's provider held against what that provider has ever had.

The list covers its versions from FIRST to LAST. A newer version may have types that are not on it; whether a plan can
come from one is read from the version constraints that the plan carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_HOST = "registry.terraform.io/hashicorp/"
_GOOGLE = frozenset({f"{_HOST}google", f"{_HOST}google-beta"})
_BUILT_IN = "terraform.io/builtin/terraform"
_OF_TERRAFORM = frozenset({"terraform_data", "data.terraform_remote_state"})
_FILE = Path(__file__).with_name("google_types.txt")
_TERM = re.compile(r"(=|!=|>|>=|<|<=|~>)?\s*v?([0-9]+(?:\.[0-9]+){0,2})")

FIRST, LAST = (5, 0, 0), (8, 7, 0)
_NEWER = (LAST[0], LAST[1] + 1, 0)
"""The first version that may add types: a patch release adds none."""

Version = tuple[int, int, int]


@cache
def google_types() -> frozenset[str]:
    """Return the types of Google's providers, those of data sources with ``data.`` before them."""
    lines = _FILE.read_text(encoding="ascii").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def is_known(provider: str, mode: str, type_: str) -> bool:
    """Tell whether a provider has the type, as far as we know: of providers without a list, every type is known."""
    name = f"data.{type_}" if mode == "data" else type_
    if provider == _BUILT_IN:
        return name in _OF_TERRAFORM
    return provider not in _GOOGLE or name in google_types()


def may_be_real(provider: str, type_: str, configuration: Mapping[str, Any]) -> bool:
    """Tell whether a type that is not known may come from a version of the provider that we do not know.

    No version of Google's has types of another prefix. A plan without constraints gives no reason to believe so.
    """
    if provider not in _GOOGLE or not type_.startswith("google_"):
        return False
    terms = list(_terms(provider, configuration))
    return bool(terms) and (_reaches_up(terms) or _reaches_down(terms))


def _terms(provider: str, configuration: Mapping[str, Any]) -> Iterator[tuple[str, Version, int]]:
    """Yield operator, version and how many parts of it were written, of every constraint on the provider."""
    configured = configuration.get("provider_config")
    for each in configured.values() if isinstance(configured, dict) else ():
        if isinstance(each, dict) and each.get("full_name", f"{_HOST}{each.get('name')}") == provider:
            for part in str(each.get("version_constraint") or "").split(","):
                found = _TERM.fullmatch(part.strip())
                if found is not None:
                    numbers = [int(number) for number in found[2].split(".")]
                    major, minor, patch = [*numbers, 0, 0][:3]
                    yield found[1] or "=", (major, minor, patch), len(numbers)


def _reaches_up(terms: list[tuple[str, Version, int]]) -> bool:
    for operator, version, parts in terms:
        if operator in {"=", "<="} and version < _NEWER:
            return False
        if operator == "<" and version <= _NEWER:
            return False
        if operator == "~>" and _end(version, parts) <= _NEWER:
            return False
    return True


def _reaches_down(terms: list[tuple[str, Version, int]]) -> bool:
    return not any(operator in {"=", ">", ">=", "~>"} and version >= FIRST for operator, version, _ in terms)


def _end(version: Version, parts: int) -> Version:
    """Return the first version that ``~>`` leaves out: all but the last written part stay as they are."""
    major, minor, _ = version
    return (major, minor + 1, 0) if parts == 3 else (major + 1, 0, 0)  # noqa: PLR2004 - major, minor, patch
