"""Forks, their bringing up to date, and repositories made from templates.

https://docs.github.com/rest/repos/forks , https://docs.github.com/rest/branches/branches#sync-a-fork-branch-with-the-upstream-repository
"""

from __future__ import annotations

from functools import partial

from provisioner.sandbox.github import bare, commits, events, pulls, repositories
from provisioner.sandbox.github.access import COLLABORATORS, caller_role, refusal
from provisioner.sandbox.github.accounts import ORGANIZATION, account_by_id, find_account, membership
from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.commit_writing import Draft, write_commit
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import GithubError, conflict, forbidden, invalid, not_found, unprocessable
from provisioner.sandbox.github.push_facts import is_ancestor
from provisioner.sandbox.github.ref_changes import change
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.github.routing import KNOWN, repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXT, text
from provisioner.sandbox.store import Document

_FORK = {"organization": TEXT, "name": TEXT, "default_branch_only": FLAG}
_GENERATE = {
    "owner": TEXT,
    "name": text(required=True),
    "description": text(nullable=True),
    "include_all_branches": FLAG,
    "private": FLAG,
}


def create_fork(call: Call) -> Answer:
    """Fork a repository into an organisation or to the person calling; an existing fork is shown."""
    wanted = call.body(_FORK)
    owner = _owner(call, wanted.get("organization"))
    source = call.repository
    if source["owner_id"] == owner["id"] and not wanted.get("name"):
        raise forbidden("This repository exists and is owned by you: a fork needs another name or owner")
    if source["visibility"] != "public" and not source["allow_forking"]:
        raise forbidden("The repository exists, but forking is disabled.")
    if not git_of(call).refs():
        raise forbidden("The repository exists, but it contains no Git content. Empty repositories cannot be forked.")
    existing = next((one for one in _forks(call, source) if one["owner_id"] == owner["id"]), None)
    fork = existing or _copied(call, owner, wanted)
    if existing is None:
        events.publish(call, "fork", lambda: {"forkee": show(call, fork, "admin")})
    return Answer(show(call, fork, "admin"), 202)


def _owner(call: Call, organization: str | None) -> Document:
    if not organization:
        if not call.caller.is_person:
            raise refusal(call.caller)
        return call.caller.account
    account = find_account(call.tx, organization)
    if account is None or account["type"] != ORGANIZATION:
        raise invalid("Fork", "organization", "invalid")
    if call.caller.is_person and not membership(call.tx, account["id"], call.caller.account["id"]):
        raise forbidden("You do not have permission to create a fork in this organization.")
    return account


def _copied(call: Call, owner: Document, wanted: Document) -> Document:
    source = call.repository
    name = wanted.get("name") or source["name"]
    about = {"name": name, "description": source["description"], "visibility": source["visibility"]}
    lineage = {"parent_id": source["id"], "source_id": source.get("source_id") or source["id"]}
    fork = repositories.create(call.world, call.tx, owner, {**about, **lineage, "has_issues": False}, call.stamp)
    git, place = bare.opened(call.world.folder, fork["id"]), bare.path_of(call.world.folder, source["id"])
    only = f"refs/heads/{source['default_branch']}"
    wanted_refs = (only,) if wanted.get("default_branch_only") else ("refs/heads/*", "refs/tags/*")
    _fetched(git, place.as_posix(), wanted_refs)
    git.run("symbolic-ref", "HEAD", only)
    repositories.put(call.tx, fork | {"default_branch": source["default_branch"]})
    return fork | {"default_branch": source["default_branch"]}


def _fetched(git: bare.Repository, place: str, refs: tuple[str, ...]) -> None:
    specs = [f"+{ref}:{ref}" for ref in refs]
    git.run("fetch", "--quiet", "--no-write-fetch-head", "--update-head-ok", place, *specs)


def _forks(call: Call, source: Document) -> list[Document]:
    return [one for one in repositories.every(call.tx) if one.get("parent_id") == source["id"]]


def list_forks(call: Call) -> Listing:
    """List the forks that the caller sees, newest first unless ``sort=oldest``."""
    rows = [(one, caller_role(call.tx, call.caller, one)) for one in _forks(call, call.repository)]
    rows = [pair for pair in rows if pair[1]]
    return Listing(rows if call.query("sort") == "oldest" else rows[::-1], partial(_show_pair, call))


def _show_pair(call: Call, pair: tuple[Document, str]) -> Document:
    return show(call, *pair)


def merge_upstream(call: Call) -> Answer:
    """Bring a branch of a fork up to date with the same branch of its parent."""
    branch = call.body({"branch": text(required=True)})["branch"]
    parent = repositories.by_id(call.tx, call.repository.get("parent_id") or 0)
    if parent is None:
        raise unprocessable("Repository is not a fork.")
    git, theirs = git_of(call), commits.branch_tip(call, parent, branch)
    if theirs is None:
        raise not_found()
    pulls.fetch_from(call, git, parent, theirs)
    ours = git.resolve(f"refs/heads/{branch}")
    name = f"{account_by_id(call.tx, parent['owner_id'])['login']}:{branch}"
    kind = _moved(call, git, (branch, ours, theirs))
    messages = {
        "none": f"This branch is not behind the upstream {name}.",
        "fast-forward": f"Successfully fetched and fast-forwarded from upstream {name}.",
        "merge": f"Successfully fetched and merged from upstream {name}.",
    }
    return Answer({"message": messages[kind], "merge_type": kind, "base_branch": name})


def _moved(call: Call, git: bare.Repository, where: tuple[str, str | None, str]) -> str:
    branch, ours, theirs = where
    if ours and is_ancestor(git, theirs, ours):
        return "none"
    if ours is None or is_ancestor(git, ours, theirs):
        change(call, f"refs/heads/{branch}", theirs)
        return "fast-forward"
    tree = pulls.merged_tree(git, ours, theirs)
    if tree is None:
        raise conflict("There are merge conflicts")
    message = f"Merge branch '{branch}' of upstream into {branch}"
    change(call, f"refs/heads/{branch}", write_commit(call, git, Draft(tree, (ours, theirs), message)))
    return "merge"


def generate(call: Call) -> Answer:
    """Make a repository with the files of a template, without its history."""
    wanted = call.body(_GENERATE)
    source, _ = repositories.by_name(call.tx, call.parameters["template_owner"], call.parameters["template_repo"])
    if not caller_role(call.tx, call.caller, source):
        raise not_found()
    if not source["is_template"]:
        raise unprocessable("The repository is not a template.")
    owner = _owner_of_new(call, wanted.get("owner"))
    about = {
        "name": wanted["name"],
        "description": wanted.get("description"),
        "visibility": "private" if wanted.get("private") else "public",
        "template_id": source["id"],
        "default_branch": source["default_branch"],
    }
    made = repositories.create(call.world, call.tx, owner, about, call.stamp)
    if call.caller.is_person and owner["type"] == ORGANIZATION:
        call.tx.put(COLLABORATORS, f"{made['id']}/{call.caller.account['id']}", {"role": "admin"})
    _planted(call, source, made, everything=bool(wanted.get("include_all_branches")))
    shown = show(call, made, "admin")
    return Answer(shown, 201, (("Location", shown["url"]),))


def _owner_of_new(call: Call, login: str | None) -> Document:
    owner = find_account(call.tx, login) if login else call.caller.account
    if owner is None or (not login and not call.caller.is_person):
        raise invalid("Repository", "owner", "invalid")
    allowed = owner["id"] == call.caller.account["id"] or owner["type"] == ORGANIZATION
    if call.caller.is_person and owner["type"] == ORGANIZATION:
        allowed = bool(membership(call.tx, owner["id"], call.caller.account["id"]))
    if call.caller.kind == "installation":
        allowed = call.caller.owner_id in {0, owner["id"]}
    if not allowed:
        raise GithubError(403, f"{call.caller.name} cannot create a repository for {owner['login']}.")
    return owner


def _planted(call: Call, source: Document, made: Document, *, everything: bool) -> None:
    git, place = bare.opened(call.world.folder, made["id"]), bare.path_of(call.world.folder, source["id"])
    theirs = bare.opened(call.world.folder, source["id"]).refs("refs/heads/")
    default = f"refs/heads/{source['default_branch']}"
    for ref, sha in theirs.items():
        if everything or ref == default:
            git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", place.as_posix(), sha)
            tree = git.text("rev-parse", f"{sha}^{{tree}}")
            git.run("update-ref", ref, write_commit(call, git, Draft(tree, (), "Initial commit")))


_REPO = "/repos/{owner}/{repo}"
ROUTES = (
    route("GET", f"{_REPO}/forks", repo_read(), list_forks, "repos/forks#list-forks"),
    route("POST", f"{_REPO}/forks", repo_read("contents"), create_fork, "repos/forks#create-a-fork"),
    route("POST", f"{_REPO}/merge-upstream", repo_write("contents"), merge_upstream, "branches/branches"),
    route("POST", "/repos/{template_owner}/{template_repo}/generate", KNOWN, generate, "repos/repos"),
)
