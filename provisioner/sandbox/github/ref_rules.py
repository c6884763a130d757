"""What stands in the way of a change of a reference: rulesets, push rulesets, branch protection; who passes by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from provisioner.sandbox.github import (
    bare,
    checks,
    protections,
    push_facts,
    push_file_rules,
    push_rules,
    rulesets,
    signatures,
)
from provisioner.sandbox.github.bare import Repository
from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.github.pktline import Command
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World


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


@dataclass(frozen=True, slots=True)
class Findings:
    """The sentences a change draws: from rulesets, from branch protection, and those the caller passes by."""

    rules: tuple[str, ...] = ()
    protection: tuple[str, ...] = ()
    bypassed: tuple[str, ...] = ()

    @property
    def broken(self) -> list[str]:
        """Return all that stands in the way."""
        return [*self.protection, *self.rules]


def broken_rules(pusher: Pusher, git: Repository, command: Command, **more: Any) -> Findings:  # noqa: ANN401 - fields of Change
    """Return what is wrong with a change of a reference, and what would be but for who makes it.

    ``more`` are facts that a merge knows: through_pull_request, reviews, behind, and the head whose checks count.
    """
    tx, caller, repository = pusher.tx, pusher.caller, pusher.repository
    held = [(one, one["rules"]) for one in rulesets.in_force(tx, repository, command.ref)]
    guard = protections.in_force(tx, repository, command.ref)
    files = rulesets.on_push(tx, repository)
    if not (held or guard or files):
        return Findings()
    change = _facts(pusher, git, command, guard, more)
    broken, bypassed = list[str](), list[str]()
    modes = {"always", "exempt", "pull_request" if change.through_pull_request else "always"}
    found = [(one, push_rules.violations(rules, change)) for one, rules in held]
    if files:
        new = push_facts.new_files(git, command)
        found += [(one, push_file_rules.file_violations(one["rules"], new)) for one in files]
    for ruleset, sentences in found:
        passes = rulesets.bypass(tx, ruleset, caller, repository) in modes
        (bypassed if passes else broken).extend(sentences)
    guarded = push_rules.violations(protections.rules(tx, guard, caller), change) if guard else []
    if guard and protections.passes_by(tx, guard, caller, repository):
        bypassed, guarded = [*bypassed, *guarded], []
    return Findings(_once(broken), _once(guarded), _once(bypassed))


def _once(sentences: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


def _facts(
    pusher: Pusher, git: Repository, command: Command, guard: Document | None, more: dict[str, Any]
) -> push_rules.Change:
    tx, repository = pusher.tx, pusher.repository
    head = more.pop("head", command.new)
    said = () if command.deletes else checks.verdicts(tx, repository, head)
    fresh = push_facts.new_commits(git, command)
    unsigned = tuple(sha for sha in fresh if not signatures.is_verified(tx, git, sha))
    allowed = guard is not None and protections.listed(tx, guard, pusher.caller)
    facts = {"checks": said, "unsigned": unsigned, "listed": allowed, **more}
    return replace(push_facts.change_of(git, command), **facts)
