"""A push: what is refused before anything is written, then git itself, then what a push sets off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from provisioner.sandbox.github import bare, push_facts, push_rules, repositories, rulesets, workflows
from provisioner.sandbox.github.bare import GitRefused, Repository
from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.github.identifiers import stamp
from provisioner.sandbox.github.pktline import Command, Push, messages, parse_push, report
from provisioner.sandbox.github.statuses import passed_checks
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

HEADERS = (("Content-Type", "application/x-git-receive-pack-result"), ("Cache-Control", "no-cache"))
_HIDDEN = "refs/pull/"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a push: reasons per refused reference (all of them, or none), and a text for people."""

    refused: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Pusher:
    """Who changes references, where, and in which world."""

    world: World
    tx: Transaction
    caller: Caller
    repository: Document

    @property
    def git(self) -> Repository:
        """Return the bare repository."""
        return bare.opened(self.world.folder, self.repository["id"])


def receive(pusher: Pusher, body: bytes, backend: Callable[[], Response]) -> Response:
    """Check a push, let git take it (``backend``), and record what follows from it."""
    git = pusher.git
    try:
        push = parse_push(body)
    except ValueError:
        return backend()  # git knows best how to complain
    if not push.commands:
        return backend()
    try:
        with push_facts.quarantined(git, push.pack) as view:
            decision = decide(pusher, view, push)
    except GitRefused:
        return backend()
    if decision.refused:
        return Response(200, HEADERS, report(push, decision.refused, decision.text))
    before = git.refs()
    answer = backend()
    settle(pusher, before)
    return _with_text(answer, push, decision.text)


def decide(pusher: Pusher, git: Repository, push: Push) -> Decision:
    """Return what is refused of a push; one refused reference refuses them all."""
    refused: dict[str, str] = {}
    texts: list[str] = []
    for command in push.commands:
        reason, text = _verdict(pusher, git, command)
        texts += [text] if text else []
        if reason:
            refused[command.ref] = reason
    if refused:
        refused = {command.ref: refused.get(command.ref, push_rules.HOOK_DECLINED) for command in push.commands}
    return Decision(refused, "\n".join(texts))


def _verdict(pusher: Pusher, git: Repository, command: Command) -> tuple[str, str]:
    if command.ref.startswith(_HIDDEN):
        return "deny updating a hidden ref", ""
    if reason := push_rules.workflow_refusal(pusher.caller, push_facts.workflow_paths(git, command)):
        return reason, ""
    if large := push_facts.large_files(git, command):
        return push_rules.HOOK_DECLINED, push_rules.large_file_text(large)
    broken, bypassed = broken_rules(pusher, git, command)
    if broken:
        return push_rules.DECLINED, push_rules.rule_text(command.ref, broken)
    return "", push_rules.bypass_text(command.ref, bypassed) if bypassed else ""


def broken_rules(pusher: Pusher, git: Repository, command: Command, **more: Any) -> tuple[list[str], list[str]]:  # noqa: ANN401 - fields of Change
    """Return the sentences for rules a change breaks, and for those it breaks but the caller passes by.

    ``more`` are facts that a merge knows: through_pull_request, approvals, and the head whose checks count.
    """
    tx, caller, repository = pusher.tx, pusher.caller, pusher.repository
    held = rulesets.in_force(tx, repository, command.ref)
    if not held:
        return [], []
    passed = frozenset[str]() if command.deletes else passed_checks(tx, repository, more.pop("head", command.new))
    change = replace(push_facts.change_of(git, command), passed=passed, **more)
    modes = {"always", "exempt", "pull_request" if change.through_pull_request else "always"}
    broken: list[str] = []
    bypassed: list[str] = []
    for ruleset in held:
        found = push_rules.violations(ruleset["rules"], change)
        passes = rulesets.bypass(tx, ruleset, caller, repository) in modes
        (bypassed if passes else broken).extend(found)
    return list(dict.fromkeys(broken)), list(dict.fromkeys(bypassed))


def settle(pusher: Pusher, before: dict[str, str]) -> None:
    """Record what a change of references sets off: times, the default branch of the first push, workflow runs."""
    git, tx, repository = pusher.git, pusher.tx, pusher.repository
    after = git.refs()
    changed = {ref: sha for ref, sha in after.items() if before.get(ref) != sha}
    if not changed and set(before) == set(after):
        return
    now = stamp(pusher.world.clock.now())
    repository |= {"pushed_at": now, "updated_at": now}
    _follow_first_branch(git, repository, after)
    repositories.put(tx, repository)
    _follow_pull_requests(pusher, changed)
    for ref, sha in changed.items():
        workflows.on_push(tx, git, repository, pusher.caller, workflows.Pushed(ref, before.get(ref), sha, now))


def _follow_pull_requests(pusher: Pusher, changed: dict[str, str]) -> None:
    prefix = f"{pusher.repository['id']}/"
    for _, record in list(pusher.tx.scan("github/pulls", prefix)):
        sha = changed.get(f"refs/heads/{record['head']}")
        issue = pusher.tx.get("github/issues", f"{prefix}{record['number']:08}") or {}
        if sha and issue.get("state") == "open":
            pusher.git.run("update-ref", f"refs/pull/{record['number']}/head", sha)


def _follow_first_branch(git: Repository, repository: Document, refs: dict[str, str]) -> None:
    branches = [ref for ref in refs if ref.startswith("refs/heads/")]
    if not branches or f"refs/heads/{repository['default_branch']}" in branches:
        return
    chosen = next((ref for ref in ("refs/heads/main", "refs/heads/master") if ref in branches), branches[0])
    git.run("symbolic-ref", "HEAD", chosen)
    repository["default_branch"] = chosen.removeprefix("refs/heads/")


def _with_text(answer: Response, push: Push, text: str) -> Response:
    if not text or "side-band-64k" not in push.capabilities or not isinstance(answer.body, bytes):
        return answer
    return Response(answer.status, answer.headers, messages(text) + answer.body)
