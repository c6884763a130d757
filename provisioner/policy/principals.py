"""The grammar of federated members: which attribute value which persona may be bound to.

Forms as Google documents them for workload identity federation: ``principal://…/subject/S``,
``principalSet://…/attribute.NAME/VALUE``, ``principalSet://…/group/G`` and ``principalSet://…/*``.
"""

from __future__ import annotations

import re

from provisioner.request.resolve import EnvironmentSpec, Persona

PREVIEW_ID = "0"
"""The repository id that a preview's render uses; never a real one."""

_POOL = (
    r"//iam\.googleapis\.com/projects/(?P<number>[0-9]+)/locations/global"
    r"/workloadIdentityPools/(?P<pool>[a-z0-9-]{4,32})"
)
_SET = re.compile(rf"principalSet:{_POOL}/attribute\.(?P<attribute>[a-z_]+)/(?P<value>.+)")
_REF_EVENT = re.compile(
    r"(?P<id>[0-9]+):(?P<env>([a-z][a-z0-9-]{0,30})?):(?P<ref>refs/heads/[A-Za-z0-9][A-Za-z0-9._/-]*):(?P<event>[a-z_]+)"
)
_PULL_REQUEST = re.compile(r"(?P<id>[0-9]+)::pull_request")
_EVENTS: dict[Persona, frozenset[str]] = {
    "deploy": frozenset({"push", "workflow_dispatch"}),
    "plan": frozenset({"push", "schedule", "workflow_dispatch"}),
    "runtime": frozenset(),
}


def repository_of(member: str) -> str:
    """Return the repository id that a composite member begins with; empty for any other member."""
    found = _SET.fullmatch(member)
    lead = found["value"].split(":", 1)[0] if found else ""
    return lead if lead.isdigit() else ""


def principal_problem(member: str, kind: Persona | None, environment: EnvironmentSpec | None) -> str:
    """Say why a federated member may not be bound to an account of this kind; empty when it may.

    ``kind`` None (an account that is none of the three) gets the strictest reading: what deploy may have,
    since a pull request must never reach an account whose rights nobody declared.
    """
    found = _SET.fullmatch(member)
    if found is None:
        return f"{member} is not one attribute value of a numbered project's pool"
    if kind == "runtime":
        return "the runtime account can be reached from CI"
    if environment is not None and found["pool"] != environment.names.pool:
        return f"trusts the pool {found['pool']}, not the environment's own {environment.names.pool}"
    if found["attribute"] == "repo_env_ref_event":
        return _ref_event_problem(found["value"], kind or "deploy", environment)
    if found["attribute"] == "repo_event":
        return _pull_request_problem(found["value"], kind, environment)
    return f"binds attribute.{found['attribute']}, which does not say which environment, ref and event"


def _ref_event_problem(value: str, kind: Persona, environment: EnvironmentSpec | None) -> str:
    found = _REF_EVENT.fullmatch(value)
    if found is None:
        return f'"{value}" is not <repository id>:<environment>:refs/heads/<branch>:<event>'
    if found["event"] not in _EVENTS[kind]:
        return f"the event {found['event']} may not reach the {kind} account"
    if kind == "plan" and found["env"]:
        return "the plan account is bound to a job environment, whose protection it would need"
    if kind == "deploy" and not found["env"]:
        return "the deploy account is reachable without a job environment, so without its reviewers"
    return "" if environment is None else _elsewhere(found, kind, environment)


def _elsewhere(found: re.Match[str], kind: Persona, environment: EnvironmentSpec) -> str:
    if kind == "deploy" and found["env"] != environment.name:
        return f"environment {found['env']} reaches the deploy account of {environment.name}"
    if found["ref"] != f"refs/heads/{environment.branch}":
        return f"{found['ref']} is not the environment's branch {environment.branch}"
    return ""


def _pull_request_problem(value: str, kind: Persona | None, environment: EnvironmentSpec | None) -> str:
    if kind != "plan":
        return "attribute.repo_event is bound to an account that is not a plan account"
    if not _PULL_REQUEST.fullmatch(value):
        return f'"{value}" is not <repository id>::pull_request'
    if environment is not None and not environment.plan_from_pull_requests:
        return f"the request does not let pull requests plan {environment.name}"
    return ""
