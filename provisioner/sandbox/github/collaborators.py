"""Collaborators of a repository and invitations.

Members of the owning organisation get access at once; anybody else is invited first, and accepts.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github.access import (
    COLLABORATORS,
    ROLE_OF_PERMISSION,
    TEAM_ACCESS,
    TEAM_MEMBERS,
    person_role,
)
from provisioner.sandbox.github.accounts import account_by_id, members, membership, simple, user
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import forbidden, invalid, not_found
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.repository_views import permissions_of, show
from provisioner.sandbox.github.routing import KNOWN, repo_read, repo_write, route
from provisioner.sandbox.github.shapes import text
from provisioner.sandbox.store import Document

_INVITATIONS = "github/invitations"
# The oldest API calls maintain "write" and triage "read"; role_name has the exact one.
_LEGACY = {"maintain": "write", "triage": "read", "": "none"}


def list_collaborators(call: Call) -> Listing:
    """List who reaches the repository; ``affiliation=direct`` leaves out those who do through the organisation."""
    wanted = call.query("affiliation", "all")
    numbers = {int(key.partition("/")[2]) for key, _ in call.tx.scan(COLLABORATORS, f"{call.repository['id']}/")}
    if wanted == "all":
        numbers |= _through_organization(call)
    rows = [account_by_id(call.tx, number) for number in sorted(numbers)]
    return Listing(rows, partial(_show, call))


def _through_organization(call: Call) -> set[int]:
    people = {account["id"] for account, _ in members(call.tx, call.repository["owner_id"])}
    team_ids = [key.partition("/")[2] for key, _ in call.tx.scan(TEAM_ACCESS, f"{call.repository['id']}/")]
    in_teams = {int(k.partition("/")[2]) for team in team_ids for k, _ in call.tx.scan(TEAM_MEMBERS, f"{team}/")}
    owner = {call.repository["owner_id"]} if not people else set()
    return people | in_teams | owner


def _show(call: Call, account: Document) -> dict[str, Any]:
    role = person_role(call.tx, account["id"], call.repository)
    return {**simple(call.urls, account), "permissions": permissions_of(role), "role_name": role}


def check_collaborator(call: Call) -> Answer:
    """Tell whether somebody has access beyond what anybody has (204 or 404)."""
    account = user(call.tx, call.parameters["username"])
    private_view = {**call.repository, "visibility": "private"}
    if not person_role(call.tx, account["id"], private_view):
        raise not_found()
    return NO_CONTENT


def get_permission(call: Call) -> Answer:
    """Show what somebody may do in the repository."""
    account = user(call.tx, call.parameters["username"])
    role = person_role(call.tx, account["id"], call.repository)
    shown = _show(call, account)
    return Answer({"permission": _LEGACY.get(role, role), "role_name": role or "none", "user": shown})


def put_collaborator(call: Call) -> Answer:
    """Give somebody a role: at once (204), or by an invitation (201)."""
    asked = call.body({"permission": text()}).get("permission", "push")
    if asked not in ROLE_OF_PERMISSION:
        raise invalid("Repository", "permission", "invalid")
    account, role = user(call.tx, call.parameters["username"]), ROLE_OF_PERMISSION[asked]
    key = f"{call.repository['id']}/{account['id']}"
    if account["id"] == call.repository["owner_id"]:
        raise invalid("Repository", "collaborator", "custom", "Repository owner cannot be a collaborator")
    if call.tx.get(COLLABORATORS, key) or membership(call.tx, call.repository["owner_id"], account["id"]):
        call.tx.put(COLLABORATORS, key, {"role": role})
        return NO_CONTENT
    return Answer(_show_invitation(call, _invite(call, account, role)), 201)


def _invite(call: Call, account: Document, role: str) -> Document:
    for key, held in list(call.tx.scan(_INVITATIONS, f"{call.repository['id']}/")):
        if held["invitee_id"] == account["id"]:
            held["role"] = role
            call.tx.put(_INVITATIONS, key, held)
            return held
    number = next_id(call.tx, "invitation")
    invitation = {
        "id": number,
        "repo_id": call.repository["id"],
        "invitee_id": account["id"],
        "inviter_id": call.caller.account["id"],
        "role": role,
        "created_at": call.stamp,
    }
    call.tx.put(_INVITATIONS, f"{call.repository['id']}/{number}", invitation)
    return invitation


def _show_invitation(call: Call, invitation: Document) -> dict[str, Any]:
    return {
        "id": invitation["id"],
        "node_id": node_id("RI", invitation["id"]),
        "repository": show(call, call.repository),
        "invitee": simple(call.urls, account_by_id(call.tx, invitation["invitee_id"])),
        "inviter": simple(call.urls, account_by_id(call.tx, invitation["inviter_id"])),
        "permissions": invitation["role"],
        "created_at": invitation["created_at"],
        "expired": False,
        "url": call.urls.api("user/repository_invitations", invitation["id"]),
        "html_url": call.urls.web(show(call, call.repository)["full_name"], "invitations"),
    }


def delete_collaborator(call: Call) -> Answer:
    """Take somebody's own access away, and an open invitation."""
    account = user(call.tx, call.parameters["username"])
    call.tx.delete(COLLABORATORS, f"{call.repository['id']}/{account['id']}")
    for key, held in list(call.tx.scan(_INVITATIONS, f"{call.repository['id']}/")):
        if held["invitee_id"] == account["id"]:
            call.tx.delete(_INVITATIONS, key)
    return NO_CONTENT


def list_invitations(call: Call) -> Listing:
    """List the open invitations."""
    rows = [held for _, held in call.tx.scan(_INVITATIONS, f"{call.repository['id']}/")]
    return Listing(rows, partial(_show_invitation, call))


def delete_invitation(call: Call) -> Answer:
    """Withdraw an invitation."""
    if not call.tx.delete(_INVITATIONS, f"{call.repository['id']}/{call.parameters['invitation_id']}"):
        raise not_found()
    return NO_CONTENT


def accept_invitation(call: Call) -> Answer:
    """Accept an invitation as the person invited."""
    for key, held in list(call.tx.scan(_INVITATIONS)):
        if str(held["id"]) == call.parameters["invitation_id"]:
            if held["invitee_id"] != call.caller.account.get("id"):
                raise forbidden("Must be the invitee.")
            call.tx.delete(_INVITATIONS, key)
            call.tx.put(COLLABORATORS, f"{held['repo_id']}/{held['invitee_id']}", {"role": held["role"]})
            return NO_CONTENT
    raise not_found()


_REPO = "/repos/{owner}/{repo}"
_PERSON = f"{_REPO}/collaborators/{{username}}"
_ADMIN = repo_write("administration", "admin")
_DOCS = "collaborators/collaborators"
ROUTES = (
    route("GET", f"{_REPO}/collaborators", repo_read(role="write"), list_collaborators, _DOCS),
    route("GET", f"{_PERSON}/permission", repo_read(), get_permission, _DOCS),
    route("GET", _PERSON, repo_read(role="write"), check_collaborator, _DOCS),
    route("PUT", _PERSON, _ADMIN, put_collaborator, _DOCS),
    route("DELETE", _PERSON, _ADMIN, delete_collaborator, _DOCS),
    route("GET", f"{_REPO}/invitations", repo_read("administration", "admin"), list_invitations, _DOCS),
    route("DELETE", f"{_REPO}/invitations/{{invitation_id}}", _ADMIN, delete_invitation, _DOCS),
    route("PATCH", "/user/repository_invitations/{invitation_id}", KNOWN, accept_invitation, _DOCS),
)
