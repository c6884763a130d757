"""How repositories are shown. One document serves all endpoints: the full one, whose members the others have too."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from provisioner.sandbox.github.access import ROLES, at_least
from provisioner.sandbox.github.accounts import ORGANIZATION, account_by_id, simple
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.repositories import SWITCHES
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
        **{name: repository[name] for name in SWITCHES},
        **_counts(),
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
    fixed = {"fork": False, "disabled": False, "language": None, "license": None, "has_pages": False}
    fixes = "enabled" if repository["security_fixes"] else "disabled"
    security = {"security_and_analysis": {"dependabot_security_updates": {"status": fixes}}}
    return {**{name: repository[name] for name in (*plain, *times)}, **fixed, **security, "temp_clone_token": ""}


def _counts() -> dict[str, int]:
    names = ("forks", "stargazers", "watchers", "open_issues")
    return {
        **{f"{name}_count": 0 for name in names},
        "forks": 0,
        "open_issues": 0,
        "watchers": 0,
        "subscribers_count": 0,
        "network_count": 0,
    }
