"""The event of a run: what a workflow reads as ``github.event``.

The members that workflows and actions read, by the names of https://docs.github.com/webhooks/webhook-events-and-payloads;
addresses are left out.
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import repositories
from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.bare import NO_OBJECT, Repository
from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_MOST_COMMITS = 20
_FIELDS = "%H%x00%an%x00%ae%x00%cI%x00%B%x01"


def surroundings(tx: Transaction, repository: Document, sender: Document) -> Json:
    """Return what every event says: the repository, its owner, who did it."""
    return {"repository": _repository(tx, repository), "sender": _person(sender)}


def _person(account: Document) -> Json:
    return {"login": account["login"], "id": account["id"], "type": account["type"]}


def _repository(tx: Transaction, repository: Document) -> Json:
    owner = account_by_id(tx, repository["owner_id"])
    name = repositories.full_name(tx, repository)
    return {
        "id": repository["id"],
        "name": repository["name"],
        "full_name": name,
        "private": repository["visibility"] != "public",
        "visibility": repository["visibility"],
        "default_branch": repository["default_branch"],
        "fork": bool(repository.get("fork_of") or repository.get("parent_id")),
        "archived": repository["archived"],
        "owner": _person(owner) | {"name": owner["login"]},
        "html_url": f"https://github.com/{name}",
        "clone_url": f"https://github.com/{name}.git",
    }


def push(tx: Transaction, git: Repository, repository: Document, caller: Caller, change: tuple[str, str, str]) -> Json:
    """Return the event of a push of one reference: (ref, old, new)."""
    ref, old, new = change
    span = new if old == NO_OBJECT else f"{old}..{new}"
    commits = _commits(git, span)
    account = caller.account
    return {
        **surroundings(tx, repository, account),
        "ref": ref,
        "before": old,
        "after": new,
        "created": old == NO_OBJECT,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "pusher": {"name": account["login"], "email": f"{account['login']}@users.noreply.github.com"},
        "commits": commits[::-1],
        "head_commit": _commits(git, new)[0],
    }


def _commits(git: Repository, span: str) -> list[Json]:
    rows = git.text("log", f"--max-count={_MOST_COMMITS}", f"--format={_FIELDS}", span).split("\x01")
    found = []
    for row in rows:
        if not row.strip():
            continue
        sha, name, email, moment, message = row.lstrip("\n").split("\x00")
        person = {"name": name, "email": email}
        text = message.rstrip("\n")
        found.append({"id": sha, "message": text, "timestamp": moment, "author": person, "committer": person})
    return found


def pull_request(tx: Transaction, repository: Document, caller: Caller, pull: Document, merge: str) -> Json:
    """Return the event of an activity on a pull request; ``merge`` is the commit the run works on."""
    action = pull.get("action", "opened")
    issue = tx.get("github/issues", f"{repository['id']}/{pull['number']:08}") or {}
    author = account_by_id(tx, issue.get("user_id") or caller.account["id"])
    around = surroundings(tx, repository, caller.account)
    fork = bool(pull.get("head_repository_id") and pull["head_repository_id"] != repository["id"])
    source = around["repository"] if not fork else {"id": pull["head_repository_id"], "fork": True}
    owner = around["repository"]["owner"]["login"]
    return {
        **around,
        "action": action,
        "number": pull["number"],
        "pull_request": {
            "number": pull["number"],
            "title": issue.get("title", ""),
            "body": issue.get("body"),
            "state": issue.get("state", "open"),
            "draft": pull.get("draft", False),
            "merged": bool(pull.get("merged_at")),
            "merge_commit_sha": merge,
            "user": _person(author),
            "labels": [],
            "head": {"ref": pull["head"], "sha": pull["head_sha"], "repo": source, "label": f"{owner}:{pull['head']}"},
            "base": {
                "ref": pull["base"],
                "sha": pull["base_sha"],
                "repo": around["repository"],
                "label": f"{owner}:{pull['base']}",
            },
        },
    }


def workflow_run(tx: Transaction, repository: Document, run: Document, actor: Document) -> Json:
    """Return the event of a run that is over."""
    names = ("id", "name", "path", "run_number", "event", "head_sha", "head_branch", "status", "conclusion")
    shown = {name: run[name] for name in names} | {"run_attempt": run["attempt"], "workflow_id": run["workflow_id"]}
    around = surroundings(tx, repository, actor)
    workflow = {"id": run["workflow_id"], "name": run["name"], "path": run["path"]}
    return {
        **around,
        "action": "completed",
        "workflow_run": {**shown, "head_repository": around["repository"], "pull_requests": []},
        "workflow": workflow,
    }
