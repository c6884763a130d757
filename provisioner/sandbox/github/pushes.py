"""A push: what is refused before anything is written, then git itself, then what a push sets off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provisioner.sandbox.github import push_effects, push_facts, push_texts
from provisioner.sandbox.github.bare import GitRefused, Repository
from provisioner.sandbox.github.pktline import Command, Push, messages, parse_push, report
from provisioner.sandbox.github.ref_rules import Pusher, broken_rules
from provisioner.sandbox.http import Response

HEADERS = (("Content-Type", "application/x-git-receive-pack-result"), ("Cache-Control", "no-cache"))
_HIDDEN = "refs/pull/"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a push: reasons per refused reference (all of them, or none), and a text for people."""

    refused: dict[str, str]
    text: str


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
    push_effects.settle(pusher.world, pusher.tx, pusher.caller, pusher.repository, before)
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
        refused = {command.ref: refused.get(command.ref, push_texts.HOOK_DECLINED) for command in push.commands}
    return Decision(refused, "\n".join(texts))


def _verdict(pusher: Pusher, git: Repository, command: Command) -> tuple[str, str]:
    if command.ref.startswith(_HIDDEN):
        return "deny updating a hidden ref", ""
    if reason := push_texts.workflow_refusal(pusher.caller, push_facts.workflow_paths(git, command)):
        return reason, ""
    if large := push_facts.large_files(git, command):
        return push_texts.HOOK_DECLINED, push_texts.large_file_text(large)
    found = broken_rules(pusher, git, command)
    if found.protection:
        return push_texts.PROTECTED, push_texts.protected_text(command.ref, found.protection)
    if found.rules:
        return push_texts.DECLINED, push_texts.rule_text(command.ref, found.rules)
    return "", push_texts.bypass_text(command.ref, found.bypassed) if found.bypassed else ""


def _with_text(answer: Response, push: Push, text: str) -> Response:
    if not text or "side-band-64k" not in push.capabilities or not isinstance(answer.body, bytes):
        return answer
    return Response(answer.status, answer.headers, messages(text) + answer.body)
