"""Which of an environment's three accounts an address is: plan, deploy or runtime."""

from __future__ import annotations

import re
from typing import get_args

from provisioner.policy.model import PolicyContext
from provisioner.policy.view import PlanView
from provisioner.request.resolve import Persona

_ADDRESS = re.compile(
    r"(?P<id>[a-z][a-z0-9-]{4,28}[a-z0-9])@(?P<project>[a-z][a-z0-9-]{4,28}[a-z0-9])\.iam\.gserviceaccount\.com"
)

KINDS: tuple[Persona, ...] = get_args(Persona)

BASELINE: dict[Persona, frozenset[str]] = {
    "plan": frozenset(
        {
            "roles/iam.securityReviewer",
            "roles/storage.bucketViewer",
            "roles/run.viewer",
            "roles/artifactregistry.reader",
            "roles/iam.workloadIdentityPoolViewer",
            "roles/serviceusage.serviceUsageViewer",
            "roles/secretmanager.viewer",
            "roles/monitoring.viewer",
            "roles/pubsub.viewer",
        }
    ),
    "deploy": frozenset({"roles/run.developer"}),
    "runtime": frozenset({"roles/logging.logWriter", "roles/monitoring.metricWriter", "roles/cloudtrace.agent"}),
}
"""What each persona may hold on its project without anyone's leave."""


def address_of(account: str) -> str:
    """Return the e-mail address in an account's resource name, member or address; empty when there is none."""
    tail = account.removeprefix("serviceAccount:").rsplit("/", 1)[-1]
    return tail if _ADDRESS.fullmatch(tail) else ""


def previews_state(account: str, plan: PlanView, context: PolicyContext) -> bool:
    """Tell whether an account may read the state of the environment because pull requests are planned from it.

    That is the account of platform.yaml, and only where the environment allows such plans. Who judges a plan without
    saying of which environment goes by the root's own switch; without platform.yaml nobody passes.
    """
    known = context.platform.preview_account if context.platform else None
    if context.environment is not None:
        open_to_them = context.environment.plan_from_pull_requests
    else:
        open_to_them = plan.variables.get("allow_pull_request_plan") is True
    return known is not None and address_of(account) == known and open_to_them


def persona(account: str, context: PolicyContext) -> Persona | None:
    """Tell which persona an account is, or None.

    In a plan of one environment only its three derived addresses count: neither a look-alike ending in ``-plan`` nor
    the account of the same kind of another environment gains anything. In a plan of several environments, or of one
    that nobody named, the suffix every derived id carries decides.
    """
    address = _ADDRESS.fullmatch(address_of(account))
    if address is None:
        return None
    own = context.environment
    if own is not None:
        return next((kind for kind in KINDS if own.account_email(kind) == address[0]), None)
    return next((kind for kind in KINDS if address["id"].endswith(f"-{kind}")), None)
