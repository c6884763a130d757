"""The root of a project that several environments or teams share."""

from __future__ import annotations

from provisioner.render.values import Values, budget_values
from provisioner.request.models import Platform
from provisioner.request.resolve import MANAGED_BY

PROJECT_VARIABLES = (
    ("project_id", "string"),
    ("region", "string"),
    ("labels", "map(string)"),
    ("owner_email", "string"),
    ("budget", "object({ amount = number, currency = string })"),
    ("billing_account", "string"),
)


def project_values(platform: Platform, project: str) -> Values:
    """Return the inputs of a shared project's root; the platform team answers for it."""
    return {
        "project_id": project,
        "region": platform.regions[0],
        "labels": {**platform.labels, "team": "platform", "env": "shared", "managed-by": MANAGED_BY},
        "owner_email": str(platform.contact),
        "budget": budget_values(platform.default_budget),
        "billing_account": platform.billing_account,
    }
