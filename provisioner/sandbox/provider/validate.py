"""Checks of a configuration that the types alone do not make.

``match=`` names a pattern, ``in=A|B`` an enumeration; ``choice=`` (exactly one), ``clash=`` (at most one), ``any=``
(at least one) group fields of one level by a name; ``with=`` names a field that must be there too. Unknown values are
not judged.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from provisioner.sandbox.provider.errors import ProviderError
from provisioner.sandbox.provider.fields import Field
from provisioner.sandbox.provider.plan import Path
from provisioner.sandbox.provider.values import UNKNOWN, Value

_MEMBER: Final = (
    r"(?:deleted:)?(?:user|serviceAccount|group|domain|principal(?:Set|Hierarchy)?|project(?:Owner|Editor|Viewer)):.+"
    r"|allUsers|allAuthenticatedUsers|iamMember:.+"
)
_PATTERNS: Final[Mapping[str, tuple[str, str]]] = {
    "account_id": (r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])", "6-30 lower-case letters, digits and dashes, first a letter"),
    "pool_id": (r"(?!gcp-)[0-9a-z-]{4,32}", "4-32 of [a-z0-9-], not starting with gcp-"),
    "service": (r"[a-z0-9.-]+\.[a-z]+", "the name of a service, as in run.googleapis.com"),
    "member": (_MEMBER, "one of user:, serviceAccount:, group:, domain:, principal:, principalSet:, allUsers"),
    "project_id": (r"[a-z](?:[-a-z0-9.:]{4,61}[a-z0-9])", "6-30 lower-case letters, digits and dashes"),
    "project_name": (
        r"[-A-Za-z0-9 '\"!]{4,30}",
        "4 to 30 letters, digits, hyphens, quotes, spaces, exclamation points",
    ),
    "role_id": (r"[a-zA-Z0-9_.]{3,64}", "3-64 letters, digits, underscores and periods"),
    "folder": (r"[^/].*/", "a name that ends with a slash and does not start with one"),
    "account_name": (
        r"projects/(?:[^/]+)/serviceAccounts/[^/]+",
        "the full name projects/PROJECT/serviceAccounts/EMAIL",
    ),
    "short_text": (r"(?s).{0,256}", "at most 256 characters"),
    "dataset_id": (r"[0-9A-Za-z_]{1,1024}", "letters, digits and underscores, at most 1024"),
    "seconds": (r"[0-9]+(?:\.[0-9]{1,9})?s", "a number of seconds, as in 300s"),
}


def problems(fields: tuple[Field, ...], config: Mapping[str, Value], parent: Path = ()) -> list[ProviderError]:
    """Return every problem of a configuration, each with its path."""
    found: list[ProviderError] = [
        *_group_problems(fields, config, parent),
        *_lonely(fields, config, parent),
    ]
    for field in fields:
        value = config.get(field.name)
        if value is not None and value is not UNKNOWN:
            found += _field_problems(field, value, (*parent, field.name))
    return found


def _field_problems(field: Field, value: Value, path: Path) -> list[ProviderError]:
    if field.is_block:
        return _block_problems(field, value, path)
    if "unsupported" in field.flags:
        return [_unsupported(field, path)]
    return [*_enumeration(field, value, path), *_pattern(field, value, path), *_length(field, value, path)]


def _block_problems(field: Field, blocks: list[Value], path: Path) -> list[ProviderError]:
    if blocks and "unsupported" in field.flags:
        return [_unsupported(field, path)]
    known = [(at, block) for at, block in enumerate(blocks) if isinstance(block, dict)]
    return [
        problem
        for at, block in known
        for problem in problems(field.parts, block, path if field.is_set else (*path, at))
    ]


def _unsupported(field: Field, path: Path) -> ProviderError:
    return ProviderError(
        f"{field.name} is not part of the sandbox's stand-in provider",
        "The real hashicorp/google provider has this argument. Use --provider registry to run the real one against the "
        "sandbox, or leave the argument out.",
        path,
    )


def _enumeration(field: Field, value: Value, path: Path) -> Iterator[ProviderError]:
    allowed = field.flags.get("in", "").split("|")
    if allowed != [""] and value not in allowed:
        yield ProviderError(f"expected {field.name} to be one of {allowed}, got {value}".replace("'", '"'), path=path)


def _pattern(field: Field, value: Value, path: Path) -> Iterator[ProviderError]:
    name = field.flags.get("match")
    if name and not re.fullmatch(_PATTERNS[name][0], value):
        yield ProviderError(f'invalid value for {field.name} ("{value}")', f"Expected {_PATTERNS[name][1]}.", path)


def _length(field: Field, value: Value, path: Path) -> Iterator[ProviderError]:
    limit = int(field.flags.get("max", "0"))
    if limit and isinstance(value, list) and len(value) > limit:
        yield ProviderError(f"Too many list items: {field.name} allows {limit}, there are {len(value)}", path=path)


def _group_problems(fields: tuple[Field, ...], config: Mapping[str, Value], parent: Path) -> Iterator[ProviderError]:
    for kind, judge in _JUDGES.items():
        groups: dict[str, list[Field]] = defaultdict(list)
        for field in fields:
            for name in filter(None, field.flags.get(kind, "").split(",")):
                groups[name].append(field)
        for members in groups.values():
            values = [config.get(member.name) for member in members]
            given = [member.name for member, value in zip(members, values, strict=True) if _given(value)]
            complaint = judge(len(given), len(members))
            if complaint and not any(value is UNKNOWN for value in values):
                names = ",".join(f"`{member.name}`" for member in members)
                yield ProviderError(
                    "Invalid combination of arguments",
                    f"{complaint} of {names} {_given_text(given)}",
                    (*parent, (given or [members[0].name])[0]),
                )


def _lonely(fields: tuple[Field, ...], config: Mapping[str, Value], parent: Path) -> Iterator[ProviderError]:
    for field in fields:
        other = field.flags.get("with")
        if other and _given(config.get(field.name)) and not _given(config.get(other)):
            text = f"`{field.name}`: all of `{field.name},{other}` must be specified"
            yield ProviderError("Missing required argument", text, (*parent, field.name))


def _given(value: Value) -> bool:
    return value not in (None, []) and value != ""


def _given_text(given: list[str]) -> str:
    names = ",".join(f"`{name}`" for name in given)
    return f"must be specified; {names or 'none'} were given."


def _exactly_one(given: int, _all: int) -> str | None:
    return None if given == 1 else "exactly one"


def _at_most_one(given: int, _all: int) -> str | None:
    return "at most one" if given > 1 else None


def _at_least_one(given: int, _all: int) -> str | None:
    return None if given else "at least one"


_JUDGES: Final = {"choice": _exactly_one, "clash": _at_most_one, "any": _at_least_one}
