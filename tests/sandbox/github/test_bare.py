"""References read from git's files: the same as what git says, at every turn of a reference's life."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.sandbox.github import bare
from tests.sandbox.github.hub import run_git


@pytest.fixture
def repository(tmp_path: Path) -> bare.Repository:
    bare.create(tmp_path, 1, "main")
    work = tmp_path / "work"
    work.mkdir()
    run_git(work, "init", "-q", "-b", "main")
    for message in ("one", "two"):
        run_git(work, "commit", "-q", "--allow-empty", "-m", message)
        run_git(work, "tag", f"light-{message}")
        run_git(work, "tag", "-a", "-m", "x", f"heavy-{message}")
    run_git(work, "branch", "feature/one", "HEAD~1")
    run_git(work, "push", "-q", str(bare.path_of(tmp_path, 1)), "--all")
    run_git(work, "push", "-q", str(bare.path_of(tmp_path, 1)), "--tags", "HEAD:refs/pull/1/merge")
    return bare.opened(tmp_path, 1)


REFS = (
    *("refs/heads/main", "refs/heads/feature/one", "refs/pull/1/merge", "refs/tags/light-one", "refs/tags/heavy-two"),
    *("refs/heads/feature", "refs/heads/main/below", "refs/heads/none", "refs/tags/none", "refs/heads/alias"),
    *("refs/heads/../heads/main", "refs/heads//main", "refs/heads/ma", "main", "HEAD", "refs/heads/", "", "--all"),
)


@pytest.mark.parametrize("turn", ["as pushed", "packed", "packed and moved"])
def test_it_is_the_commit_that_git_names(repository: bare.Repository, turn: str) -> None:
    repository.run("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    if turn != "as pushed":
        repository.run("pack-refs", "--all")
    if turn == "packed and moved":
        repository.run("update-ref", "refs/heads/main", "refs/heads/feature/one")
        repository.run("update-ref", "-d", "refs/tags/heavy-two")
    read = {ref: repository.commit_of(ref) for ref in REFS}
    assert read == {ref: repository.resolve(ref) for ref in REFS}
    assert (read["refs/heads/main"] == read["refs/heads/feature/one"]) == (turn == "packed and moved")
