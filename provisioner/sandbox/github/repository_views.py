"""How repositories are shown. One document serves all endpoints: the full one, whose members the others have too."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from provisioner.sandbox.github.access import ROLES, at_least
from provisioner.sandbox.github.accounts import ORGANIZATION, account_by_id, simple
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.repositories import SWITCHES, by_id, forks_of, open_issues
from provisioner.sandbox.github.urls import WEB, Urls
from provisioner.sandbox.store import Document

_LINKS = MappingProxyType(
    {
        "forks": "forks",
        "keys": "keys{/key_id}",
        "collaborators": "collaborators{/collaborator}",
        "teams": "teams",
        "hooks": "hooks",
        "issue_events": "issues/events{/number}",
        "events": "events",
        "assignees": "assignees{/user}",
        "branches": "branches{/branch}",
        "tags": "tags",
        "blobs": "git/blobs{/sha}",
        "git_tags": "git/tags{/sha}",
        "git_refs": "git/refs{/sha}",
        "trees": "git/trees{/sha}",
        "statuses": "statuses/{sha}",
        "languages": "languages",
        "stargazers": "stargazers",
        "contributors": "contributors",
        "subscribers": "subscribers",
        "subscription": "subscription",
        "commits": "commits{/sha}",
        "git_commits": "git/commits{/sha}",
        "comments": "comments{/number}",
        "issue_comment": "issues/comments{/number}",
        "contents": "contents/{+path}",
        "compare": "compare/{base}...{head}",
        "merges": "merges",
        "archive": "{archive_format}{/ref}",
        "downloads": "downloads",
        "issues": "issues{/number}",
        "pulls": "pulls{/number}",
        "milestones": "milestones{/number}",
        "notifications": "notifications{?since,all,participating}",
        "labels": "labels{/name}",
        "releases": "releases{/id}",
        "deployments": "deployments",
    }
)
SECURITY_SWITCHES = (
    *("advanced_security", "code_security", "secret_scanning", "secret_scanning_push_protection"),
    *("secret_scanning_non_provider_patterns", "secret_scanning_ai_detection"),
)
_PERMISSION_ORDER = ("admin", "maintain", "push", "triage", "pull")
_ROLE_FOR = MappingProxyType({"pull": "read", "push": "write"})


def show(call: Call, repository: Document, role: str = "") -> dict[str, Any]:
    """Return the full document of a repository, with what the caller may do in it."""
    owner = account_by_id(call.tx, repository["owner_id"])
    full_name = f"{owner['login']}/{repository['name']}"
    shown_owner = simple(call.urls, owner)
    organization = {"organization": shown_owner} if owner["type"] == ORGANIZATION else {}
    return {
        "id": repository["id"],
        "node_id": node_id("R", repository["id"]),
        "name": repository["name"],
        "full_name": full_name,
        "owner": shown_owner,
        "private": repository["visibility"] != "public",
        **_addresses(call.urls, full_name),
        **_facts(repository),
        **_relations(call, repository),
        **{name: repository[name] for name in SWITCHES},
        **_counts(call, repository),
        "permissions": permissions_of(role or call.role),
        **organization,
    }


def permissions_of(role: str) -> dict[str, bool]:
    """Return the five flags of a role."""
    held = role if role in ROLES else ""
    return {name: at_least(held, _ROLE_FOR.get(name, name)) for name in _PERMISSION_ORDER}


def _addresses(urls: Urls, full_name: str) -> dict[str, Any]:
    own = urls.api("repos", full_name)
    page = urls.web(full_name)
    return {
        "url": own,
        "html_url": page,
        **{f"{name}_url": f"{own}/{tail}" for name, tail in _LINKS.items()},
        "git_url": f"git://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
        "clone_url": f"{WEB}/{full_name}.git",
        "svn_url": page,
        "mirror_url": None,
    }


def _facts(repository: Document) -> dict[str, Any]:
    plain = ("description", "homepage", "default_branch", "archived", "visibility", "topics", "size")
    times = ("created_at", "updated_at", "pushed_at")
    fixed = {"disabled": False, "language": None, "license": None, "has_pages": False}
    security = {"security_and_analysis": security_of(repository)}
    return {**{name: repository[name] for name in (*plain, *times)}, **fixed, **security, "temp_clone_token": ""}


def security_of(repository: Document) -> dict[str, Any]:
    """Return the switches of security and analysis; those of a public repository that GitHub fixes are on."""
    fixes = "enabled" if repository["security_fixes"] else "disabled"
    chosen = {name: {"status": value} for name, value in repository.get("security", {}).items()}
    defaults = {name: {"status": "disabled"} for name in SECURITY_SWITCHES}
    return {**defaults, **chosen, "dependabot_security_updates": {"status": fixes}}


def _relations(call: Call, repository: Document) -> dict[str, Any]:
    """Return what a repository comes from: ``parent`` and ``source`` of a fork, the template."""
    places = {"parent": "parent_id", "source": "source_id", "template_repository": "template_id"}
    held = {name: by_id(call.tx, repository.get(key) or 0) for name, key in places.items()}
    shown = {name: show(call, {**one, **_NO_RELATIONS}, "read") for name, one in held.items() if one}
    return {"fork": bool(repository.get("parent_id")), **shown}


_NO_RELATIONS = MappingProxyType(dict.fromkeys(("parent_id", "source_id", "template_id")))


def _counts(call: Call, repository: Document) -> dict[str, int]:
    forks = len(forks_of(call.tx, repository))
    issues = open_issues(call.tx, repository)
    names = ("stargazers", "watchers")
    return {
        **{f"{name}_count": 0 for name in names},
        "forks_count": forks,
        "open_issues_count": issues,
        "forks": forks,
        "open_issues": issues,
        "watchers": 0,
        "subscribers_count": 0,
        "network_count": forks,
    }
