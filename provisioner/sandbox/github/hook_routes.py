"""Webhooks over REST: of repositories, organisations and the App; deliveries, redelivery, ping.

https://docs.github.com/rest/repos/webhooks
"""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from provisioner.sandbox.github import commits, events, hooks, repositories
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError, invalid
from provisioner.sandbox.github.push_effects import push_payload
from provisioner.sandbox.github.routing import Needs, Route, org_write, repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXT, TEXTS, Field, Shape
from provisioner.sandbox.store import Document

_CONFIG: Shape = {
    "url": TEXT,
    "content_type": TEXT,
    "secret": TEXT,
    "insecure_ssl": Field("any"),
    "username": TEXT,
    "password": TEXT,
}
_CREATE = {"name": TEXT, "config": Field("object", members=_CONFIG), "events": TEXTS, "active": FLAG}
_CHANGE = {**_CREATE, "add_events": TEXTS, "remove_events": TEXTS}
APP_CONFIG = {name: field for name, field in _CONFIG.items() if name not in {"username", "password"}}
_MOST = 20  # hooks of one repository that hear of the same event
EVENTS = frozenset(
    (
        *("branch_protection_rule", "check_run", "check_suite", "code_scanning_alert", "commit_comment", "create"),
        *("custom_property_values", "delete", "deploy_key", "deployment", "deployment_status", "discussion"),
        *("discussion_comment", "dependabot_alert", "fork", "gollum", "issue_comment", "issues", "label", "member"),
        *("membership", "meta", "milestone", "organization", "org_block", "package", "page_build", "ping", "public"),
        *("pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_review_thread"),
        *("push", "registry_package", "release", "repository", "repository_ruleset", "repository_import"),
        *("repository_vulnerability_alert", "secret_scanning_alert", "secret_scanning_alert_location", "star"),
        *("security_and_analysis", "status", "team", "team_add", "watch", "workflow_job", "workflow_run", "*"),
        *("merge_group", "installation", "installation_repositories", "workflow_dispatch", "repository_dispatch"),
        *("deployment_protection_rule", "deployment_review", "personal_access_token_request", "sub_issues"),
    )
)


def _scope(call: Call) -> str:
    if call.repository:
        return hooks.repository_scope(call.repository["id"])
    return hooks.organization_scope(call.organization["id"])


def _hook(call: Call) -> Document:
    return hooks.get(call.tx, _scope(call), call.parameters["hook_id"])


def list_hooks(call: Call) -> Listing:
    """List the hooks."""
    return Listing(hooks.of_scope(call.tx, _scope(call)), partial(show, call))


def create_hook(call: Call) -> Answer:
    """Make a hook; a ping is its first delivery."""
    wanted = call.body(_CREATE)
    if wanted.get("name", "web") != "web":
        raise invalid("Hook", "name", "custom", "The only valid hook name is 'web'.")
    config = checked_config(wanted.get("config") or {}, {})
    chosen = _events(wanted.get("events", ["push"]))
    held = hooks.of_scope(call.tx, _scope(call))
    if any(hook["config"]["url"] == config["url"] and hook["events"] == chosen for hook in held):
        message = "Hook already exists on this repository"
        raise GithubError(
            422, "Validation Failed", errors=({"resource": "Hook", "code": "custom", "message": message},)
        )
    if len(held) >= _MOST:
        message = f"The 'push' event cannot have more than {_MOST} hooks"
        raise GithubError(
            422, "Validation Failed", errors=({"resource": "Hook", "code": "custom", "message": message},)
        )
    fresh = {"config": config, "events": chosen, "active": wanted.get("active", True)}
    hook = hooks.create(call.tx, _scope(call), fresh, call.stamp)
    _ping(call, hook)
    shown = show(call, hook)
    return Answer(shown, 201, (("Location", shown["url"]),))


def checked_config(wanted: dict[str, Any], before: Document) -> Document:
    """Return a configuration with GitHub's defaults. Raises GithubError (422)."""
    config = {"content_type": "form", "insecure_ssl": "0", **before, **wanted}
    if not config.get("url"):
        raise invalid("Hook", "config", "missing_field", "config.url is required")
    if urlsplit(config["url"]).scheme not in {"http", "https"} or not urlsplit(config["url"]).hostname:
        raise invalid("Hook", "url", "custom", "url is missing a scheme")
    if config["content_type"] not in {"form", "json"}:
        raise invalid("Hook", "config", "custom", "content_type must be one of: json, form")
    config["insecure_ssl"] = str(config["insecure_ssl"])
    return config


def _events(names: list[str]) -> list[str]:
    unknown = sorted(set(names) - EVENTS)
    if unknown or not names:
        message = f"The following events are invalid: {', '.join(unknown)}" if unknown else "Events can't be blank"
        raise invalid("Hook", "events", "custom", message)
    return ["*"] if "*" in names else list(dict.fromkeys(names))


def get_hook(call: Call) -> Answer:
    """Show a hook; its secret only as stars."""
    return Answer(show(call, _hook(call)))


def change_hook(call: Call) -> Answer:
    """Change a hook; a configuration replaces the one before."""
    wanted, hook = call.body(_CHANGE), _hook(call)
    if "config" in wanted:
        hook["config"] = checked_config(wanted["config"], {})
    chosen = _events(wanted["events"]) if "events" in wanted else hook["events"]
    chosen = [*chosen, *_some(wanted, "add_events")]
    hook["events"] = list(dict.fromkeys(name for name in chosen if name not in wanted.get("remove_events", ())))
    hook |= {"active": wanted.get("active", hook["active"]), "updated_at": call.stamp}
    hooks.put(call.tx, hook)
    return Answer(show(call, hook))


def _some(wanted: dict[str, Any], name: str) -> list[str]:
    return _events(wanted[name]) if wanted.get(name) else []


def delete_hook(call: Call) -> Answer:
    """Remove a hook."""
    hooks.delete(call.tx, _hook(call))
    return NO_CONTENT


def get_config(call: Call) -> Answer:
    """Show where and how a hook delivers."""
    return Answer(show_config(_hook(call)))


def change_config(call: Call) -> Answer:
    """Change where and how a hook delivers."""
    wanted, hook = call.body(APP_CONFIG), _hook(call)
    hook["config"] = checked_config(wanted, hook["config"])
    hooks.put(call.tx, hook)
    return Answer(show_config(hook))


def ping(call: Call) -> Answer:
    """Deliver a ping."""
    _ping(call, _hook(call))
    return NO_CONTENT


def _ping(call: Call, hook: Document) -> None:
    zen = "Keep it logically awesome."
    payload = {"zen": zen, "hook_id": hook["id"], "hook": show(call, hook), **events.surroundings(call)}
    hooks.enqueue(call.tx, hook, "ping", payload, call.stamp)
    call.world.errands.wake()


def test_push(call: Call) -> Answer:
    """Deliver the newest push of the default branch again, where the hook hears of pushes."""
    hook, branch = _hook(call), call.repository["default_branch"]
    sha = commits.branch_tip(call, call.repository, branch)
    if sha and hooks.wants(hook, "push"):
        payload = push_payload(call, commits.git_of(call), (f"refs/heads/{branch}", None, sha))
        hooks.enqueue(call.tx, hook, "push", {**payload, **events.surroundings(call)}, call.stamp)
    return NO_CONTENT


def list_deliveries(call: Call) -> Listing:
    """List the deliveries of a hook, newest first."""
    return delivery_listing(call, _hook(call))


def delivery_listing(call: Call, hook: Document) -> Listing:
    """List the deliveries that were made, by status."""
    rows, wanted = hooks.deliveries(call.tx, hook), call.query("status")
    failed = {"success": False, "failure": True}.get(wanted)
    rows = [row for row in rows if failed is None or (row["status"] != "OK") is failed]
    return Listing([row for row in rows if row["request"]], show_delivery)


def get_delivery(call: Call) -> Answer:
    """Show a delivery with what was sent and what came back."""
    return Answer(show_delivery(hooks.delivery(call.tx, _hook(call), call.parameters["delivery_id"]), full=True))


def redeliver(call: Call) -> Answer:
    """Deliver once more, under the same GUID."""
    return redelivered(call, _hook(call))


def redelivered(call: Call, hook: Document) -> Answer:
    """Queue the delivery that a path names once more."""
    before = hooks.delivery(call.tx, hook, call.parameters["delivery_id"])
    hooks.enqueue_again(call.tx, hook, before, call.stamp)
    call.world.errands.wake()
    return Answer({}, 202)


def show(call: Call, hook: Document) -> dict[str, Any]:
    """Show a hook."""
    if call.repository:
        own = call.urls.api("repos", repositories.full_name(call.tx, call.repository), "hooks", hook["id"])
        more = {"type": "Repository", "test_url": f"{own}/test"}
    else:
        own = call.urls.api("orgs", call.organization["login"], "hooks", hook["id"])
        more = {"type": "Organization"}
    responded = {"last_response": hook["last_response"]} if call.repository else {}
    return {
        **{name: hook[name] for name in ("id", "active", "events", "created_at", "updated_at")},
        "name": "web",
        "config": show_config(hook),
        "url": own,
        "ping_url": f"{own}/pings",
        "deliveries_url": f"{own}/deliveries",
        **more,
        **responded,
    }


def show_config(hook: Document) -> dict[str, Any]:
    """Show a configuration without its secrets."""
    hidden = {name: hooks.HIDDEN for name in ("secret", "password") if hook["config"].get(name)}
    return {**hook["config"], **hidden}


def show_delivery(row: Document, *, full: bool = False) -> dict[str, Any]:
    """Show a delivery; ``full`` with request and response."""
    names = ("id", "guid", "delivered_at", "redelivery", "duration", "status", "status_code", "event", "action")
    shown = {name: row[name] for name in (*names, "installation_id", "repository_id")} | {"throttled_at": None}
    return {**shown, "url": row["url"], "request": row["request"], "response": row["response"]} if full else shown


_DELIVERY = "deliveries/{delivery_id}"


def _family(place: str, read: Needs, write: Needs, docs: str) -> tuple[Route, ...]:
    one = f"{place}/{{hook_id}}"
    return (
        route("GET", place, read, list_hooks, docs),
        route("POST", place, write, create_hook, docs),
        route("GET", one, read, get_hook, docs),
        route("PATCH", one, write, change_hook, docs),
        route("DELETE", one, write, delete_hook, docs),
        route("GET", f"{one}/config", read, get_config, docs),
        route("PATCH", f"{one}/config", write, change_config, docs),
        route("POST", f"{one}/pings", write, ping, docs),
        route("GET", f"{one}/deliveries", read, list_deliveries, docs),
        route("GET", f"{one}/{_DELIVERY}", read, get_delivery, docs),
        route("POST", f"{one}/{_DELIVERY}/attempts", write, redeliver, docs),
    )


_REPO = "/repos/{owner}/{repo}/hooks"
_WRITE = repo_write("repository_hooks", "admin", "repo", "write:repo_hook", "admin:repo_hook")
_READ = repo_read("repository_hooks", "admin")
_OWNERS = org_write("organization_hooks", "admin:org_hook")
ROUTES = (
    *_family(_REPO, _READ, _WRITE, "repos/webhooks"),
    route("POST", f"{_REPO}/{{hook_id}}/tests", _WRITE, test_push, "repos/webhooks"),
    *_family("/orgs/{org}/hooks", _OWNERS, _OWNERS, "orgs/webhooks"),
)
