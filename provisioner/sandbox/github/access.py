"""What a caller may do: roles of people in repositories, permissions of tokens, and how GitHub says no.

Nothing that a caller may not see exists for it (404); what it sees but may not do is a 403.
"""

from __future__ import annotations

from types import MappingProxyType

from provisioner.sandbox.github import apps
from provisioner.sandbox.github.accounts import membership
from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.github.errors import GithubError, forbidden, not_found
from provisioner.sandbox.github.routing import Needs
from provisioner.sandbox.store import Document, Transaction

ROLES = ("", "read", "triage", "write", "maintain", "admin")
# The older names of the same five roles, still the ones of requests and of `permission` members.
ROLE_OF_PERMISSION = MappingProxyType(
    {"pull": "read", "push": "write", "read": "read", "write": "write"}
    | {r: r for r in ("triage", "maintain", "admin")}
)
PERMISSION_OF_ROLE = MappingProxyType(
    {"read": "pull", "triage": "triage", "write": "push", "maintain": "maintain", "admin": "admin"}
)
_LEVELS = ("", "read", "write", "admin")
TEAM_ACCESS = "github/team_access"
TEAM_MEMBERS = "github/team_members"
COLLABORATORS = "github/collaborators"


def at_least(role: str, least: str) -> bool:
    """Compare two roles."""
    return ROLES.index(role) >= ROLES.index(least)


def person_role(tx: Transaction, user_id: int, repository: Document) -> str:
    """Return the highest role a person has in a repository: owner, organisation, teams, collaborator."""
    if repository["owner_id"] == user_id:
        return "admin"
    found = ["read"] if repository["visibility"] == "public" else [""]
    place = membership(tx, repository["owner_id"], user_id)
    if place == "admin":
        return "admin"
    if place:
        found += ["read", *_team_roles(tx, user_id, repository)]  # organisations start with base permission read
    direct = tx.get(COLLABORATORS, f"{repository['id']}/{user_id}")
    found += [direct["role"]] if direct else []
    return max(found, key=ROLES.index)


def _team_roles(tx: Transaction, user_id: int, repository: Document) -> list[str]:
    return [
        access["role"]
        for key, access in tx.scan(TEAM_ACCESS, f"{repository['id']}/")
        if tx.get(TEAM_MEMBERS, f"{key.partition('/')[2]}/{user_id}")
    ]


def caller_role(tx: Transaction, caller: Caller, repository: Document) -> str:
    """Return what a caller may do in a repository as one role; nothing means that it does not see it."""
    public = "read" if repository["visibility"] == "public" else ""
    if caller.kind == "installation":
        return _installation_role(caller) if reaches_repository(tx, caller, repository) else public
    if not caller.is_person:
        return public
    if caller.kind == "fine_grained" and caller.owner_id != repository["owner_id"]:
        return public
    if caller.kind == "classic" and "repo" not in caller.scopes and not public:
        return ""
    return person_role(tx, caller.account["id"], repository)


def reaches(tx: Transaction, caller: Caller, owner_id: int) -> bool:
    """Tell whether an installation's token is for this account."""
    if caller.owner_id:
        return caller.owner_id == owner_id
    return apps.find_installation(tx, caller.app["id"], owner_id) is not None


def reaches_repository(tx: Transaction, caller: Caller, repository: Document) -> bool:
    """Tell whether a token limited to an account, or to some of its repositories, is for this one."""
    chosen = not caller.repositories or repository["id"] in caller.repositories
    return chosen and reaches_owner(tx, caller, repository["owner_id"])


def _installation_role(caller: Caller) -> str:
    if caller.permissions.get("administration") == "write":
        return "admin"
    return "write" if caller.permissions.get("contents") == "write" else "read"


def holds(caller: Caller, permission: str, level: str) -> bool:
    """Tell whether the token's own permissions include one (metadata is in every token)."""
    held = caller.permissions.get(permission, "read" if permission == "metadata" else "")
    return _LEVELS.index(held) >= _LEVELS.index(level)


def require_kind(caller: Caller, needs: Needs) -> None:
    """Check what kind of caller a route is for. Raises GithubError."""
    if needs.who == "app" and caller.kind != "app":
        raise GithubError(401, "A JSON web token could not be decoded")
    if needs.who != "app" and caller.kind == "app":
        raise GithubError(401, "Bad credentials")
    if needs.who == "known" and caller.kind == "anonymous":
        raise GithubError(401, "Requires authentication")
    if needs.who == "installation" and caller.kind != "installation":
        raise forbidden(
            "You must authenticate with an installation access token in order to list repositories for an installation."
        )


def require_in_repository(tx: Transaction, caller: Caller, needs: Needs, repository: Document, role: str) -> None:
    """Check a caller's permission in a repository it may see. Raises GithubError (401, 403, 404)."""
    if not role:
        raise not_found()
    if repository["visibility"] == "public" and needs.level == "read" and needs.who == "anyone":
        return
    require_token(caller, needs)
    limited = caller.kind in {"installation", "fine_grained"}
    if limited and needs.level == "write" and not reaches_repository(tx, caller, repository):
        raise refusal(caller)
    if caller.is_person and not at_least(role, needs.role):
        raise forbidden("Must have admin rights to Repository.") if needs.role == "admin" else not_found()


def require_in_organization(tx: Transaction, caller: Caller, needs: Needs, org: Document) -> None:
    """Check a caller's permission in an organisation. Raises GithubError (401, 403, 404)."""
    if needs.who == "anyone" or not needs.permission:
        return
    place = membership(tx, org["id"], caller.account["id"]) if caller.is_person else ""
    if caller.is_person and not place:
        raise not_found()
    if caller.kind in {"installation", "fine_grained"} and not reaches_owner(tx, caller, org["id"]):
        raise refusal(caller)
    require_token(caller, needs)
    if caller.is_person and needs.role == "admin" and place != "admin":
        raise forbidden("Must have admin rights to Organization.")


def reaches_owner(tx: Transaction, caller: Caller, owner_id: int) -> bool:
    """Tell whether a token limited to one account is for this one."""
    return reaches(tx, caller, owner_id) if caller.kind == "installation" else caller.owner_id == owner_id


def require_token(caller: Caller, needs: Needs) -> None:
    """Check a token's own permission or scope, wherever it is used. Raises GithubError (401, 403, 404)."""
    if caller.kind in {"installation", "fine_grained"} and not holds(caller, needs.permission, needs.level):
        raise refusal(caller)
    if caller.kind == "classic" and needs.scopes and not scopes_allow(caller.scopes, needs.scopes):
        raise not_found()
    if caller.kind == "anonymous":
        raise GithubError(401, "Requires authentication")


def scopes_allow(held: frozenset[str], accepted: tuple[str, ...]) -> bool:
    """Tell whether classic scopes include one of those accepted; wider scopes include narrower ones."""
    implied = {"admin:org": {"write:org", "read:org"}, "write:org": {"read:org"}, "repo": {"public_repo"}}
    have = held.union(*(implied.get(scope, set()) for scope in held))
    return bool(have & set(accepted))


def refusal(caller: Caller) -> GithubError:
    """Return the 403 for a token that lacks a permission."""
    what = "integration" if caller.kind == "installation" else "personal access token"
    return forbidden(f"Resource not accessible by {what}")
