"""The one pull request of an adoption: its branch, its commits, its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.repository.api import part
from provisioner.repository.setting import Target
from provisioner.repository.template import Files
from provisioner.repository.trees import Blob, Blobs, blobs, commit_tree, read_tree, write_tree

if TYPE_CHECKING:
    from provisioner.repository.adoption import Kept

BRANCH = "provision-env/adopt"
TITLE = "Add the standard files of provision-env"
_TRAILER = "Proposed-by: provision-env repo adopt, tree "
"""Before the id of the tree that we made: a commit that somebody amended keeps its message, and has another tree."""
_MESSAGE = f"{TITLE}\n\nFiles that the repository has stay as they are.\n\n{_TRAILER}"
_NEXT = (
    "Once this is merged, `provision-env repo bootstrap` sets environments, variables and rules; "
    "`provision-env repo verify` tells beforehand what it would change."
)
_MOST_COMMITS = 250  # as many as GitHub compares at once


@dataclass(frozen=True)
class Proposal:
    """A pull request into the default branch; ``found`` is the repository, ``base`` the commit it is made on."""

    target: Target
    found: dict[str, Any]
    base: str

    def settle(self, files: Files, kept: Sequence[Kept]) -> tuple[str, str | None, list[str]]:
        """Make branch and pull request hold exactly these files.

        Returns the state (see Adoption), the address, and the files that people changed on the branch, which stay.
        """
        request = self._open_request()
        if not files:
            return ("unchanged" if request else "nothing"), request["html_url"] if request else None, []
        moved, edited = self._branch(files)
        body = _body(self.target, files, kept)
        if request is None:
            return "opened", self._open(body), edited
        if request["body"] != body:
            self.target.api.write("PATCH", f"{self.target.path}/pulls/{request['number']}", {"body": body})
            moved = True
        return ("updated" if moved else "unchanged"), request["html_url"], edited

    def _branch(self, files: Files) -> tuple[bool, list[str]]:
        """Bring the branch up to date; tells whether it was moved, and what people changed there."""
        reference = self.target.api.find(f"{self.target.path}/git/ref/heads/{BRANCH}")
        if reference is None:
            body = {"ref": f"refs/heads/{BRANCH}", "sha": self._commit(self.base, files)}
            self.target.api.write("POST", f"{self.target.path}/git/refs", body)
            return True, []
        head = reference["object"]["sha"]
        compared = self.target.api.get(f"{self.target.path}/compare/{self.base}...{part(head)}")
        there = read_tree(self.target.api, self.target.path, head)
        if not _all_ours(compared):
            return self._beside(files, head, there)
        before = read_tree(self.target.api, self.target.path, compared["merge_base_commit"]["sha"])
        if _changed(before, there) == blobs(files):
            return False, []
        self._move(self._commit(self.base, files), force=True)
        return True, []

    def _beside(self, files: Files, head: str, there: Blobs) -> tuple[bool, list[str]]:
        """Add to what people committed on the branch; a file that is there belongs to them now."""
        wanted = blobs(files)
        lacking = {path: content for path, content in files.items() if path not in there}
        if lacking:
            self._move(self._commit(head, lacking), force=False)
        return bool(lacking), [path for path in files if path in there and there[path] != wanted[path]]

    def _commit(self, parent: str, files: Files) -> str:
        api, path = self.target.api, self.target.path
        tree = write_tree(api, path, parent, files)
        return commit_tree(api, path, parent, tree, f"{_MESSAGE}{tree}\n")

    def _move(self, commit: str, *, force: bool) -> None:
        body = {"sha": commit, "force": force}
        self.target.api.write("PATCH", f"{self.target.path}/git/refs/heads/{BRANCH}", body)

    def _open_request(self) -> dict[str, Any] | None:
        owner, base = self.found["owner"]["login"], part(self.found["default_branch"])
        path = f"{self.target.path}/pulls?state=open&head={owner}:{BRANCH}&base={base}"
        rows: list[dict[str, Any]] = self.target.api.get(path)
        return rows[0] if rows else None

    def _open(self, body: str) -> str:
        request = {"title": TITLE, "head": BRANCH, "base": self.found["default_branch"], "body": body}
        return str(self.target.api.write("POST", f"{self.target.path}/pulls", request)["html_url"])


def _all_ours(compared: dict[str, Any]) -> bool:
    commits = [each["commit"] for each in compared["commits"]]
    return len(commits) < _MOST_COMMITS and all(f"{_TRAILER}{c['tree']['sha']}" in c["message"] for c in commits)


def _changed(before: Blobs, after: Blobs) -> dict[str, Blob | None]:
    return {path: after.get(path) for path in {*before, *after} if before.get(path) != after.get(path)}


def _body(target: Target, files: Files, kept: Sequence[Kept]) -> str:
    team = target.team.slug
    lines = [
        f"This adds the standard files for the team **{team}**. Nothing else in the repository is changed.",
        "",
        "**Added or brought up to date**",
        "",
        *(f"- `{path}`" for path in files),
        "",
        *(["**Left as they are**, since the repository has them in another form", ""] if kept else []),
        *(f"- `{each.path}`: {each.reason}" for each in kept),
        *([""] if kept else []),
        _NEXT,
        "",
    ]
    return "\n".join(lines)
