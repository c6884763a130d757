"""Branch protection over REST: the whole document and each of its parts.

https://docs.github.com/rest/branches/branch-protection
"""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import commits, plans, protection_actors, protections
from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call
from provisioner.sandbox.github.errors import GithubError, not_found, unprocessable
from provisioner.sandbox.github.protection_actors import ACTORS, NAMES, url_of
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, NUMBER, TEXTS, Field, text
from provisioner.sandbox.store import Document

_CHECK = {"context": text(required=True), "app_id": Field("integer", nullable=True)}
_CHECKS = {"strict": FLAG, "contexts": TEXTS, "checks": Field("array", items=Field("object", members=_CHECK))}
_REVIEWS = {
    "dismissal_restrictions": Field("object", members=ACTORS),
    "dismiss_stale_reviews": FLAG,
    "require_code_owner_reviews": FLAG,
    "required_approving_review_count": NUMBER,
    "require_last_push_approval": FLAG,
    "bypass_pull_request_allowances": Field("object", members=ACTORS),
}
_PUT = {
    "required_status_checks": Field("object", required=True, nullable=True, members=_CHECKS),
    "enforce_admins": Field("boolean", required=True, nullable=True),
    "required_pull_request_reviews": Field("object", required=True, nullable=True, members=_REVIEWS),
    "restrictions": Field("object", required=True, nullable=True, members=ACTORS),
    **{name: Field("boolean", nullable=True) for name in protections.SWITCHES},
}
_MOST_REVIEWS = 6


def _branch(call: Call) -> str:
    branch = call.parameters["branch"]
    owner = account_by_id(call.tx, call.repository["owner_id"])
    plans.require_rulesets(plans.plan_of(call.world, owner), call.repository["visibility"])
    if commits.branch_tip(call, call.repository, branch) is None:
        raise GithubError(404, "Branch not found")
    return branch


def _held(call: Call) -> Document:
    held = protections.of_branch(call.tx, call.repository, _branch(call))
    if held is None:
        raise GithubError(404, "Branch not protected")
    return held


def _put(call: Call, held: Document) -> None:
    protections.put(call.tx, call.repository, call.parameters["branch"], held)


def get_protection(call: Call) -> Answer:
    """Show a branch's protection."""
    return Answer(_show(call, _held(call)))


def put_protection(call: Call) -> Answer:
    """Protect a branch, replacing what protected it before; signatures have a switch of their own and stay."""
    wanted, branch = call.body(_PUT), _branch(call)
    before = protections.of_branch(call.tx, call.repository, branch) or {"required_signatures": False}
    reviews, restrictions = wanted["required_pull_request_reviews"], wanted["restrictions"]
    held = {
        "required_status_checks": _checks(wanted["required_status_checks"], None),
        "enforce_admins": bool(wanted["enforce_admins"]),
        "required_pull_request_reviews": None if reviews is None else _reviews(call, reviews, {}),
        "restrictions": None if restrictions is None else protection_actors.numbers(call, restrictions),
        "required_signatures": before["required_signatures"],
        **{name: bool(wanted.get(name)) for name in protections.SWITCHES},
    }
    _put(call, held)
    return Answer(_show(call, held))


def delete_protection(call: Call) -> Answer:
    """Take a branch's protection away."""
    _held(call)
    protections.delete(call.tx, call.repository, call.parameters["branch"])
    return NO_CONTENT


def _checks(wanted: dict[str, Any] | None, before: Document | None) -> Document | None:
    if wanted is None:
        return None
    known = before or {"strict": False, "checks": []}
    checks = known["checks"]
    if "contexts" in wanted or "checks" in wanted:
        named = [{"context": name, "app_id": None} for name in wanted.get("contexts") or ()]
        given = [{"context": row["context"], "app_id": _app(row)} for row in wanted.get("checks") or ()]
        checks = list({row["context"]: row for row in (*named, *given)}.values())
    return {"strict": wanted.get("strict", known["strict"]), "checks": checks}


def _app(row: dict[str, Any]) -> int | None:
    number = row.get("app_id")
    return None if number in (None, -1) else int(number)


def _reviews(call: Call, wanted: dict[str, Any], before: Document) -> Document:
    name = "required_approving_review_count"
    count: int = wanted[name] if name in wanted else before.get(name, 1)
    if not 0 <= count <= _MOST_REVIEWS:
        raise unprocessable("Invalid request.\n\nrequired_approving_review_count must be between 0 and 6.")
    switches = ("dismiss_stale_reviews", "require_code_owner_reviews", "require_last_push_approval")
    found = {name: wanted.get(name, before.get(name, False)) for name in switches}
    for name in ("dismissal_restrictions", "bypass_pull_request_allowances"):
        actors = protection_actors.numbers(call, wanted[name]) if wanted.get(name) else before.get(name)
        found |= {name: actors} if actors and wanted.get(name, True) != {} else {}
    return {**found, "required_approving_review_count": count}


def _show(call: Call, held: Document) -> dict[str, Any]:
    parts = {
        "required_status_checks": _show_checks(call, held),
        "required_pull_request_reviews": _show_reviews(call, held),
        "restrictions": _show_restrictions(call, held),
    }
    return {
        "url": url_of(call),
        **{name: part for name, part in parts.items() if part is not None},
        "required_signatures": _show_switch(call, held, "required_signatures"),
        "enforce_admins": _show_switch(call, held, "enforce_admins"),
        **{name: {"enabled": held[name]} for name in protections.SWITCHES},
    }


def _show_switch(call: Call, held: Document, name: str) -> dict[str, Any]:
    return {"url": url_of(call, name), "enabled": held[name]}


def _show_checks(call: Call, held: Document) -> dict[str, Any] | None:
    checks = held["required_status_checks"]
    if checks is None:
        return None
    own = url_of(call, "required_status_checks")
    names = [row["context"] for row in checks["checks"]]
    return {"url": own, **checks, "contexts": names, "contexts_url": f"{own}/contexts"}


def _show_reviews(call: Call, held: Document) -> dict[str, Any] | None:
    reviews = held["required_pull_request_reviews"]
    if reviews is None:
        return None
    lists = ("dismissal_restrictions", "bypass_pull_request_allowances")
    shown = {name: value for name, value in reviews.items() if name not in lists}
    for name in lists:
        if name in reviews:
            own = url_of(call, "dismissal_restrictions")
            urls = {"url": own, "users_url": f"{own}/users", "teams_url": f"{own}/teams"} if name == lists[0] else {}
            shown[name] = {**urls, **protection_actors.show(call, reviews[name])}
    return {"url": url_of(call, "required_pull_request_reviews"), **shown}


def _show_restrictions(call: Call, held: Document) -> dict[str, Any] | None:
    if held["restrictions"] is None:
        return None
    own = url_of(call, "restrictions")
    urls = {f"{name}_url": f"{own}/{name}" for name in NAMES}
    return {"url": own, **urls, **protection_actors.show(call, held["restrictions"])}


def get_switch(call: Call, *, name: str) -> Answer:
    """Show one switch of a protection."""
    return Answer(_show_switch(call, _held(call), name))


def set_switch(call: Call, *, name: str, on: bool) -> Answer:
    """Turn one switch on, or off (204)."""
    held = _held(call)
    held[name] = on
    _put(call, held)
    return Answer(_show_switch(call, held, name)) if on else NO_CONTENT


def get_part(call: Call, *, name: str) -> Answer:
    """Show a part that may be missing (404)."""
    shown = _show(call, _held(call)).get(name)
    if shown is None:
        raise not_found() if name == "restrictions" else GithubError(404, _MISSING[name])
    return Answer(shown)


_MISSING = {
    "required_status_checks": "Required status checks not enabled",
    "required_pull_request_reviews": "Pull request reviews not enabled",
}


def delete_part(call: Call, *, name: str) -> Answer:
    """Take a part away."""
    held = _held(call)
    held[name] = None
    _put(call, held)
    return NO_CONTENT


def change_checks(call: Call) -> Answer:
    """Change the required status checks."""
    wanted, held = call.body(_CHECKS), _held(call)
    held["required_status_checks"] = _checks(wanted, held["required_status_checks"])
    _put(call, held)
    return Answer(_show_checks(call, held))


def change_reviews(call: Call) -> Answer:
    """Change what is required of reviews."""
    wanted, held = call.body(_REVIEWS), _held(call)
    held["required_pull_request_reviews"] = _reviews(call, wanted, held["required_pull_request_reviews"] or {})
    _put(call, held)
    return Answer(_show_reviews(call, held))


_REPO = "/repos/{owner}/{repo}/branches/{branch+}/protection"
_READ, _ADMIN = repo_read("administration", "admin"), repo_write("administration", "admin")
_DOCS = "branches/branch-protection"


def _switch_routes(name: str) -> tuple[Any, ...]:
    place = f"{_REPO}/{name}"
    return (
        route("GET", place, _READ, partial(get_switch, name=name), _DOCS),
        route("POST", place, _ADMIN, partial(set_switch, name=name, on=True), _DOCS),
        route("DELETE", place, _ADMIN, partial(set_switch, name=name, on=False), _DOCS),
    )


def _part_routes(name: str) -> tuple[Any, ...]:
    place = f"{_REPO}/{name}"
    return (
        route("GET", place, _READ, partial(get_part, name=name), _DOCS),
        route("DELETE", place, _ADMIN, partial(delete_part, name=name), _DOCS),
    )


ROUTES = (
    route("GET", _REPO, _READ, get_protection, f"{_DOCS}#get-branch-protection"),
    route("PUT", _REPO, _ADMIN, put_protection, f"{_DOCS}#update-branch-protection"),
    route("DELETE", _REPO, _ADMIN, delete_protection, f"{_DOCS}#delete-branch-protection"),
    *_switch_routes("enforce_admins"),
    *_switch_routes("required_signatures"),
    *_part_routes("required_status_checks"),
    *_part_routes("required_pull_request_reviews"),
    *_part_routes("restrictions"),
    route("PATCH", f"{_REPO}/required_status_checks", _ADMIN, change_checks, _DOCS),
    route("PATCH", f"{_REPO}/required_pull_request_reviews", _ADMIN, change_reviews, _DOCS),
)
