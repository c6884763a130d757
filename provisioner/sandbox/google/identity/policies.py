"""IAM allow policies: one document per resource, changed by read-modify-write.

https://cloud.google.com/iam/docs/reference/rest/v1/Policy. A policy is kept under the full name of its resource
(``//run.googleapis.com/projects/p/locations/l/services/s``), projects by id. A resource without one has the etag
``ACAB``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.auditlog import keep_audit_configs
from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.identity.bindings import accepted_bindings, has_conditions
from provisioner.sandbox.google.wire import check_etag, fresh_etag, parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
POLICIES = "google/iam.policies"  # by full resource name
_NAMED = "google/iam.members"  # "<member> <full resource name>" of every member that a policy names or named
EMPTY_ETAG = "ACAB"
CONDITIONAL_VERSION = 3
_DEFAULT_MASK = frozenset(("bindings", "etag", "version"))
_VERSIONS = (0, 1, CONDITIONAL_VERSION)


def read_policy(tx: Transaction, name: str, version: int = 1) -> Json:
    """Return the policy of a resource as a client sees it that asked for a version.

    Below version 3 conditions are hidden and their roles are marked ``_withcond_<hash>``, so that nobody writes them
    back by accident.
    """
    if version not in _VERSIONS:
        raise invalid_argument(f"Requested policy version {version} is invalid. Valid values are 0, 1, and 3.")
    kept = tx.get(POLICIES, name)
    if kept is None:
        return {"etag": EMPTY_ETAG}
    shown = {key: kept[key] for key in ("auditConfigs", "bindings", "etag") if kept.get(key)}
    bindings = kept["bindings"]
    if has_conditions(bindings) and version < CONDITIONAL_VERSION:
        return shown | {"bindings": [_without_condition(binding) for binding in bindings], "version": 1}
    return shown | {"version": CONDITIONAL_VERSION if has_conditions(bindings) else 1}


def write_policy(  # noqa: PLR0913 - a policy write has this many facts
    tx: Transaction,
    name: str,
    policy: Mapping[str, Any],
    *,
    now: datetime,
    mask: frozenset[str] = frozenset(),
    propagation_seconds: float = 0,
) -> Json:
    """Replace the policy of a resource; return it with its new etag.

    ``mask`` names the fields to take (``bindings``, ``etag``, ``auditConfigs``; empty means the first two). Raises
    ApiError ABORTED for a stale etag, INVALID_ARGUMENT for members, roles, conditions or versions that are not valid.
    """
    kept = tx.get(POLICIES, name) or {"bindings": [], "etag": EMPTY_ETAG}
    check_etag(policy.get("etag", ""), kept["etag"])
    fields = mask or _DEFAULT_MASK
    bindings = kept["bindings"]
    if "bindings" in fields:
        bindings = accepted_bindings(tx, policy.get("bindings") or [], _members(kept["bindings"]))
        _check_version(policy.get("version", 0), kept["bindings"], bindings)
    audit = policy.get("auditConfigs") if "auditConfigs" in fields else kept.get("auditConfigs")
    changed = kept | {"bindings": bindings, "auditConfigs": audit or []}
    keep_audit_configs(tx, name, changed["auditConfigs"])
    _keep(tx, name, changed, now, timedelta(seconds=propagation_seconds))
    return read_policy(tx, name, CONDITIONAL_VERSION)


def grant(tx: Transaction, name: str, role: str, members: Iterable[str], now: datetime) -> None:
    """Add members to a role at once: what a service itself grants (a creator becomes owner)."""
    kept = tx.get(POLICIES, name) or {"bindings": [], "etag": EMPTY_ETAG}
    added = {"role": role, "members": list(members)}
    bindings = accepted_bindings(tx, [*kept["bindings"], added], _members(kept["bindings"]))
    _keep(tx, name, kept | {"bindings": bindings}, now)


def delete_policy(tx: Transaction, name: str) -> None:
    """Forget the policy of a resource that is gone."""
    _forget_members(tx, name, tx.get(POLICIES, name))
    keep_audit_configs(tx, name, [])
    tx.delete(POLICIES, name)


def effective_bindings(tx: Transaction, name: str, now: datetime) -> list[Json]:
    """Return the bindings that count at an instant: a change takes ``propagation_seconds`` to arrive."""
    kept = tx.get(POLICIES, name)
    return _effective(kept["revisions"], now)["bindings"] if kept else []


def rename_member(tx: Transaction, old: str, new: str) -> None:
    """Rewrite a member in every policy (a deleted account becomes ``deleted:…?uid=…``, and back)."""
    for entry, _ in list(tx.scan(_NAMED, f"{old} ")):
        name = entry.removeprefix(f"{old} ")
        kept = tx.get(POLICIES, name)
        if kept is not None:
            _put(tx, name, _renamed(kept, old, new), kept)


def _keep(tx: Transaction, name: str, changed: Document, now: datetime, delay: timedelta = timedelta()) -> None:
    """Write a changed policy; its bindings count after the delay, those that count now are kept until then."""
    revisions = changed.get("revisions") or []
    current = _effective(revisions, now)
    later = [revision for revision in revisions if revision["from"] > current["from"]]
    newest = {"from": timestamp(now + delay), "bindings": changed["bindings"]}
    made = changed | {"etag": fresh_etag(tx), "revisions": [current, *later, newest]}
    _put(tx, name, made, tx.get(POLICIES, name))


def _put(tx: Transaction, name: str, made: Document, before: Document | None) -> None:
    """Write a policy and, under each member, where it is named: a deleted account is renamed in every policy."""
    new, old = _everybody(made), _everybody(before)
    for member in new - old:
        tx.put(_NAMED, f"{member} {name}", {})
    for member in old - new:
        tx.delete(_NAMED, f"{member} {name}")
    tx.put(POLICIES, name, made)


def _forget_members(tx: Transaction, name: str, kept: Document | None) -> None:
    for member in _everybody(kept):
        tx.delete(_NAMED, f"{member} {name}")


def _everybody(kept: Document | None) -> frozenset[str]:
    """Return the members of a policy, of its earlier revisions too."""
    if kept is None:
        return frozenset()
    return _members(kept["bindings"]).union(*(_members(revision["bindings"]) for revision in kept["revisions"]))


def _effective(revisions: list[Json], now: datetime) -> Json:
    arrived = [revision for revision in revisions if not revision["from"] or parse_timestamp(revision["from"]) <= now]
    return arrived[-1] if arrived else {"from": "", "bindings": []}


def _members(bindings: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(member for binding in bindings for member in binding["members"])


def _check_version(version: int, old: list[Json], new: list[Json]) -> None:
    if version not in _VERSIONS:
        raise invalid_argument(f"Specified policy version {version} is invalid. Valid values are 0, 1, and 3.")
    if version < CONDITIONAL_VERSION and (has_conditions(old) or has_conditions(new)):
        raise invalid_argument(
            f"Specified policy version ({version}) cannot contain conditional role bindings. Conditional role "
            "bindings are only supported in policies with version greater than or equal to 3."
        )


def _without_condition(binding: Json) -> Json:
    if "condition" not in binding:
        return binding
    digest = hashlib.sha256(json.dumps(binding["condition"], sort_keys=True).encode()).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{digest}", "members": binding["members"]}


def _renamed(kept: Document, old: str, new: str) -> Document:
    def rename(bindings: list[Json]) -> list[Json]:
        return [
            binding | {"members": sorted(new if member == old else member for member in binding["members"])}
            for binding in bindings
        ]

    revisions = [revision | {"bindings": rename(revision["bindings"])} for revision in kept["revisions"]]
    return kept | {"bindings": rename(kept["bindings"]), "revisions": revisions}
