"""Put a report where a pull request is discussed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provisioner.errors import InvalidInput
from provisioner.repository.api import GitHubApi
from provisioner.repository.comments import keep_comments, thread_path
from provisioner.repository.transport import PyGithubTransport
from provisioner.settings import Settings


def publish_comment(settings: Settings, thread: str, parts: Sequence[str], *, begin: bool = True) -> str:
    """Write or update the comment of ``OWNER/REPO#NUMBER`` and return its address.

    Without ``begin`` it is only brought up to date where it was written before; the address may then be empty.
    Raises InvalidInput without a token, GitHubError when GitHub refuses.
    """
    thread_path(thread)
    if settings.github_token is None:
        fix = "give the job `pull-requests: write` and put its token into GITHUB_TOKEN"
        raise InvalidInput("there is no GitHub token", fix=fix, where="GITHUB_TOKEN")
    authorities = settings.clients.get("REQUESTS_CA_BUNDLE")
    transport = PyGithubTransport(
        settings.github_api, settings.github_token, Path(authorities) if authorities else None
    )
    try:
        return keep_comments(GitHubApi(transport), thread, parts, begin=begin)
    finally:
        transport.close()
