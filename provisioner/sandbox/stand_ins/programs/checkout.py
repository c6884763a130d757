"""actions/checkout: the commit of the run (or another ref, or another repository) from the sandbox's GitHub."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from pathlib import Path

from provisioner.sandbox.stand_ins.programs.workflow import fail, flag, inputs, mask, output, say

_NOT_PLAYED = (("submodules", "false"), ("lfs", "false"), ("sparse-checkout", ""), ("ssh-key", ""), ("filter", ""))
_SHA = re.compile(r"[0-9a-f]{40}")


def main() -> None:
    """Fetch and check out."""
    given = inputs()
    for name, usual in _NOT_PLAYED:
        if given[name] not in {"", usual}:
            fail(f"The sandbox's checkout does not play the input {name}")
    own = os.environ["GITHUB_REPOSITORY"]
    repository = given["repository"] or own
    folder = (Path(os.environ["GITHUB_WORKSPACE"]) / (given["path"] or ".")).resolve()
    if not folder.is_relative_to(Path(os.environ["GITHUB_WORKSPACE"]).resolve()):
        fail(f"Repository path '{folder}' is not under '{os.environ['GITHUB_WORKSPACE']}'")
    folder.mkdir(parents=True, exist_ok=True)
    token = given["token"] or os.environ["STAND_IN_TOKEN"]
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    mask(basic)
    ref = given["ref"] or (os.environ["GITHUB_REF"] if repository == own else "")
    sha = os.environ["GITHUB_SHA"] if repository == own and not given["ref"] else ""
    git = Git(folder, f"AUTHORIZATION: basic {basic}")
    git.run("init", "--quiet", str(folder))
    git.run("remote", "add", "origin", f"https://github.com/{repository}")
    target = _fetched(git, given, ref, sha)
    _check_out(git, ref, target)
    if flag(given["persist-credentials"]):
        git.remember()
    output("commit", git.text("rev-parse", "HEAD"))
    output("ref", ref)
    say(git.text("log", "-1", "--format=%H %s"))


class Git:
    """Git in one folder; the credentials travel in its environment, never in an argument."""

    def __init__(self, folder: Path, header: str) -> None:
        """Keep the parts."""
        self._folder = folder
        self._header = header
        setting = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.https://github.com/.extraheader"}
        self._environment = {**os.environ, **setting, "GIT_CONFIG_VALUE_0": header}

    def run(self, *arguments: str) -> None:
        """Run git; its failure is the step's."""
        say(f"[command]git {' '.join(arguments)}")
        done = subprocess.run(["git", "-C", str(self._folder), *arguments], env=self._environment, check=False)  # noqa: S603, S607
        if done.returncode:
            fail(f"The process 'git' failed with exit code {done.returncode}")

    def remember(self) -> None:
        """Leave the credentials to the steps that follow, in the repository's own configuration."""
        with (self._folder / ".git" / "config").open("a", encoding="utf-8") as file:
            file.write(f'[http "https://github.com/"]\n\textraheader = {self._header}\n')

    def text(self, *arguments: str) -> str:
        """Return what git says."""
        command = ["git", "-C", str(self._folder), *arguments]
        return subprocess.run(command, env=self._environment, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


def _fetched(git: Git, given: dict[str, str], ref: str, sha: str) -> str:
    """Fetch what is wanted; return the commit or the ref to check out."""
    depth = int(given["fetch-depth"] or 1)
    options = ["--no-recurse-submodules", *([f"--depth={depth}"] if depth > 0 else [])]
    options += ["--tags"] if flag(given["fetch-tags"]) or depth <= 0 else ["--no-tags"]
    wanted = sha or ref or "HEAD"
    specs = [f"+{wanted}:refs/remotes/origin/wanted"]
    if not sha and ref and not _SHA.fullmatch(ref) and not ref.startswith("refs/"):
        specs = [_named(git, ref)]
    if depth <= 0:
        specs += ["+refs/heads/*:refs/remotes/origin/*"]
    git.run("fetch", "--quiet", "--prune", *options, "origin", *specs)
    return "refs/remotes/origin/wanted"


def _named(git: Git, ref: str) -> str:
    """Return what to fetch for a short name: a branch, else a tag."""
    listed = git.text("ls-remote", "origin", f"refs/heads/{ref}", f"refs/tags/{ref}")
    if not listed:
        fail(f"A branch or tag with the name '{ref}' could not be found")
    full = f"refs/heads/{ref}" if f"refs/heads/{ref}" in listed else f"refs/tags/{ref}"
    return f"+{full}:refs/remotes/origin/wanted"


def _check_out(git: Git, ref: str, target: str) -> None:
    commit = git.text("rev-parse", f"{target}^{{commit}}")
    if ref.startswith("refs/heads/"):
        name = ref.removeprefix("refs/heads/")
        git.run("update-ref", f"refs/remotes/origin/{name}", commit)
        git.run("-c", "advice.detachedHead=false", "checkout", "--quiet", "--force", "-B", name, commit)
    else:
        git.run("-c", "advice.detachedHead=false", "checkout", "--quiet", "--force", "--detach", commit)
    git.run("update-ref", "-d", "refs/remotes/origin/wanted")


if __name__ == "__main__":
    main()
