"""Whole branches and repositories over REST: rename, merge, tag objects, archives, transfer to another owner.

https://docs.github.com/rest/branches/branches , https://docs.github.com/rest/repos/repos#transfer-a-repository
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import commits, events, plans, protections, pulls, repositories, teams
from provisioner.sandbox.github.accounts import ORGANIZATION, account_by_id, find_account, membership
from provisioner.sandbox.github.bare import NO_OBJECT, GitRefused
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call
from provisioner.sandbox.github.commit_writing import Draft, email_of, write_commit
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import GithubError, conflict, forbidden, invalid, not_found, unprocessable
from provisioner.sandbox.github.git_routes import PERSON
from provisioner.sandbox.github.history_routes import show_branch
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.ref_changes import change
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import NUMBER, TEXT, Field, text

_MERGE = {"base": text(required=True), "head": text(required=True), "commit_message": TEXT}
_TAG = {
    "tag": text(required=True),
    "message": text(required=True),
    "object": text(required=True),
    "type": text(required=True, enum=("commit", "tree", "blob")),
    "tagger": PERSON,
}
_TRANSFER = {"new_owner": text(required=True), "new_name": TEXT, "team_ids": Field("array", items=NUMBER)}
_FORMS = {"zipball": "legacy.zip", "tarball": "legacy.tar.gz"}


def rename_branch(call: Call) -> Answer:
    """Give a branch another name; protection and pull requests follow it."""
    old, new = call.parameters["branch"], call.body({"new_name": text(required=True)})["new_name"]
    git, sha = git_of(call), commits.branch_tip(call, call.repository, old)
    if sha is None:
        raise not_found()
    if commits.branch_tip(call, call.repository, new) is not None:
        raise unprocessable("Branch already exists")
    try:
        git.run("check-ref-format", f"refs/heads/{new}")
    except GitRefused:
        raise unprocessable(f"{new} is not a valid branch name") from None
    for record in (pull.record for pull in pulls.listed(call) if pull.is_open):
        ends = {name: new for name in ("head", "base") if record[name] == old}
        if ends and not ("head" in ends and pulls.is_from_fork(call, record)):
            pulls.put(call, {**record, **ends})
    git.run("update-ref", f"refs/heads/{new}", sha, NO_OBJECT)
    if call.repository["default_branch"] == old:
        git.run("symbolic-ref", "HEAD", f"refs/heads/{new}")
        call.repository["default_branch"] = new
        repositories.put(call.tx, call.repository)
    git.run("update-ref", "-d", f"refs/heads/{old}", sha)
    protections.rename(call.tx, call.repository, old, new)
    return Answer(show_branch(call, new, sha), 201)


def merge(call: Call) -> Answer:
    """Merge a branch or commit into a branch; 204 where there is nothing to merge."""
    wanted, git = call.body(_MERGE), git_of(call)
    base = commits.branch_tip(call, call.repository, wanted["base"])
    if base is None:
        raise GithubError(404, "Base does not exist")
    try:
        head = commits.require_commit(git, wanted["head"])
    except GithubError:
        raise GithubError(404, "Head does not exist") from None
    if not git.text("rev-list", "--max-count=1", f"{base}..{head}"):
        return NO_CONTENT
    tree = pulls.merged_tree(git, base, head)
    if tree is None:
        raise conflict("Merge conflict")
    message = wanted.get("commit_message") or f"Merge {wanted['head']} into {wanted['base']}"
    sha = write_commit(call, git, Draft(tree, (base, head), message))
    change(call, f"refs/heads/{wanted['base']}", sha)
    return Answer(commits.show(call, commits.read(git, sha, most=1)[0]), 201)


def create_tag(call: Call) -> Answer:
    """Write a tag object; a reference makes it a tag."""
    wanted, git = call.body(_TAG), git_of(call)
    if git.resolve(wanted["object"], wanted["type"]) is None:
        raise unprocessable("Object does not exist")
    account = call.caller.account
    person = {"name": account["login"], "email": email_of(account), **wanted.get("tagger", {})}
    seconds = int(call.now.timestamp())
    head = f"object {wanted['object']}\ntype {wanted['type']}\ntag {wanted['tag']}\n"
    body = f"{head}tagger {person['name']} <{person['email']}> {seconds} +0000\n\n{wanted['message']}"
    try:
        sha = git.run("mktag", data=f"{body}\n".encode()).decode().strip()
    except GitRefused as problem:
        raise unprocessable(f"The tag is invalid: {problem}") from None
    return Answer(_show_tag(call, sha), 201)


def get_tag(call: Call) -> Answer:
    """Show a tag object."""
    sha = git_of(call).resolve(call.parameters["tag_sha"], "tag")
    if sha is None:
        raise not_found()
    return Answer(_show_tag(call, sha))


def _show_tag(call: Call, sha: str) -> dict[str, Any]:
    head, _, message = git_of(call).text("cat-file", "tag", sha).partition("\n\n")
    facts = dict(line.split(" ", 1) for line in head.splitlines())
    who, _, rest = facts.get("tagger", " <> 0 +0000").rpartition("> ")
    name, _, email = who.partition(" <")
    date = git_of(call).text("for-each-ref", "--format=%(taggerdate:iso-strict)", f"--points-at={sha}") or call.stamp
    repository = repositories.full_name(call.tx, call.repository)
    own = ("repos", repository, "git")
    target = {"sha": facts["object"], "type": facts["type"]}
    nothing = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
    return {
        "node_id": node_id("TO", int(sha[:8], 16)),
        "sha": sha,
        "url": call.urls.api(*own, "tags", sha),
        "tag": facts["tag"],
        "message": message,
        "tagger": {"name": name, "email": email, "date": date.splitlines()[0] if rest else call.stamp},
        "object": {**target, "url": call.urls.api(*own, f"{facts['type']}s", facts["object"])},
        "verification": nothing,
    }


def archive(call: Call) -> Answer:
    """Lead to an archive of a ref on codeload.github.com."""
    kind = next(kind for kind in _FORMS if f"/{kind}" in call.request.path)
    name = repositories.full_name(call.tx, call.repository)
    ref = call.parameters["ref"]
    return Answer(None, 302, (("Location", f"https://codeload.github.com/{name}/{_FORMS[kind]}/{ref}"),))


def transfer(call: Call) -> Answer:
    """Give a repository to another owner; the old name leads to the new one."""
    wanted, repository = call.body(_TRANSFER), call.repository
    owner = find_account(call.tx, wanted["new_owner"])
    if owner is None:
        raise invalid("Repository", "new_owner", "invalid", "Invalid new owner")
    if not _may_receive(call, owner):
        raise forbidden(f"You don't have permission to create repositories on {owner['login']}")
    if owner["type"] == ORGANIZATION and repository["visibility"] == "internal":
        plans.require_internal(plans.plan_of(call.world, owner))
    before = account_by_id(call.tx, repository["owner_id"])
    repositories.transfer(call.tx, repository, owner["id"], wanted.get("new_name") or repository["name"])
    for number in wanted.get("team_ids", ()):
        teams.grant(call.tx, teams.by_number(call.tx, owner["id"], number), repository["id"], "read")
    repositories.put(call.tx, repository)
    kept = {"from": {before["type"].lower(): {"login": before["login"], "id": before["id"]}}}
    events.publish(call, "repository", lambda: {"changes": {"owner": kept}}, "transferred")
    return Answer(show(call, repository), 202)


def _may_receive(call: Call, owner: dict[str, Any]) -> bool:
    caller = call.caller
    if caller.kind == "installation":
        return caller.owner_id in {0, owner["id"]}
    person = caller.account["id"]
    return bool(owner["id"] == person or membership(call.tx, owner["id"], person))


_REPO = "/repos/{owner}/{repo}"
_READ, _WRITE = repo_read("contents"), repo_write("contents")
ROUTES = (
    route("POST", f"{_REPO}/branches/{{branch+}}/rename", _WRITE, rename_branch, "branches/branches#rename-a-branch"),
    route("POST", f"{_REPO}/merges", _WRITE, merge, "branches/branches#merge-a-branch"),
    route("POST", f"{_REPO}/git/tags", _WRITE, create_tag, "git/tags#create-a-tag-object"),
    route("GET", f"{_REPO}/git/tags/{{tag_sha}}", _READ, get_tag, "git/tags#get-a-tag"),
    *(route("GET", f"{_REPO}/{kind}/{{ref+}}", _READ, archive, "repos/contents") for kind in _FORMS),
    route("POST", f"{_REPO}/transfer", repo_write("administration", "admin"), transfer, "repos/repos"),
)
