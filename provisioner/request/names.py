"""Names derived from team, environment and key: the same input always gives the same name.

A name that would be longer than its owner (Google, GitHub) allows is cut, and a stable hash of the whole
keeps it apart from every other one. Limits and alphabets are those of Google's IAM, Cloud Storage, Artifact
Registry, Cloud Run and Resource Manager reference pages and of GitHub's account rules.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.request.resolve import EnvironmentSpec, Team

PLATFORM_TEAM = "provision-env"
"""The name under which the platform itself is run; no team may take it."""

ACCOUNT_ID_LIMIT = 30
POOL_ID_LIMIT = 32
BUCKET_LIMIT = 63
REGISTRY_LIMIT = 63
SERVICE_LIMIT = 49

_HASH_LENGTH = 6

_PROJECT_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_ACCOUNT_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_POOL_ID = re.compile(r"[a-z][a-z0-9-]{2,30}[a-z0-9]")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]")
_REGISTRY = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_SERVICE = re.compile(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{0,30}")
_RESERVED_IN_PROJECTS = ("google", "null", "undefined", "ssl")
_RESERVED_ENVIRONMENTS = ("github", "links")
_LIKE_GOOGLE = re.compile(r"g[o0]{2}g[l1i]e")


@dataclass(frozen=True, slots=True)
class DerivedName:
    """A name that follows from a request.

    ``what`` says of what; ``shortened`` that it does not stand in full but carries a hash; ``problem`` why Google
    would refuse it. ``collection`` and ``key`` lead to the part of the request, where it is the name of one.
    """

    environment: str
    what: str
    name: str
    shortened: bool
    problem: str | None = None
    collection: str = ""
    key: str | None = None


def derived_names(team: Team) -> tuple[DerivedName, ...]:
    """Return every name that the team's resources will have, environment by environment."""
    return tuple(name for spec in team.environments for name in _names_of(spec))


def stable_hash(parts: Sequence[str]) -> str:
    """Return six letters or digits (base32, lower case) that depend on every part and its place."""
    digest = hashlib.blake2s("\0".join(parts).encode(), digest_size=5).digest()
    return base64.b32encode(digest).decode().lower()[:_HASH_LENGTH]


def bounded(parts: Sequence[str], limit: int, *, suffix: str = "", salted: bool = False) -> str:
    """Join ``parts`` with hyphens and keep the whole, ``suffix`` included, within ``limit`` characters.

    A longer name loses its tail and gets a hash of all parts. ``salted`` adds the hash always: where teams
    share a project, ``a-b`` + ``c`` and ``a`` + ``b-c`` must not meet.
    """
    whole = "-".join(parts)
    if not salted and len(whole) + len(suffix) <= limit:
        return whole + suffix
    room = limit - len(suffix) - _HASH_LENGTH - 1
    return f"{whole[:room].rstrip('-')}-{stable_hash(parts)}{suffix}"


def project_id_problem(text: str) -> str | None:
    """Say what is wrong with a project id, or None."""
    if not _PROJECT_ID.fullmatch(text):
        return (
            "a project id has 6-30 lower-case letters, digits and hyphens, starts with a letter, ends without a hyphen"
        )
    reserved = next((word for word in _RESERVED_IN_PROJECTS if word in text), None)
    return f"Google reserves project ids that contain '{reserved}'" if reserved else None


def environment_problem(text: str) -> str | None:
    """Say what is wrong with an environment's name, or None."""
    if not _ENVIRONMENT.fullmatch(text):
        return "an environment's name has 1-31 lower-case letters, digits and hyphens and starts with a letter"
    if text == "github" or text.startswith("github-"):
        return "GitHub reserves variable names that start with GITHUB_"
    return "the name is taken by the root that links environments" if text in _RESERVED_ENVIRONMENTS else None


def account_id_problem(text: str) -> str | None:
    """Say what is wrong with a service account id, or None."""
    if _ACCOUNT_ID.fullmatch(text):
        return None
    return "a service account id has 6-30 lower-case letters, digits and hyphens and starts with a letter"


def pool_id_problem(text: str) -> str | None:
    """Say what is wrong with a workload identity pool id, or None."""
    if not _POOL_ID.fullmatch(text):
        return "a pool id has 4-32 lower-case letters, digits and hyphens and starts with a letter"
    return "Google reserves pool ids that start with 'gcp-'" if text.startswith("gcp-") else None


def bucket_problem(text: str) -> str | None:
    """Say what is wrong with a bucket's name, or None."""
    if not _BUCKET.fullmatch(text):
        return "a bucket's name has 3-63 lower-case letters, digits, hyphens, underscores and dots"
    if text.startswith("goog") or _LIKE_GOOGLE.search(text):
        return "Google reserves bucket names that start with 'goog' or look like 'google'"
    return None


def registry_problem(text: str) -> str | None:
    """Say what is wrong with an Artifact Registry repository id, or None."""
    return None if _REGISTRY.fullmatch(text) else "a registry's name has 1-63 lower-case letters, digits and hyphens"


def service_problem(text: str) -> str | None:
    """Say what is wrong with a Cloud Run service's name, or None."""
    return None if _SERVICE.fullmatch(text) else "a service's name has 1-49 lower-case letters, digits and hyphens"


def _names_of(spec: EnvironmentSpec) -> Iterator[DerivedName]:
    for kind in ("plan", "deploy", "runtime"):
        account = spec.account_id(kind)
        yield _derived(spec, f"{kind} account", account, f"{spec.names.root}-{kind}", account_id_problem)
    yield _derived(spec, "workload identity pool", spec.names.pool, f"{spec.names.root}-gh", pool_id_problem)
    for bucket in spec.buckets:
        whole = f"{spec.project}-{spec.names.root}-{bucket.key}"
        yield _derived(spec, "bucket", bucket.name, whole, bucket_problem, ("buckets", bucket.key))
    for registry in spec.registries:
        whole = f"{spec.names.root}-{registry.key}"
        yield _derived(spec, "registry", registry.name, whole, registry_problem, ("registries", registry.key))
    for service in spec.services:
        whole = f"{spec.names.root}-{service.key}"
        yield _derived(spec, "service", service.name, whole, service_problem, ("services", service.key))


def _derived(  # noqa: PLR0913, PLR0917 - one row of a table
    spec: EnvironmentSpec,
    what: str,
    name: str,
    whole: str,
    problem: Callable[[str], str | None],
    part: tuple[str, str] | None = None,
) -> DerivedName:
    collection, key = part or ("", None)
    return DerivedName(spec.name, what, name, name != whole, problem(name), collection, key)
