"""What a client's terminal shows of a push: refusals, rules that were passed by, files that are too large."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.sandbox.github.callers import Caller

LARGEST_FILE = 100 * 1024 * 1024
_MEGABYTE = 1024 * 1024
DECLINED = "push declined due to repository rule violations"
PROTECTED = "protected branch hook declined"
HOOK_DECLINED = "pre-receive hook declined"


def rule_text(ref: str, sentences: Sequence[str]) -> str:
    """Return what a client's terminal shows for broken rules."""
    lines = [f"error: GH013: Repository rule violations found for {ref}.", ""]
    return "\n".join([*lines, *(f"- {sentence}\n" for sentence in sentences), ""])


def protected_text(ref: str, sentences: Sequence[str]) -> str:
    """Return what a client's terminal shows for a protected branch."""
    head = f"error: GH006: Protected branch update failed for {ref}."
    return "\n".join([head, "error: ", *(f"error: {sentence}" for sentence in sentences), ""])


def bypass_text(ref: str, sentences: Sequence[str]) -> str:
    """Return what a client's terminal shows for rules that were passed by."""
    return "\n".join([f"Bypassed rule violations for {ref}:", "", *(f"- {sentence}\n" for sentence in sentences), ""])


def large_file_text(files: Sequence[tuple[str, int]]) -> str:
    """Return what a client's terminal shows for files that are too large."""
    lines = [
        "error: GH001: Large files detected. You may want to try Git Large File Storage - https://git-lfs.github.com.",
        "error: See https://gh.io/lfs for more information.",
    ]
    for path, size in files:
        limit = f"this exceeds GitHub's file size limit of {LARGEST_FILE / _MEGABYTE:.2f} MB"
        lines.append(f"error: File {path} is {size / _MEGABYTE:.2f} MB; {limit}")
    return "\n".join([*lines, ""])


def workflow_refusal(caller: Caller, paths: Sequence[str]) -> str:
    """Return why a caller may not push these workflow files, or nothing."""
    if not paths:
        return ""
    if caller.kind == "classic":
        missing = "" if "workflow" in caller.scopes else "`workflow` scope"
    else:
        missing = "" if caller.permissions.get("workflows") == "write" else "`workflows` permission"
    who = "GitHub App" if caller.kind == "installation" else "Personal Access Token"
    return f"refusing to allow a {who} to create or update workflow `{paths[0]}` without {missing}" if missing else ""
