"""Repositories over REST: create, read, change, archive, rename, delete, topics, security switches."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from provisioner.sandbox.github import bare, plans, repositories, teams
from provisioner.sandbox.github.access import COLLABORATORS, caller_role, refusal
from provisioner.sandbox.github.accounts import ORGANIZATION, account_by_id, membership
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.commit_writing import first_commit
from provisioner.sandbox.github.errors import GithubError, NotImplementedHere, forbidden, not_found, unprocessable
from provisioner.sandbox.github.repository_views import SECURITY_SWITCHES, show
from provisioner.sandbox.github.routing import KNOWN, Needs, repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, NUMBER, TEXT, Field, text
from provisioner.sandbox.store import Document

_SWITCHES = {name: FLAG if isinstance(default, bool) else TEXT for name, default in repositories.SWITCHES.items()}
_VISIBILITY = text(enum=("public", "private", "internal"))
_COMMON = {"description": text(nullable=True), "homepage": text(nullable=True), "private": FLAG, **_SWITCHES}
_CREATE = {
    **_COMMON,
    "name": text(required=True),
    "visibility": _VISIBILITY,
    "auto_init": FLAG,
    "team_id": NUMBER,
    "gitignore_template": text(nullable=True),
    "license_template": text(nullable=True),
}
_CHANGE = {
    **_COMMON,
    "name": TEXT,
    "visibility": _VISIBILITY,
    "default_branch": TEXT,
    "archived": FLAG,
    "security_and_analysis": Field("object", nullable=True),
}
_TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
_MOST_TOPICS = 20
_CREATE_NEEDS = repo_write("administration", "read")
_DELETE_NEEDS = repo_write("administration", "admin", "delete_repo")


def create_for_organization(call: Call) -> Answer:
    """Make a repository in an organisation."""
    return _create(call, call.organization)


def create_for_user(call: Call) -> Answer:
    """Make a repository of the person calling."""
    if not call.caller.is_person:
        raise refusal(call.caller)
    return _create(call, call.caller.account)


def _create(call: Call, owner: Document) -> Answer:
    wanted = call.body(_CREATE)
    for name in ("gitignore_template", "license_template"):
        if wanted.get(name):
            raise NotImplementedHere(f"{name} when a repository is created")
    document = {name: wanted[name] for name in (*_SWITCHES, "description", "homepage", "name") if name in wanted}
    visibility = _visibility(call, owner, wanted, "public")
    repository = repositories.create(call.world, call.tx, owner, {**document, "visibility": visibility}, call.stamp)
    if call.caller.is_person and owner["type"] == ORGANIZATION:
        call.tx.put(COLLABORATORS, f"{repository['id']}/{call.caller.account['id']}", {"role": "admin"})
    if wanted.get("team_id"):
        teams.grant(call.tx, teams.by_number(call.tx, owner["id"], wanted["team_id"]), repository["id"], "write")
    if wanted.get("auto_init"):
        first_commit(call, repository)
    shown = show(call, repository, "admin")
    return Answer(shown, 201, (("Location", shown["url"]),))


def _visibility(call: Call, owner: Document, wanted: Document, default: str) -> str:
    chosen: str = wanted.get("visibility") or (
        {True: "private", False: "public"}[wanted["private"]] if "private" in wanted else default
    )
    if chosen == "internal":
        plans.require_internal(plans.plan_of(call.world, owner))
    return chosen


def get_repository(call: Call) -> Answer:
    """Show a repository."""
    return Answer(show(call, call.repository))


def change_repository(call: Call) -> Answer:
    """Change members of a repository; a new name leaves a redirection behind."""
    wanted, repository = call.body(_CHANGE), call.repository
    if repository["archived"] and wanted.get("archived") is not False:
        raise forbidden("Repository was archived so is read-only.")
    _change_security(repository, wanted.pop("security_and_analysis", None))
    if "default_branch" in wanted:
        _change_default_branch(call, wanted["default_branch"])
    if "name" in wanted:
        repositories.rename(call.tx, repository, wanted.pop("name"))
    owner = account_by_id(call.tx, repository["owner_id"])
    repository["visibility"] = _visibility(call, owner, wanted, repository["visibility"])
    wanted.pop("private", None)
    repository |= {name: value for name, value in wanted.items() if name != "visibility"}
    repository["updated_at"] = call.stamp
    repositories.put(call.tx, repository)
    return Answer(show(call, repository))


def _change_default_branch(call: Call, branch: str) -> None:
    git = bare.opened(call.world.folder, call.repository["id"])
    repositories.refuse_unknown_branch(git.resolve(f"refs/heads/{branch}") is not None, branch)
    git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")


def _change_security(repository: Document, wanted: dict[str, Any] | None) -> None:
    for name, value in (wanted or {}).items():
        if name not in (*SECURITY_SWITCHES, "dependabot_security_updates"):
            raise NotImplementedHere(f"security_and_analysis.{name}")
        status = value.get("status") if isinstance(value, dict) else None
        if status not in {"enabled", "disabled"}:
            raise unprocessable(f"Invalid request.\n\nsecurity_and_analysis.{name}.status is not a valid status.")
        if name == "dependabot_security_updates":
            repository["security_fixes"] = status == "enabled"
        else:
            repository["security"] = {**repository.get("security", {}), name: status}


def delete_repository(call: Call) -> Answer:
    """Remove a repository for good."""
    repositories.delete(call.world, call.tx, call.repository)
    return NO_CONTENT


def list_for_organization(call: Call) -> Listing:
    """List the repositories of an organisation that the caller sees."""
    return _listed(call, repositories.of_owner(call.tx, call.organization["id"]))


def list_for_user(call: Call) -> Listing:
    """List the repositories that the person calling owns or reaches."""
    person = call.caller.account.get("id", 0)
    if not call.caller.is_person:
        raise refusal(call.caller)
    mine = [
        repository
        for repository in repositories.every(call.tx)
        if repository["owner_id"] == person or membership(call.tx, repository["owner_id"], person)
    ]
    return _listed(call, mine)


def _listed(call: Call, rows: list[Document]) -> Listing:
    seen = [(repository, caller_role(call.tx, call.caller, repository)) for repository in rows]
    return Listing([pair for pair in seen if pair[1]], partial(_show_pair, call))


def _show_pair(call: Call, pair: tuple[Document, str]) -> dict[str, Any]:
    return show(call, *pair)


def get_topics(call: Call) -> Answer:
    """List a repository's topics."""
    return Answer({"names": call.repository["topics"]})


def replace_topics(call: Call) -> Answer:
    """Replace a repository's topics."""
    names = call.body({"names": Field("array", required=True, items=TEXT)})["names"]
    if len(names) > _MOST_TOPICS:
        raise unprocessable("A repository cannot have more than 20 topics.")
    if not all(_TOPIC.fullmatch(name.lower()) for name in names):
        message = (
            "Topics must start with a lowercase letter or number, consist of 50 characters or less, and can include "
            "hyphens."
        )
        raise GithubError(422, "Validation Failed", errors=(message,))
    call.repository["topics"] = [name.lower() for name in names]
    repositories.put(call.tx, call.repository)
    return get_topics(call)


def get_alerts(call: Call) -> Answer:
    """Tell whether vulnerability alerts are on (204 or 404)."""
    if not call.repository["vulnerability_alerts"]:
        raise not_found()
    return NO_CONTENT


def get_security_fixes(call: Call) -> Answer:
    """Show whether automated security fixes are on."""
    return Answer({"enabled": call.repository["security_fixes"], "paused": False})


def _switch(call: Call, *, name: str, on: bool) -> Answer:
    call.repository[name] = on
    repositories.put(call.tx, call.repository)
    return NO_CONTENT


_REPO = "/repos/{owner}/{repo}"
_ALERTS = f"{_REPO}/vulnerability-alerts"
_FIXES = f"{_REPO}/automated-security-fixes"
_ADMIN = repo_write("administration", "admin")
_ADMIN_READ = repo_read("administration", "admin")
_LIST = Needs(who="anyone")
ROUTES = (
    route(
        "POST",
        "/orgs/{org}/repos",
        _CREATE_NEEDS,
        create_for_organization,
        "repos/repos#create-an-organization-repository",
    ),
    route("GET", "/orgs/{org}/repos", _LIST, list_for_organization, "repos/repos#list-organization-repositories"),
    route("POST", "/user/repos", KNOWN, create_for_user, "repos/repos#create-a-repository-for-the-authenticated-user"),
    route("GET", "/user/repos", KNOWN, list_for_user, "repos/repos#list-repositories-for-the-authenticated-user"),
    route("GET", _REPO, repo_read(), get_repository, "repos/repos#get-a-repository"),
    route("PATCH", _REPO, _ADMIN, change_repository, "repos/repos#update-a-repository"),
    route("DELETE", _REPO, _DELETE_NEEDS, delete_repository, "repos/repos#delete-a-repository"),
    route("GET", f"{_REPO}/topics", repo_read(), get_topics, "repos/repos#get-all-repository-topics"),
    route("PUT", f"{_REPO}/topics", _ADMIN, replace_topics, "repos/repos#replace-all-repository-topics"),
    route("GET", _ALERTS, _ADMIN_READ, get_alerts, "repos/repos"),
    route("PUT", _ALERTS, _ADMIN, partial(_switch, name="vulnerability_alerts", on=True), "repos/repos"),
    route("DELETE", _ALERTS, _ADMIN, partial(_switch, name="vulnerability_alerts", on=False), "repos/repos"),
    route("GET", _FIXES, _ADMIN_READ, get_security_fixes, "repos/repos"),
    route("PUT", _FIXES, _ADMIN, partial(_switch, name="security_fixes", on=True), "repos/repos"),
    route("DELETE", _FIXES, _ADMIN, partial(_switch, name="security_fixes", on=False), "repos/repos"),
)
