"""Pull requests as stored, and how far their branches are. Head and base may be in two repositories of a network."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.sandbox.github import bare, issues, repositories
from provisioner.sandbox.github.bare import GitRefused, Repository
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.errors import not_found
from provisioner.sandbox.store import Document

PULLS = "github/pulls"


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request: the issue it also is, and its own record (branches, reviews, merge)."""

    issue: Document
    record: Document

    @property
    def is_open(self) -> bool:
        """Tell whether it is neither closed nor merged."""
        return bool(self.issue["state"] == "open")


def put(call: Call, record: Document) -> None:
    """Write a pull request's own record."""
    call.tx.put(PULLS, f"{call.repository['id']}/{record['number']:08}", record)


def get(call: Call, number: str) -> Pull:
    """Return a pull request. Raises GithubError (404)."""
    record = call.tx.get(PULLS, f"{call.repository['id']}/{number.zfill(8)}")
    if record is None:
        raise not_found()
    return Pull(issues.get(call, number), record)


def listed(call: Call) -> list[Pull]:
    """Return all pull requests, newest first."""
    rows = [record for _, record in call.tx.scan(PULLS, f"{call.repository['id']}/")][::-1]
    return [Pull(issues.get(call, str(record["number"])), record) for record in rows]


def head_repository(call: Call, record: Document) -> Document | None:
    """Return the repository a head is in, None when it is gone."""
    number = record.get("head_repository_id") or call.repository["id"]
    return call.repository if number == call.repository["id"] else repositories.by_id(call.tx, number)


def is_from_fork(call: Call, record: Document) -> bool:
    """Tell whether the head is in another repository than the base."""
    return bool(record.get("head_repository_id", call.repository["id"]) != call.repository["id"])


def tips(git: Repository, pull: Pull) -> tuple[str, str]:
    """Return the commits of base and head: the branches' while it is open, those of its end afterwards."""
    record = pull.record
    if not pull.is_open:
        return record["base_sha"], record["head_sha"]
    base = git.resolve(f"refs/heads/{record['base']}") or record["base_sha"]
    return base, git.resolve(f"refs/pull/{record['number']}/head") or record["head_sha"]


def bring_head(call: Call, git: Repository, record: Document) -> str | None:
    """Fetch the head's branch into ``refs/pull/<number>/head`` of the base; return it, None when it is gone."""
    source = head_repository(call, record)
    if source is None:
        return None
    sha = bare.opened(call.world.folder, source["id"]).resolve(f"refs/heads/{record['head']}")
    if sha is None:
        return None
    if source["id"] != call.repository["id"]:
        fetch_from(call, git, source, sha)
    git.run("update-ref", f"refs/pull/{record['number']}/head", sha)
    return sha


def fetch_from(call: Call, git: Repository, source: Document, sha: str) -> None:
    """Copy a commit and what it leads to from another repository of the network."""
    place = bare.path_of(call.world.folder, source["id"])
    git.run(
        "-c", "protocol.file.allow=always", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(place), sha
    )


def merged_tree(git: Repository, base: str, head: str) -> str | None:
    """Return the tree that merging gives, None when there are conflicts."""
    try:
        return git.text("merge-tree", "--write-tree", base, head).splitlines()[0]
    except GitRefused:
        return None


def fork_point(git: Repository, base: str, head: str) -> str:
    """Return where the head left the base."""
    try:
        return git.text("merge-base", base, head)
    except GitRefused:
        return base
