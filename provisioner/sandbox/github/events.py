"""What happens on this GitHub, told to webhooks.

An event reaches the hooks of its repository, of the owning organisation and of the Apps installed there.
https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.sandbox.github import apps, hooks
from provisioner.sandbox.github.accounts import ORGANIZATION, account_by_id, account_node_id, simple
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.store import Document

Payload = Mapping[str, Any]
# What an App must be permitted to hear of an event, besides asking for it.
_APP_NEEDS = {
    **dict.fromkeys(("push", "create", "delete", "release", "fork"), "contents"),
    **dict.fromkeys(("pull_request", "pull_request_review", "pull_request_review_comment"), "pull_requests"),
    **dict.fromkeys(("issues", "issue_comment", "label", "milestone"), "issues"),
    **dict.fromkeys(("check_run", "check_suite"), "checks"),
    **dict.fromkeys(("deployment", "deployment_status"), "deployments"),
    **dict.fromkeys(("workflow_run", "workflow_job", "workflow_dispatch"), "actions"),
    "status": "statuses",
}


def publish(call: Call, event: str, payload: Callable[[], Payload], action: str = "") -> None:
    """Queue an event for every hook that wants it; ``payload`` is only asked where there is one."""
    listening = [(hook, app) for hook, app in _listeners(call) if hooks.wants(hook, event)]
    if not listening:
        return
    document = {**({"action": action} if action else {}), **payload(), **surroundings(call)}
    for hook, held in listening:
        installed = {"installation": {"id": held["id"], "node_id": node_id("MDI", held["id"])}} if held else {}
        hooks.enqueue(call.tx, hook, event, {**document, **installed}, call.stamp)
    call.world.errands.wake()


def _listeners(call: Call) -> list[tuple[Document, Document | None]]:
    found: list[tuple[Document, Document | None]] = []
    owner_id = call.repository["owner_id"] if call.repository else call.organization["id"]
    if call.repository:
        found += [(hook, None) for hook in hooks.of_scope(call.tx, hooks.repository_scope(call.repository["id"]))]
    found += [(hook, None) for hook in hooks.of_scope(call.tx, hooks.organization_scope(owner_id))]
    for held in apps.installations_on(call.tx, owner_id):
        found += [(hook, held) for hook in _of_app(call, held)]
    return found


def _of_app(call: Call, held: Document) -> list[Document]:
    app = apps.app_by_id(call.tx, held["app_id"]) or {"permissions": {}}
    scope = hooks.app_scope(held["app_id"])
    return [
        {**hook, "events": [name for name in hook["events"] if _may_hear(app, name)]}
        for hook in hooks.of_scope(call.tx, scope)
    ]


def _may_hear(app: Document, event: str) -> bool:
    needed = _APP_NEEDS.get(event)
    return needed is None or needed in app["permissions"]


def surroundings(call: Call) -> dict[str, Any]:
    """Return what every payload has: repository, organisation, sender."""
    owner = account_by_id(call.tx, call.repository["owner_id"]) if call.repository else call.organization
    repository = {"repository": show(call, call.repository)} if call.repository else {}
    organization = {"organization": brief_organization(call, owner)} if owner["type"] == ORGANIZATION else {}
    sender = {"sender": simple(call.urls, call.caller.account)} if call.caller.account else {}
    return {**repository, **organization, **sender}


def brief_organization(call: Call, org: Document) -> dict[str, Any]:
    """Show an organisation the short way, as it appears in payloads and lists."""
    own = call.urls.api("orgs", org["login"])
    return {
        "login": org["login"],
        "id": org["id"],
        "node_id": account_node_id(org),
        "url": own,
        **{f"{name}_url": f"{own}/{name}" for name in ("repos", "events", "hooks", "issues")},
        "members_url": f"{own}/members{{/member}}",
        "public_members_url": f"{own}/public_members{{/member}}",
        "avatar_url": simple(call.urls, org)["avatar_url"],
        "description": org.get("description"),
    }
