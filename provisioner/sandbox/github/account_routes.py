"""Users, organisations, Apps and installations over REST."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from provisioner.sandbox.github import apps, limits, repositories
from provisioner.sandbox.github.access import caller_role
from provisioner.sandbox.github.accounts import (
    ORGANIZATION,
    account_node_id,
    find_account,
    members,
    membership,
    public,
    simple,
    user,
)
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.callers import issue_installation_token
from provisioner.sandbox.github.errors import NotImplementedHere, forbidden, not_found, unprocessable
from provisioner.sandbox.github.identifiers import stamp
from provisioner.sandbox.github.plans import plan_of
from provisioner.sandbox.github.replies import VERSIONS
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.github.routing import ANYONE, APP, INSTALLATION, KNOWN, org_read, route
from provisioner.sandbox.github.shapes import Field
from provisioner.sandbox.store import Document

_TOKEN_SECONDS = 3600
_TOKEN_REQUEST = {
    "permissions": Field("object"),
    "repositories": Field("array"),
    "repository_ids": Field("array"),
}
_LEVELS = ("", "read", "write", "admin")


def root(call: Call) -> Answer:
    """Tell where things are."""
    own = call.urls.root
    return Answer(
        {
            "current_user_url": f"{own}/user",
            "organization_url": f"{own}/orgs/{{org}}",
            "organization_repositories_url": f"{own}/orgs/{{org}}/repos{{?type,page,per_page,sort}}",
            "rate_limit_url": f"{own}/rate_limit",
            "repository_url": f"{own}/repos/{{owner}}/{{repo}}",
            "user_url": f"{own}/users/{{user}}",
        }
    )


def versions(_call: Call) -> Answer:
    """List the versions of the API."""
    return Answer([*VERSIONS])


def rate_limit(call: Call) -> Answer:
    """Show what is left of the hour; asking is free."""
    core = limits.budget_of(call.tx, call.caller, str(call.world.settings["github_plan"]), call.now).document
    return Answer({"resources": {"core": core, "search": core}, "rate": core})


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
    own = call.urls.api("orgs", org["login"])
    document = {
        "login": org["login"],
        "id": org["id"],
        "node_id": account_node_id(org),
        "url": own,
        **{f"{name}_url": f"{own}/{name}" for name in ("repos", "events", "hooks", "issues")},
        "members_url": f"{own}/members{{/member}}",
        "public_members_url": f"{own}/public_members{{/member}}",
        "avatar_url": simple(call.urls, org)["avatar_url"],
        "description": None,
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
    org, own = call.organization, call.urls.api("orgs", call.organization["login"])
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
            "permissions": {"can_create_repository": org["id"] > 0},
        }
    )


_BRIEF_ORGANIZATION = (
    *("login", "id", "node_id", "url", "repos_url", "events_url", "hooks_url", "issues_url"),
    *("members_url", "public_members_url", "avatar_url", "description"),
)


def get_app(call: Call) -> Answer:
    """Show the App that signed the JWT."""
    return Answer(apps.show_app(call.tx, call.urls, call.caller.app))


def get_app_by_slug(call: Call) -> Answer:
    """Show an App to others: where it is installed is its own business."""
    app = apps.find_app(call.tx, call.parameters["app_slug"])
    if app is None:
        raise not_found()
    shown = apps.show_app(call.tx, call.urls, app)
    return Answer({name: value for name, value in shown.items() if name != "installations_count"})


def list_app_installations(call: Call) -> Listing:
    """List where the App is installed."""
    held = apps.installations_of(call.tx, call.caller.app["id"])
    return Listing(held, partial(apps.show_installation, call.tx, call.urls))


def get_app_installation(call: Call) -> Answer:
    """Show one installation of the App."""
    return Answer(apps.show_installation(call.tx, call.urls, _own_installation(call)))


def get_org_installation(call: Call) -> Answer:
    """Show the App's installation on an organisation."""
    held = apps.find_installation(call.tx, call.caller.app["id"], call.organization["id"])
    if held is None:
        raise not_found()
    return Answer(apps.show_installation(call.tx, call.urls, held))


def list_org_installations(call: Call) -> Listing:
    """List the Apps installed on an organisation, with their permissions."""
    held = apps.installations_on(call.tx, call.organization["id"])
    return Listing(held, partial(apps.show_installation, call.tx, call.urls), "installations")


def _own_installation(call: Call) -> Document:
    number = call.parameters["installation_id"]
    held = apps.installation(call.tx, number)
    if held["app_id"] != call.caller.app["id"]:
        raise not_found()
    return held


def create_installation_token(call: Call) -> Answer:
    """Make a token for an hour, with the installation's permissions or fewer."""
    held = _own_installation(call)
    wanted = call.body(_TOKEN_REQUEST)
    if wanted.get("repositories") or wanted.get("repository_ids"):
        raise NotImplementedHere("installation tokens for selected repositories")
    granted = call.caller.app["permissions"]
    asked = wanted.get("permissions") or granted
    if not all(_within(granted.get(name, ""), level) for name, level in asked.items()):
        raise unprocessable("The permissions requested are not granted to this installation.")
    ends = call.now + timedelta(seconds=_TOKEN_SECONDS)
    token = issue_installation_token(call.tx, held["id"], asked, ends)
    document = {"token": token, "expires_at": stamp(ends), "permissions": asked, "repository_selection": "all"}
    return Answer(document, 201)


def _within(granted: str, asked: object) -> bool:
    return asked in _LEVELS[1:] and _LEVELS.index(str(asked)) <= _LEVELS.index(granted)


def list_installation_repositories(call: Call) -> Listing:
    """List the repositories an installation's token reaches."""
    caller = call.caller
    owners = (
        [caller.owner_id]
        if caller.owner_id
        else [held["account_id"] for held in apps.installations_of(call.tx, caller.app["id"])]
    )
    rows = [repository for owner in owners for repository in repositories.of_owner(call.tx, owner)]
    extra = {"repository_selection": "all"}
    return Listing(rows, partial(_reached, call), "repositories", extra)


def _reached(call: Call, repository: Document) -> Document:
    return show(call, repository, caller_role(call.tx, call.caller, repository))


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
    route("GET", "/app", APP, get_app, "apps/apps#get-the-authenticated-app"),
    route("GET", "/apps/{app_slug}", ANYONE, get_app_by_slug, "apps/apps#get-an-app"),
    route("GET", "/app/installations", APP, list_app_installations, "apps/apps"),
    route("GET", "/app/installations/{installation_id}", APP, get_app_installation, "apps/apps"),
    route("POST", "/app/installations/{installation_id}/access_tokens", APP, create_installation_token, "apps/apps"),
    route("GET", "/orgs/{org}/installation", APP, get_org_installation, "apps/apps"),
    route(
        *("GET", "/orgs/{org}/installations", org_read("organization_administration"), list_org_installations),
        docs="orgs/orgs#list-app-installations-for-an-organization",
    ),
    route("GET", "/installation/repositories", INSTALLATION, list_installation_repositories, "apps/installations"),
)
