"""The first commit: made from the rendered files and pushed with git, as any client would.

git runs in an environment made from nothing and in a session of its own (a terminal's Ctrl-C reaches only us). It gets
the token through configuration in that environment: never in an argument, an address or a file.
"""

from __future__ import annotations

import base64
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from provisioner.errors import ProvisionError
from provisioner.repository.template import Files

TIMEOUT_SECONDS = 120
_PASSED_ON = ("PATH", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "GIT_SSL_CAINFO", "TMPDIR")
_AUTHOR = "provision-env <provision-env@users.noreply.github.com>"
_REASONS = (
    ("workflows` permission", "give the App or token the permission Workflows: write"),
    ("`workflow` scope", "give the token the scope workflow"),
    ("GH013", "a ruleset of the organisation stands against the first push: let our App bypass it"),
    ("Authentication failed", "the token may not push: it needs Contents: write"),
    ("403", "the token may not push: it needs Contents: write"),
)


@dataclass(frozen=True)
class Git:
    """How to run git: the caller's environment (only what git needs is taken from it) and the token.

    A token that is renewed now and then is given as what returns the one of the moment.
    """

    token: str | Callable[[], str] = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    program: str = "git"

    def push_first(self, files: Files, clone_url: str, branches: Sequence[str], when: datetime) -> str:
        """Push one commit with ``files`` to every branch at once and return its id.

        ``when`` is the commit's time: with equal files and time the commit is the same, so a push that was cut off
        and repeated pushes nothing new. Raises ProvisionError with git's own words.
        """
        with tempfile.TemporaryDirectory(prefix="provision-env-push-") as folder:
            repository = Path(folder)
            self._run(repository, "init", "--quiet", "--bare", ".")
            self._run(repository, "fast-import", "--quiet", stdin=_stream(files, when))
            commit = self._run(repository, "rev-parse", "refs/heads/first").decode().strip()
            refs = [f"{commit}:refs/heads/{branch}" for branch in branches]
            self._run(repository, "push", "--quiet", "--atomic", clone_url, *refs, url=clone_url)
            return commit

    def _run(self, folder: Path, *arguments: str, stdin: bytes = b"", url: str | None = None) -> bytes:
        try:
            ended = subprocess.run(  # noqa: S603 - our own arguments; branches and addresses are checked by the request
                [self.program, *arguments],
                cwd=folder,
                input=stdin,
                env=self._environment(folder, url),
                capture_output=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
                start_new_session=True,
            )
        except FileNotFoundError as problem:
            raise ProvisionError("git is not installed", fix="install git 2.31 or newer") from problem
        except subprocess.TimeoutExpired as problem:
            raise ProvisionError(
                f"git {arguments[0]} took longer than {TIMEOUT_SECONDS} seconds",
                fix="check the network and the proxy, then run it again",
            ) from problem
        if ended.returncode:
            raise self._refused(arguments[0], ended.stderr)
        return ended.stdout

    def _environment(self, folder: Path, url: str | None) -> dict[str, str]:
        own = {name: self.environment[name] for name in _PASSED_ON if name in self.environment}
        own |= {
            "HOME": str(folder),
            "LC_ALL": "C",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
        }
        return own | (self._credentials(url) if url else {})

    def _credentials(self, url: str) -> dict[str, str]:
        """Return git's configuration by environment (git 2.31): the header goes to this one host and no further."""
        host = "/".join(url.split("/")[:3])
        settings = {
            f"http.{host}/.extraHeader": f"Authorization: Basic {self._basic()}",
            "http.followRedirects": "false",
            "credential.helper": "",
        }
        numbered = [(f"GIT_CONFIG_KEY_{i}", key) for i, key in enumerate(settings)]
        values = [(f"GIT_CONFIG_VALUE_{i}", value) for i, value in enumerate(settings.values())]
        return {"GIT_CONFIG_COUNT": str(len(settings)), **dict(numbered), **dict(values)}

    def _secret(self) -> str:
        return self.token if isinstance(self.token, str) else self.token()

    def _basic(self) -> str:
        return base64.b64encode(f"x-access-token:{self._secret()}".encode()).decode()

    def _refused(self, command: str, stderr: bytes) -> ProvisionError:
        said = stderr.decode(errors="replace").replace(self._secret(), "***").replace(self._basic(), "***").strip()
        fix = next((advice for words, advice in _REASONS if words in said), "mend what git says and run it again")
        return ProvisionError(f"git {command} failed: {said or 'no message'}", fix=fix)


def _stream(files: Files, when: datetime) -> bytes:
    """Return the commit in the language of git fast-import (git-fast-import(1))."""
    message = b"Start from the standard template\n"
    stamp = f"{_AUTHOR} {int(when.timestamp())} +0000".encode()
    lines = [
        b"commit refs/heads/first\n",
        b"author " + stamp + b"\ncommitter " + stamp + b"\n",
        b"data %d\n" % len(message) + message,
    ]
    for path, (content, mode) in files.items():
        lines.append(f"M {mode:o} inline {path}\n".encode() + b"data %d\n" % len(content) + content + b"\n")
    return b"".join(lines)
