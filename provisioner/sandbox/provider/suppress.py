"""Rules that hide a difference between state and configuration, as the real provider declares them per attribute."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from provisioner.sandbox.provider.columns import same_columns
from provisioner.sandbox.provider.values import UNKNOWN, Value, canonical, is_zero

_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_CASELESS_MEMBERS: Final = ("user:", "serviceaccount:", "group:", "domain:")


def hidden(rule: str | None, old: Value, new: Value) -> bool:
    """Tell whether the named rule takes both values for the same; an unknown is never the same."""
    if rule is None or new is UNKNOWN or old is UNKNOWN:
        return False
    return _RULES[rule](old, new)


def normal_member(member: str) -> str:
    """Return an IAM member as Google stores it: mail addresses in lower case, principals as written.

    ``deleted:`` entries keep their unique id, which is what tells them apart.
    """
    kind, separator, rest = member.partition(":")
    if kind == "deleted" and separator:
        return f"deleted:{normal_member(rest)}"
    if f"{kind.lower()}:" in _CASELESS_MEMBERS:
        return f"{kind}:{rest.lower()}"
    return member


def seconds(duration: str) -> float | None:
    """Return a duration such as ``30d`` or ``2592000s`` in seconds, None when it is not one."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", duration)
    return float(found[1]) * _UNIT_SECONDS[found[2]] if found else None


def in_seconds(duration: str) -> str:
    """Return ``30d`` as ``2592000s``, as the APIs want it; what is no whole duration stays."""
    found = re.fullmatch(r"(\d+)([mhd])", duration)
    return f"{int(found[1]) * _UNIT_SECONDS[found[2]]}s" if found else duration


def last_part(text: str) -> str:
    """Return what follows the last slash."""
    return text.rstrip("/").rsplit("/", 1)[-1]


def plain_json(text: str) -> str:
    """Return JSON without blanks and with sorted keys; what is no JSON stays."""
    try:
        return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    except ValueError:
        return text


def _same_case(old: Value, new: Value) -> bool:
    return str(old or "").lower() == str(new or "").lower()


def _same_duration(old: Value, new: Value) -> bool:
    return seconds(old or "") is not None and seconds(old or "") == seconds(new or "")


def _same_name(old: Value, new: Value) -> bool:
    return bool(old) and bool(new) and last_part(old) == last_part(new)


def _same_member(old: Value, new: Value) -> bool:
    return bool(old) and normal_member(old) == normal_member(new or "")


def _same_limits(old: Value, new: Value) -> bool:
    return all((old or {}).get(key) == value for key, value in (new or {}).items())


def _both_empty(old: Value, new: Value) -> bool:
    return is_zero(old) and is_zero(new)


def _same_bucket(old: Value, new: Value) -> bool:
    return (old or "").removeprefix("b/") == (new or "").removeprefix("b/")


def _absent_default(old: Value, new: Value) -> bool:
    return not new and old is not None


def _same_folder(old: Value, new: Value) -> bool:
    return (old or "").rstrip("/") == (new or "").rstrip("/")


def _same_project(old: Value, new: Value) -> bool:
    return (old or "").removeprefix("projects/") == (new or "").removeprefix("projects/")


def _disabled_or_absent(old: Value, new: Value) -> bool:
    def enabled(blocks: Value) -> bool:
        return bool(blocks) and bool(blocks[0].get("enabled"))

    return not enabled(old) and not enabled(new)


def _inactive(old: Value, new: Value) -> bool:
    def active(blocks: Value) -> bool:
        return bool(blocks) and blocks[0].get("mode") == "Enabled"

    return not active(old) and not active(new)


def _same_token(old: Value, new: Value) -> bool:
    """Ignore what the server filled in for a token that names the same account."""
    if not old or not new:
        return False
    same_account = old[0].get("service_account_email") == new[0].get("service_account_email")
    return same_account and not (new[0].get("audience") or new[0].get("scope"))


def _same_uri(old: Value, new: Value) -> bool:
    return (old or "").removesuffix("/") == (new or "").removesuffix("/")


def _same_json(old: Value, new: Value) -> bool:
    return "".join((old or "").split()) == "".join((new or "").split())


def _same_key(old: Value, new: Value) -> bool:
    return bool(new) and str(old or "").split("/cryptoKeyVersions/")[0] == new


def _same_policies(old: Value, new: Value) -> bool:
    return sorted(map(canonical, old or [])) == sorted(map(canonical, new or []))


def _same_connection(old: Value, new: Value) -> bool:
    """Take ``project.location.name`` and the full name of a connection for the same."""
    return bool(new) and _dotted(str(old or "")) == _dotted(str(new))


def _dotted(name: str) -> str:
    parts = name.split("/")
    return ".".join(parts[1::2]) if parts[::2] == ["projects", "locations", "connections"] else name


def _same_document(old: Value, new: Value) -> bool:
    """Compare only what the new document says; keys that the server added do not count."""
    try:
        return bool(old and new) and _says_all(json.loads(old), json.loads(new))
    except ValueError:
        return False


def _says_all(old: Value, new: Value) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        wanted = {key: part for key, part in new.items() if part is not None}
        return wanted.keys() <= old.keys() and all(_says_all(old[key], part) for key, part in wanted.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_says_all, old, new))
    return bool(old == new)


def _same_user(old: Value, new: Value) -> bool:
    """MySQL and service accounts lose the domain of an address that logs in by IAM."""
    kept = (new or "").partition("@")[0], (new or "").removesuffix(".gserviceaccount.com")
    return bool(old) and old in kept


def _same_link(old: Value, new: Value) -> bool:
    return _relative(old) == _relative(new)


def _relative(link: Value) -> str:
    return re.sub(r"^https://[^/]+/compute/[^/]+/", "", link or "")


def _never(_old: Value, _new: Value) -> bool:
    return False


_RULES: Final[Mapping[str, Callable[[Value, Value], bool]]] = {
    "case": _same_case,
    "duration": _same_duration,
    "name": _same_name,
    "member": _same_member,
    "limits": _same_limits,
    "empty": _both_empty,
    "bucket": _same_bucket,
    "absent": _absent_default,
    "folder": _same_folder,
    "project": _same_project,
    "disabled": _disabled_or_absent,
    "inactive": _inactive,
    "uri": _same_uri,
    "json": _same_json,
    "key": _same_key,
    "policies": _same_policies,
    "attributes": lambda old, new: not new and set(old or {}) <= {"x-goog-version"},
    "reducer": lambda old, new: {old or "", new or ""} <= {"", "REDUCE_NONE"},
    "audience": _same_token,
    "scope": _same_token,
    "stage": lambda old, new: not new and old == "ALPHA",
    "special": _never,
    "columns": same_columns,
    "connection": _same_connection,
    "document": _same_document,
    "spaces": lambda old, new: (old or "").strip() == (new or "").strip(),
    "newer": lambda old, new: bool(old and new) and old > new,
    "user": _same_user,
    "built_in": lambda old, new: {old or "", new or ""} <= {"", "BUILT_IN"},
    "link": _same_link,
}
