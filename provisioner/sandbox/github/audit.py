"""The audit log of an organisation: who did what, when, with which kind of token.

https://docs.github.com/enterprise-cloud@latest/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/audit-log-events-for-your-organization
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from provisioner.sandbox.github import repositories
from provisioner.sandbox.github.accounts import ORGANIZATION, account_by_id
from provisioner.sandbox.github.call import Answer, Call
from provisioner.sandbox.github.callers import presented_token
from provisioner.sandbox.github.errors import NotImplementedHere, not_found
from provisioner.sandbox.github.plans import at_least, plan_of
from provisioner.sandbox.github.routing import Needs, Route, route
from provisioner.sandbox.store import Document

_LOG = "github/audit"
_KEPT = 20_000  # entries of one organisation
_REPO, _ORG = "/repos/{owner}/{repo}", "/orgs/{org}"
_TEAM, _ENV = f"{_ORG}/teams/{{team_slug}}", f"{_REPO}/environments/{{environment_name}}"
_PROTECTION = f"{_REPO}/branches/{{branch+}}/protection"
_DEEDS = {"POST": "create", "PUT": "modify", "PATCH": "modify", "DELETE": "remove"}
ACTIONS: Mapping[str, str] = {
    f"POST {_ORG}/repos": "repo.create",
    "POST /user/repos": "repo.create",
    f"POST {_REPO}/forks": "repo.create",
    f"DELETE {_REPO}": "repo.destroy",
    f"PATCH {_REPO}": "repo.update",
    f"POST {_REPO}/transfer": "repo.transfer",
    f"PUT {_REPO}/topics": "repo.update_topics",
    f"PUT {_REPO}/collaborators/{{username}}": "repo.add_member",
    f"DELETE {_REPO}/collaborators/{{username}}": "repo.remove_member",
    f"POST {_ORG}/teams": "team.create",
    f"DELETE {_TEAM}": "team.destroy",
    f"PUT {_TEAM}/memberships/{{username}}": "team.add_member",
    f"DELETE {_TEAM}/memberships/{{username}}": "team.remove_member",
    f"PUT {_TEAM}/repos/{{owner}}/{{repo}}": "team.add_repository",
    f"DELETE {_TEAM}/repos/{{owner}}/{{repo}}": "team.remove_repository",
    f"PUT {_ENV}": "environment.update_protection_rule",
    f"DELETE {_ENV}": "environment.delete",
    f"PUT {_ENV}/secrets/{{secret_name}}": "environment.update_actions_secret",
    f"DELETE {_ENV}/secrets/{{secret_name}}": "environment.remove_actions_secret",
    f"PUT {_REPO}/actions/secrets/{{secret_name}}": "repo.update_actions_secret",
    f"DELETE {_REPO}/actions/secrets/{{secret_name}}": "repo.remove_actions_secret",
    f"POST {_REPO}/actions/variables": "repo.create_actions_variable",
    f"PATCH {_REPO}/actions/variables/{{name}}": "repo.update_actions_variable",
    f"DELETE {_REPO}/actions/variables/{{name}}": "repo.remove_actions_variable",
    f"PUT {_REPO}/actions/permissions": "repo.actions_enabled",
    f"PUT {_PROTECTION}": "protected_branch.create",
    f"DELETE {_PROTECTION}": "protected_branch.destroy",
    f"POST {_REPO}/rulesets": "repository_ruleset.create",
    f"PUT {_REPO}/rulesets/{{ruleset_id}}": "repository_ruleset.update",
    f"DELETE {_REPO}/rulesets/{{ruleset_id}}": "repository_ruleset.destroy",
    f"POST {_ORG}/rulesets": "repository_ruleset.create",
    f"PUT {_ORG}/rulesets/{{ruleset_id}}": "repository_ruleset.update",
    f"DELETE {_ORG}/rulesets/{{ruleset_id}}": "repository_ruleset.destroy",
    f"POST {_REPO}/hooks": "hook.create",
    f"PATCH {_REPO}/hooks/{{hook_id}}": "hook.config_changed",
    f"DELETE {_REPO}/hooks/{{hook_id}}": "hook.destroy",
    f"POST {_ORG}/hooks": "hook.create",
    f"DELETE {_ORG}/hooks/{{hook_id}}": "hook.destroy",
    f"POST {_REPO}/pulls": "pull_request.create",
    f"PUT {_REPO}/pulls/{{pull_number}}/merge": "pull_request.merge",
    f"POST {_REPO}/pulls/{{pull_number}}/reviews": "pull_request_review.submit",
    f"POST {_REPO}/releases": "release.create",
    f"POST {_REPO}/code-scanning/sarifs": "code.scanning_upload",
    f"PUT {_ORG}/properties/schema/{{custom_property_name}}": "custom_property.create",
}
# What a change of a repository was, by the member that says so.
_CHANGES = (
    ("name", "repo.rename"),
    ("visibility", "repo.access"),
    ("private", "repo.access"),
    ("archived", "repo.archived"),
    ("default_branch", "repo.update_default_branch"),
)
_TOKENS = {
    "installation": "GitHub App server-to-server token",
    "fine_grained": "Fine-grained personal access token",
    "classic": "Personal access token (classic)",
}


def note(call: Call, found: Route) -> None:
    """Write down what a request did, where it is one of those the log knows."""
    action = ACTIONS.get(f"{found.method} {found.template}")
    if action == "repo.update":
        action = _change(call)
    if action:
        record(call, action, _DEEDS[found.method], _subject(call, found))


def _change(call: Call) -> str:
    document = call.request.json() if call.request.body else {}
    return next((action for name, action in _CHANGES if name in document), "repo.update")


def _subject(call: Call, found: Route) -> Document:
    names = (
        "username",
        "team_slug",
        "environment_name",
        "branch",
        "secret_name",
        "ruleset_id",
        "hook_id",
        "pull_number",
    )
    shown = {
        name.removesuffix("_slug").removesuffix("_name"): call.parameters[name]
        for name in names
        if name in call.parameters
    }
    renamed: Document = {"user": shown.pop("username")} if "username" in shown else {}
    if found.template.endswith("/repos") or found.template == "/user/repos":
        renamed["name"] = (call.request.json() or {}).get("name")
    return {**shown, **renamed}


def record(call: Call, action: str, deed: str, more: Mapping[str, Any] | None = None) -> None:
    """Write an entry into the log of the organisation that owns what a call is about."""
    owner = call.organization
    if call.repository:
        owner = account_by_id(call.tx, call.repository["owner_id"])
    if not owner or owner["type"] != ORGANIZATION:
        return
    number, token = call.tx.next_number(f"github/audit/{owner['id']}"), presented_token(call.request)
    repository = (
        {"repo": repositories.full_name(call.tx, call.repository), "repo_id": call.repository["id"]}
        if call.repository
        else {}
    )
    entry = {
        "@timestamp": int(call.now.timestamp() * 1000),
        "_document_id": hashlib.sha256(f"{owner['id']}/{number}".encode()).hexdigest()[:22],
        "action": action,
        "actor": call.caller.name,
        "actor_id": call.caller.account.get("id", 0),
        "created_at": int(call.now.timestamp() * 1000),
        "operation_type": deed,
        "org": owner["login"],
        "org_id": owner["id"],
        **repository,
        "programmatic_access_type": _TOKENS.get(call.caller.kind, ""),
        "hashed_token": hashlib.sha256(token.encode()).hexdigest() if token else "",
        "user_agent": call.request.headers.get("user-agent", ""),
        **(more or {}),
    }
    call.tx.put(_LOG, f"{owner['id']}/{number:012}", entry)
    call.tx.delete(_LOG, f"{owner['id']}/{number - _KEPT:012}")


def record_push(call: Call, refs: Sequence[str]) -> None:
    """Write a push into the log, among the Git events."""
    record(call, "git.push", "modify", {"refs": [*refs], "transport_protocol_name": "http"})


def list_entries(call: Call) -> Answer:
    """List entries, newest first unless ``order=asc``; pages follow one another by ``after`` and ``before``."""
    if not at_least(plan_of(call.world, call.organization), "enterprise"):
        raise not_found()
    rows = [entry for _, entry in call.tx.scan(_LOG, f"{call.organization['id']}/")]
    wanted = call.query("include", "web")
    rows = [row for row in rows if wanted == "all" or row["action"].startswith("git.") == (wanted == "git")]
    rows = [row for row in rows if all(test(row) for test in _tests(call.query("phrase")))]
    if call.query("order", "desc") == "desc":
        rows.reverse()
    return _page(call, rows)


def _page(call: Call, rows: list[Document]) -> Answer:
    digits = call.query("per_page", "30")
    size = min(int(digits), 100) if digits.isascii() and digits.isdigit() and len(digits) < 5 else 30  # noqa: PLR2004 - of digits
    marks = [row["_document_id"] for row in rows]
    after, before = call.query("after"), call.query("before")
    start = marks.index(after) + 1 if after in marks else 0
    if before in marks:
        start = max(0, marks.index(before) - size)
    page = rows[start : start + max(size, 1)]
    base = f"{call.urls.root}{call.request.path}?per_page={size}"
    links = []
    if page and start + len(page) < len(rows):
        links.append(f'<{base}&after={page[-1]["_document_id"]}&before=>; rel="next"')
    if page and start > 0:
        links.append(f'<{base}&after=&before={page[0]["_document_id"]}>; rel="prev"')
    return Answer(page, headers=(("Link", ", ".join(links)),) if links else ())


Test = Callable[[Mapping[str, Any]], bool]


def _tests(phrase: str) -> list[Test]:
    try:
        words = shlex.split(phrase)
    except ValueError:
        words = phrase.split()
    return [_test(word) for word in words]


def _test(word: str) -> Test:
    negated, text = word.startswith("-"), word.removeprefix("-")
    name, colon, value = text.partition(":")
    tests: Mapping[str, Test] = {
        "action": lambda row: row["action"] == value or row["action"].startswith(f"{value}."),
        "actor": lambda row: row["actor"].lower() == value.lower(),
        "repo": lambda row: str(row.get("repo", "")).lower() == value.lower(),
        "user": lambda row: str(row.get("user", "")).lower() == value.lower(),
        "operation": lambda row: row["operation_type"] == value,
    }
    if colon and name not in tests:
        raise NotImplementedHere(f"the audit log qualifier {name}:")
    found = tests[name] if colon else lambda row: text.lower() in str(row).lower()
    return lambda row: found(row) is not negated


_NEEDS = Needs("organization_administration", "read", ("read:audit_log", "admin:org"), "admin")
ROUTES = (route("GET", f"{_ORG}/audit-log", _NEEDS, list_entries, "orgs/orgs#get-the-audit-log-for-an-organization"),)
