"""Users, organisations, Apps and installations over REST."""

from __future__ import annotations

from functools import partial

from provisioner.sandbox.github import apps, limits, repositories
from provisioner.sandbox.github.accounts import (
    ORGANIZATION,
    find_account,
    members,
    membership,
    public,
    simple,
    user,
)
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import forbidden, not_found
from provisioner.sandbox.github.events import brief_organization
from provisioner.sandbox.github.plans import plan_of
from provisioner.sandbox.github.replies import VERSIONS
from provisioner.sandbox.github.routing import ANYONE, KNOWN, org_read, route
from provisioner.sandbox.store import Document

_SEARCHES = (("code", "code"), ("commit", "commits"), ("issue", "issues"), ("label", "labels"), ("user", "users"))
_PLACES = (
    ("current_user", "user"),
    ("emails", "user/emails"),
    ("followers", "user/followers"),
    ("following", "user/following{/target}"),
    ("keys", "user/keys"),
    ("starred", "user/starred{/owner}{/repo}"),
    ("user_organizations", "user/orgs"),
    ("current_user_repositories", "user/repos{?type,page,per_page,sort}"),
    ("user", "users/{user}"),
    ("user_repositories", "users/{user}/repos{?type,page,per_page,sort}"),
    ("organization", "orgs/{org}"),
    ("organization_repositories", "orgs/{org}/repos{?type,page,per_page,sort}"),
    ("organization_teams", "orgs/{org}/teams"),
    ("repository", "repos/{owner}/{repo}"),
    ("gists", "gists{/gist_id}"),
    ("public_gists", "gists/public"),
    ("starred_gists", "gists/starred"),
    *((name, name) for name in ("authorizations", "emojis", "events", "feeds", "issues", "notifications")),
    ("rate_limit", "rate_limit"),
    ("repository_search", "search/repositories?q={query}{&page,per_page,sort,order}"),
    *((f"{name}_search", f"search/{what}?q={{query}}{{&page,per_page,sort,order}}") for name, what in _SEARCHES),
)


def root(call: Call) -> Answer:
    """Tell where things are."""
    places = {f"{name}_url": f"{call.urls.root}/{path}" for name, path in _PLACES}
    return Answer({**places, "current_user_authorizations_html_url": call.urls.web("settings/connections")})


def versions(_call: Call) -> Answer:
    """List the versions of the API."""
    return Answer([*VERSIONS])


def rate_limit(call: Call) -> Answer:
    """Show what is left of the hour; asking is free."""
    held = {name: limits.budget_of(call.world, call.tx, call.caller, name).document for name in limits.RESOURCES}
    return Answer({"resources": held, "rate": held["core"]})


def current_user(call: Call) -> Answer:
    """Show the person behind the token; an installation is none."""
    if not call.caller.is_person:
        raise forbidden("Resource not accessible by integration")
    account = call.caller.account
    private = dict.fromkeys(("private_gists", "total_private_repos", "owned_private_repos", "disk_usage"), 0)
    return Answer({**public(call.urls, account), **private, "collaborators": 0, "two_factor_authentication": True})


def get_user(call: Call) -> Answer:
    """Show an account by login."""
    account = find_account(call.tx, call.parameters["username"])
    if account is None:
        raise not_found()
    return Answer(public(call.urls, account))


def get_organization(call: Call) -> Answer:
    """Show an organisation; its plan only to those who belong to it."""
    org = call.organization
    document = {
        **brief_organization(call, org),
        "name": org.get("name") or org["login"],
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": _visible_count(call, "public"),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "html_url": call.urls.web(org["login"]),
        "type": ORGANIZATION,
        "archived_at": None,
        **{name: org[name] for name in ("created_at", "updated_at")},
    }
    return Answer({**document, **(_inside(call) if _belongs(call) else {})})


def _belongs(call: Call) -> bool:
    caller, org = call.caller, call.organization
    if caller.kind == "installation":
        return apps.find_installation(call.tx, caller.app["id"], org["id"]) is not None
    return caller.is_person and bool(membership(call.tx, org["id"], caller.account["id"]))


def _inside(call: Call) -> Document:
    private = _visible_count(call, "private")
    seats = sum(1 for _ in members(call.tx, call.organization["id"]))
    plan = {"name": plan_of(call.world, call.organization), "space": 976562499, "private_repos": 999999}
    return {
        "plan": {**plan, "filled_seats": seats, "seats": max(seats, 1)},
        "total_private_repos": private,
        "owned_private_repos": private,
        "default_repository_permission": "read",
        "members_can_create_repositories": True,
        "two_factor_requirement_enabled": True,
        "members_can_create_public_repositories": True,
        "members_can_create_private_repositories": True,
        "web_commit_signoff_required": False,
    }


def _visible_count(call: Call, visibility: str) -> int:
    owned = repositories.of_owner(call.tx, call.organization["id"])
    return sum(1 for repository in owned if repository["visibility"] == visibility)


def list_members(call: Call) -> Listing:
    """List the people of an organisation."""
    wanted = call.query("role", "all")
    rows = [account for account, role in members(call.tx, call.organization["id"]) if wanted in {"all", role}]
    return Listing(rows, partial(simple, call.urls))


def check_member(call: Call) -> Answer:
    """Tell whether somebody belongs to the organisation (204 or 404)."""
    account = user(call.tx, call.parameters["username"])
    if not membership(call.tx, call.organization["id"], account["id"]):
        raise not_found()
    return NO_CONTENT


def get_membership(call: Call) -> Answer:
    """Show somebody's membership."""
    account = user(call.tx, call.parameters["username"])
    role = membership(call.tx, call.organization["id"], account["id"])
    if not role:
        raise not_found()
    own = call.urls.api("orgs", call.organization["login"])
    brief = get_organization(call).document
    return Answer(
        {
            "url": f"{own}/memberships/{account['login']}",
            "state": "active",
            "role": role,
            "direct_membership": True,
            "organization_url": own,
            "organization": {name: brief[name] for name in _BRIEF_ORGANIZATION},
            "user": simple(call.urls, account),
            "permissions": {"can_create_repository": True},
        }
    )


_BRIEF_ORGANIZATION = (
    *("login", "id", "node_id", "url", "repos_url", "events_url", "hooks_url", "issues_url"),
    *("members_url", "public_members_url", "avatar_url", "description"),
)


ROUTES = (
    route("GET", "/", ANYONE, root, "meta/meta#github-api-root"),
    route("GET", "/versions", ANYONE, versions, "meta/meta#get-all-api-versions"),
    route("GET", "/rate_limit", ANYONE, rate_limit, "rate-limit/rate-limit"),
    route("GET", "/user", KNOWN, current_user, "users/users#get-the-authenticated-user"),
    route("GET", "/users/{username}", ANYONE, get_user, "users/users#get-a-user"),
    route("GET", "/orgs/{org}", ANYONE, get_organization, "orgs/orgs#get-an-organization"),
    route("GET", "/orgs/{org}/members", org_read(), list_members, "orgs/members#list-organization-members"),
    route("GET", "/orgs/{org}/members/{username}", org_read(), check_member, "orgs/members"),
    route("GET", "/orgs/{org}/memberships/{username}", org_read(), get_membership, "orgs/members"),
)
