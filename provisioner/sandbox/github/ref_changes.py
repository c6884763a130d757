"""Changing references through the API under the same rules as a push."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import push_effects, push_facts, push_texts
from provisioner.sandbox.github.bare import NO_OBJECT, GitRefused
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import GithubError, conflict, forbidden
from provisioner.sandbox.github.pktline import Command
from provisioner.sandbox.github.ref_rules import Findings, Pusher, broken_rules


def pusher_of(call: Call) -> Pusher:
    """Return the one who changes references in a call."""
    return Pusher(call.world, call.tx, call.caller, call.repository)


def change(call: Call, ref: str, new: str | None, **more: Any) -> None:  # noqa: ANN401 - facts for broken_rules
    """Move, make or (``new`` None) remove a reference, and record what follows. Raises GithubError (403, 409).

    ``more`` is what a merge knows: through_pull_request, reviews, behind, head.
    """
    git, pusher = git_of(call), pusher_of(call)
    before = git.refs()
    command = Command(before.get(ref, NO_OBJECT), new or NO_OBJECT, ref)
    _check_workflows(call, command)
    found = broken_rules(pusher, git, command, **more)
    if found.broken:
        raise rules_refusal(found)
    try:
        arguments = ("-d", ref, command.old) if new is None else (ref, new, command.old)
        git.run("update-ref", *arguments)
    except GitRefused as problem:
        raise conflict(f"Reference cannot be updated: {problem}") from None
    push_effects.settle(call.world, call.tx, call.caller, call.repository, before)


def rules_refusal(found: Findings) -> GithubError:
    """Return the answer for a change that rules forbid."""
    if found.protection:
        return conflict("\n".join(found.protection))
    text = "\n".join(found.rules)
    return GithubError(409, f"Repository rule violations found\n\n{text}\n\n")


def _check_workflows(call: Call, command: Command) -> None:
    paths = push_facts.workflow_paths(git_of(call), command)
    if push_texts.workflow_refusal(call.caller, paths):
        limited = call.caller.kind == "installation"
        who = "integration" if limited else "personal access token"
        raise forbidden(f"Resource not accessible by {who}")
