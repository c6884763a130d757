"""Merging pull requests: a merge commit, a squash or a rebase, really made in git, as rules and switches allow.

https://docs.github.com/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import commits, mergeability, pull_following, pulls, rulesets, signatures
from provisioner.sandbox.github.accounts import ACCOUNTS, account_by_id
from provisioner.sandbox.github.bare import Repository
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.commit_writing import WEB_FLOW, Draft, email_of, write_commit
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import GithubError, conflict
from provisioner.sandbox.github.pulls import Pull
from provisioner.sandbox.github.ref_changes import change
from provisioner.sandbox.store import Document

SWITCH_OF = {"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}
_WORDS = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}


def merge(call: Call, pull: Pull, wanted: dict[str, Any]) -> str:
    """Merge a pull request; return the base's new commit. Raises GithubError (405, 409)."""
    git, method = git_of(call), wanted.get("merge_method", "merge")
    base, head = pulls.tips(git, pull)
    _check(call, pull, method)
    if wanted.get("sha") not in {None, head}:
        raise conflict("Head branch was modified. Review and try the merge again.")
    commit = _written(call, git, pull, wanted, (base, head))
    known = mergeability.facts(call, pull, base, head)
    try:
        change(call, f"refs/heads/{pull.record['base']}", commit, **known)
    except GithubError as refused:
        raise GithubError(405, refused.message) from None
    _close(call, pull, (base, head, commit))
    return commit


def _check(call: Call, pull: Pull, method: str) -> None:
    if not pull.is_open:
        raise GithubError(405, "Pull Request is not mergeable")
    if pull.record["draft"]:
        raise GithubError(405, "Pull Request is still a draft")
    held = rulesets.in_force(call.tx, call.repository, f"refs/heads/{pull.record['base']}")
    allowed = [
        (rule.get("parameters") or {}).get("allowed_merge_methods", [*SWITCH_OF])
        for ruleset in held
        for rule in ruleset["rules"]
        if rule["type"] == "pull_request"
    ]
    if not call.repository[SWITCH_OF[method]] or any(method not in methods for methods in allowed):
        raise GithubError(405, f"{_WORDS[method]} are not allowed on this repository.")


def _written(call: Call, git: Repository, pull: Pull, wanted: dict[str, Any], tips: tuple[str, str]) -> str:
    base, head = tips
    method = wanted.get("merge_method", "merge")
    tree = pulls.merged_tree(git, base, head)
    if tree is None:
        raise GithubError(405, "Pull Request is not mergeable")
    if method == "rebase":
        return rebased(call, git, base, head)
    parents = (base, head) if method == "merge" else (base,)
    account = call.tx.get(ACCOUNTS, str(pull.issue["user_id"])) or call.caller.account
    author = call.caller.account if method == "merge" else account
    people = {"author": {"name": author["login"], "email": email_of(author)}, "committer": WEB_FLOW}
    message = _message(call, git, pull, wanted, tips)
    return signatures.signed(call.tx, git, write_commit(call, git, Draft(tree, parents, message, people)))


def rebased(call: Call, git: Repository, base: str, head: str) -> str:
    """Put the commits of a head on a base one after the other; authors stay. Raises GithubError (405)."""
    tip = base
    for commit in commits.read(git, "--topo-order", "--no-merges", f"{base}..{head}")[::-1]:
        tree = _picked(git, commit, tip)
        if tree is None:
            raise GithubError(405, "This branch can't be rebased")
        account = call.caller.account
        people = {"author": commit.author, "committer": {"name": account["login"], "email": email_of(account)}}
        tip = write_commit(call, git, Draft(tree, (tip,), commit.message, people))
    return tip


def _picked(git: Repository, commit: commits.Commit, onto: str) -> str | None:
    """Return the tree of a commit's change upon another: a three-way merge around the commit's parent."""
    before = git.text("rev-parse", f"{commit.parents[0]}^{{tree}}") if commit.parents else git.text("mktree")
    root = git.text("commit-tree", before, "-m", "base")
    ours = git.text("commit-tree", git.text("rev-parse", f"{onto}^{{tree}}"), "-p", root, "-m", "ours")
    theirs = git.text("commit-tree", commit.tree, "-p", root, "-m", "theirs")
    return pulls.merged_tree(git, ours, theirs)


def _message(call: Call, git: Repository, pull: Pull, wanted: dict[str, Any], tips: tuple[str, str]) -> str:
    default = _merge_words(call, pull) if wanted.get("merge_method", "merge") == "merge" else None
    first, rest = default or _squash_words(call, git, pull, tips)
    first, rest = wanted.get("commit_title") or first, wanted.get("commit_message", rest)
    return f"{first}\n\n{rest}" if rest else first


def _merge_words(call: Call, pull: Pull) -> tuple[str, str]:
    number, title, body = pull.issue["number"], pull.issue["title"], pull.issue["body"] or ""
    source = pulls.head_repository(call, pull.record) or call.repository
    owner = account_by_id(call.tx, source["owner_id"])["login"]
    titles = {"MERGE_MESSAGE": f"Merge pull request #{number} from {owner}/{pull.record['head']}"}
    texts = {"PR_TITLE": title, "PR_BODY": body, "BLANK": ""}
    chosen = titles.get(call.repository["merge_commit_title"], f"{title} (#{number})")
    return chosen, texts[call.repository["merge_commit_message"]]


def _squash_words(call: Call, git: Repository, pull: Pull, tips: tuple[str, str]) -> tuple[str, str]:
    base, head = tips
    number, title, repository = pull.issue["number"], pull.issue["title"], call.repository
    brought = commits.read(git, f"{base}..{head}")[::-1]
    only = brought[0].message.partition("\n") if len(brought) == 1 else None
    own = only is not None and repository["squash_merge_commit_title"] == "COMMIT_OR_PR_TITLE"
    first = f"{only[0] if only and own else title} (#{number})"
    how = repository["squash_merge_commit_message"]
    if how == "COMMIT_MESSAGES":
        listed = "\n\n".join(f"* {commit.message}" for commit in brought)
        return first, only[2].strip() if only else listed
    return first, (pull.issue["body"] or "") if how == "PR_BODY" else ""


def _close(call: Call, pull: Pull, shas: tuple[str, str, str]) -> None:
    base, head, commit = shas
    now = pulls.get(call, str(pull.record["number"]))
    facts: Document = {"base_sha": base, "head_sha": head, "merge_commit_sha": commit}
    if now.is_open:
        pull_following.finish(call, now, facts)
    else:  # the merge itself contains the head, so following the base has closed it
        pulls.put(call, {**now.record, **facts})
    own = not pulls.is_from_fork(call, pull.record)
    if call.repository["delete_branch_on_merge"] and own:
        change(call, f"refs/heads/{pull.record['head']}", None)
