"""What protects the repository: the ruleset of its branches, and what Actions may run."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.repository import names
from provisioner.repository.api import gather, part
from provisioner.repository.errors import GitHubError
from provisioner.repository.kinds import PRODUCT, Kind
from provisioner.repository.setting import Setting, Target
from provisioner.repository.template import load_template
from provisioner.request.data import data_folder

RULESET = "provision-env"
_CONFLICT = 409
_PLAIN_SUBJECT = {"use_default": True}
_READ_ONLY = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}


def ruleset_settings(target: Target, *, app_slug: str | None) -> list[Setting]:
    """Compare the branch ruleset; ``app_slug`` names the App that may pass it by, None when we are not an App."""
    listed = target.api.pages(f"{target.path}/rulesets?includes_parents=false")
    own = next((row for row in listed if row["name"] == RULESET), None)
    found = target.api.get(f"{target.path}/rulesets/{own['id']}") if own else None
    app = target.api.get(f"/apps/{part(app_slug)}")["id"] if app_slug else None
    expected = ruleset(target, app)
    return [Setting("ruleset of the branches", expected, found, partial(_write_ruleset, target, expected, found))]


def ruleset(target: Target, app_id: int | None) -> dict[str, Any]:
    """Return the ruleset: changes come by reviewed pull request with green checks, and history stays."""
    bypass = [{"actor_id": app_id, "actor_type": "Integration", "bypass_mode": "always"}] if app_id else []
    return {
        "name": RULESET,
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": bypass,
        "conditions": {
            "ref_name": {"include": [f"refs/heads/{name}" for name in names.branches(target.team)], "exclude": []}
        },
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {"type": "pull_request", "parameters": _review(target)},
            {
                "type": "required_status_checks",
                "parameters": {
                    "strict_required_status_checks_policy": False,
                    "do_not_enforce_on_create": True,
                    "required_status_checks": [{"context": check} for check in target.kind.checks],
                },
            },
        ],
    }


def action_settings(target: Target) -> list[Setting]:
    """Compare what workflows may use and what their token may do without asking."""
    found, chosen, token, subject = gather(
        [
            lambda: target.api.get(f"{target.path}/actions/permissions"),
            lambda: _chosen(target),
            lambda: target.api.get(f"{target.path}/actions/permissions/workflow"),
            lambda: target.api.find(f"{target.path}/actions/oidc/customization/sub"),
        ]
    )
    allowed = {"enabled": True, "allowed_actions": "selected"}
    if "sha_pinning_required" in found:
        allowed["sha_pinning_required"] = True
    patterns = allowed_patterns(target.kind)
    selected = {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": patterns}
    return [
        Setting("actions that may run", allowed, found, partial(_put, target, "", allowed)),
        Setting("actions of others", selected, chosen, partial(_put, target, "/selected-actions", selected)),
        Setting("token of workflows", _READ_ONLY, token, partial(_put, target, "/workflow", _READ_ONLY)),
        Setting("subject of jobs' identity tokens", _PLAIN_SUBJECT, subject, partial(_write_subject, target)),
    ]


def allowed_patterns(kind: Kind = PRODUCT) -> list[str]:
    """Return the owners whose actions the template uses, GitHub's own aside."""
    owners = {pin.split("/")[0] for pin in load_template(data_folder(kind.template)).pins.values()}
    return [f"{owner}/*" for owner in sorted(owners - {"actions"})]


def _chosen(target: Target) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Read the selected actions; GitHub answers 409 while all actions are allowed."""
    try:
        return target.api.find(f"{target.path}/actions/permissions/selected-actions")
    except GitHubError as problem:
        if problem.status == _CONFLICT:
            return None
        raise


def _put(target: Target, place: str, body: dict[str, Any]) -> None:
    target.api.write("PUT", f"{target.path}/actions/permissions{place}", body)


def _write_subject(target: Target) -> None:
    target.api.write("PUT", f"{target.path}/actions/oidc/customization/sub", _PLAIN_SUBJECT)


def _review(target: Target) -> dict[str, Any]:
    return {
        "required_approving_review_count": 1,
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": bool(target.team.request.repository.teams),
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    }


def _write_ruleset(target: Target, expected: dict[str, Any], found: dict[str, Any] | None) -> None:
    if found is not None:
        target.api.write("PUT", f"{target.path}/rulesets/{found['id']}", expected)
    else:
        target.api.create(f"{target.path}/rulesets", expected)
