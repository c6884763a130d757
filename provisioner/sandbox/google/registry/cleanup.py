"""Cleanup policies: what a repository deletes by itself, once a day.

https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy. A version goes when a DELETE policy meets
it and no KEEP policy does; with ``cleanupPolicyDryRun`` nothing goes. The parts of an index that stays, stay too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.registry import artifacts
from provisioner.sandbox.google.services import docker_images
from provisioner.sandbox.google.services.docker_images import REPOSITORIES, Image
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
_STATE = "google/artifactregistry.cleanup"  # "next" -> {"due"}
_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of either kind: a manifest (its digest) or a generic version."""

    package: str
    name: str
    tags: tuple[str, ...]
    uploaded: datetime
    docker: bool


def clean_repositories(world: World) -> datetime | None:
    """Do what is due; return when to come again, None while no repository has a policy."""
    now = world.clock.now()
    with world.store.transaction() as tx:
        wanted = [found for _, found in tx.scan(REPOSITORIES) if found.get("cleanupPolicies")]
        if not wanted:
            tx.delete(_STATE, "next")
            return None
        kept = tx.get(_STATE, "next")
        due = parse_timestamp(kept["due"]) if kept else now + _EVERY
        if kept is not None and due <= now:
            for repository in wanted:
                clean(tx, repository, now)
            due = now + _EVERY
        tx.put(_STATE, "next", {"due": timestamp(due)})
    return due


def clean(tx: Transaction, repository: Document, now: datetime) -> list[Version]:
    """Delete what the policies of a repository say; return what went (or, in a dry run, would go)."""
    found = list(_versions(tx, repository["name"]))
    policies = list(repository["cleanupPolicies"].values())
    kept = {each for each in found if any(_meets(policy, each, found, now) for policy in policies if _keeps(policy))}
    gone = [
        each
        for each in found
        if each not in kept and any(_meets(policy, each, found, now) for policy in policies if not _keeps(policy))
    ]
    gone = [each for each in gone if not _part_of_index(tx, repository["name"], each, gone)]
    if not repository.get("cleanupPolicyDryRun"):
        for each in gone:
            _delete(tx, repository["name"], each)
    return gone


def _versions(tx: Transaction, repository: str) -> Iterator[Version]:
    for manifest in docker_images.manifests(tx, repository):
        image = Image(repository, manifest["image"])
        tags = tuple(docker_images.tags_of(tx, image, manifest["digest"]))
        yield Version(image.name, manifest["digest"], tags, parse_timestamp(manifest["uploadTime"]), docker=True)
    for kept in artifacts.versions_of(tx, repository):
        yield Version(kept["package"], kept["version"], (), parse_timestamp(kept["createTime"]), docker=False)


def _keeps(policy: Mapping[str, Any]) -> bool:
    return bool(policy["action"] == "KEEP")


def _meets(policy: Mapping[str, Any], version: Version, among: list[Version], now: datetime) -> bool:
    if "mostRecentVersions" in policy:
        return _recent(policy["mostRecentVersions"], version, among)
    condition = policy["condition"]
    age = now - version.uploaded
    return bool(
        _tag_state(condition, version)
        and _begins(version.package, condition.get("packageNamePrefixes"))
        and _begins(version.name, condition.get("versionNamePrefixes"))
        and ("olderThan" not in condition or age > _span(condition["olderThan"]))
        and ("newerThan" not in condition or age < _span(condition["newerThan"]))
    )


def _recent(rule: Mapping[str, Any], version: Version, among: list[Version]) -> bool:
    if not _begins(version.package, rule.get("packageNamePrefixes")):
        return False
    own = [each for each in among if each.package == version.package]
    newest = sorted(own, key=lambda each: (each.uploaded, each.name), reverse=True)
    return version in newest[: int(rule.get("keepCount", 0))]


def _tag_state(condition: Mapping[str, Any], version: Version) -> bool:
    state = condition.get("tagState", "ANY")
    if state == "UNTAGGED":
        return not version.tags
    if state == "TAGGED" and not version.tags:
        return False
    prefixes = condition.get("tagPrefixes")
    return not prefixes or any(_begins(tag, prefixes) for tag in version.tags)


def _begins(text: str, prefixes: list[str] | None) -> bool:
    return not prefixes or text.startswith(tuple(prefixes))


def _span(text: str) -> timedelta:
    return timedelta(seconds=float(text.removesuffix("s")))


def _part_of_index(tx: Transaction, repository: str, version: Version, gone: list[Version]) -> bool:
    """Tell whether an index that stays names a manifest."""
    if not version.docker:
        return False
    names = {each.name for each in gone if each.package == version.package}
    for manifest in docker_images.manifests(tx, repository, version.package):
        if manifest["digest"] in names:
            continue
        document = json.loads(docker_images.get_blob(tx, repository, manifest["digest"]) or b"{}")
        if any(part.get("digest") == version.name for part in document.get("manifests") or ()):
            return True
    return False


def _delete(tx: Transaction, repository: str, version: Version) -> None:
    if version.docker:
        docker_images.forget_manifest(tx, Image(repository, version.package), version.name)
    else:
        artifacts.delete_version(tx, repository, version.package, version.name)
