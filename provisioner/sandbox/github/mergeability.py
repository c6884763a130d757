"""Whether a pull request could be merged: conflicts, rules, checks. Asked when one is shown and when one is merged."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import checks, reviews
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.pktline import Command
from provisioner.sandbox.github.pulls import Pull
from provisioner.sandbox.github.push_facts import is_ancestor
from provisioner.sandbox.github.ref_rules import Findings, Pusher, broken_rules


def facts(call: Call, pull: Pull, base: str, head: str) -> dict[str, Any]:
    """Return what a merge knows and rules ask for (see pushes.broken_rules)."""
    return {
        "through_pull_request": True,
        "reviews": reviews.facts(call, pull.record, base, head),
        "behind": not is_ancestor(git_of(call), base, head),
        "head": head,
    }


def findings(call: Call, pull: Pull, base: str, head: str) -> Findings:
    """Return what rules say of moving the base to the head, as this caller."""
    command = Command(base, head, f"refs/heads/{pull.record['base']}")
    # Merging writes a commit upon the base, and none with two parents where that is forbidden.
    known = facts(call, pull, base, head)
    pusher = Pusher(call.world, call.tx, call.caller, call.repository)
    return broken_rules(pusher, git_of(call), command, **known, merge_commits=False, fast_forward=True)


def state(call: Call, pull: Pull, tips: tuple[str, str], *, mergeable: bool | None) -> str:
    """Return GitHub's word for how mergeable a pull request is."""
    if mergeable is None:
        return "unknown"
    if not mergeable:
        return "dirty"
    if pull.record["draft"]:
        return "draft"
    broken = findings(call, pull, *tips).broken
    if broken:
        return "behind" if all("not up to date" in sentence for sentence in broken) else "blocked"
    said = [verdict for _, _, verdict in checks.verdicts(call.tx, call.repository, tips[1])]
    return "unstable" if any(verdict != "success" for verdict in said) else "clean"
