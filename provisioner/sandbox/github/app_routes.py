"""Apps and installations over REST."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from provisioner.sandbox.github import apps, repositories
from provisioner.sandbox.github.access import caller_role
from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.callers import issue_installation_token
from provisioner.sandbox.github.checks import ACTIONS
from provisioner.sandbox.github.errors import not_found, unprocessable
from provisioner.sandbox.github.identifiers import stamp
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.github.routing import ANYONE, APP, INSTALLATION, org_read, route
from provisioner.sandbox.github.shapes import NUMBER, TEXTS, Field
from provisioner.sandbox.store import Document

_TOKEN_SECONDS = 3600
_TOKEN_REQUEST = {
    "permissions": Field("object"),
    "repositories": TEXTS,
    "repository_ids": Field("array", items=NUMBER),
}
_LEVELS = ("", "read", "write", "admin")


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
    own = apps.find_app(call.tx, ACTIONS)  # GitHub's own, which nobody installed
    rows = apps.installations_on(call.tx, call.organization["id"])
    held = [row for row in rows if own is None or row["app_id"] != own["id"]]
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
    chosen = _chosen_repositories(call, held, wanted)
    granted = call.caller.app["permissions"]
    asked = wanted.get("permissions") or granted
    if not all(_within(granted.get(name, ""), level) for name, level in asked.items()):
        raise unprocessable("The permissions requested are not granted to this installation.")
    ends = call.now + timedelta(seconds=_TOKEN_SECONDS)
    numbers = [repository["id"] for repository in chosen]
    token = issue_installation_token(call.tx, held["id"], asked, ends, repository_ids=numbers)
    selection = "selected" if chosen else "all"
    document = {"token": token, "expires_at": stamp(ends), "permissions": asked, "repository_selection": selection}
    shown = {"repositories": [show(call, repository, "read") for repository in chosen]} if chosen else {}
    return Answer({**document, **shown}, 201)


def _chosen_repositories(call: Call, held: Document, wanted: Document) -> list[Document]:
    owned = repositories.of_owner(call.tx, held["account_id"])
    names = {str(name).lower() for name in wanted.get("repositories") or ()}
    numbers = set(wanted.get("repository_ids") or ())
    found = [one for one in owned if one["name"].lower() in names or one["id"] in numbers]
    if len({one["name"].lower() for one in found} & names) < len(names) or len(found) < len(numbers):
        raise unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return found


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
    rows = [one for one in rows if not caller.repositories or one["id"] in caller.repositories]
    extra = {"repository_selection": "selected" if caller.repositories else "all"}
    return Listing(rows, partial(_reached, call), "repositories", extra)


def _reached(call: Call, repository: Document) -> Document:
    return show(call, repository, caller_role(call.tx, call.caller, repository))


ROUTES = (
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
