"""What applying an environment needs on its project: the permissions behind the modules' calls."""

from __future__ import annotations

from provisioner.request.resolve import EnvironmentSpec

_ALWAYS = (
    "iam.googleapis.com/workloadIdentityPoolProviders.create",
    "iam.googleapis.com/workloadIdentityPoolProviders.get",
    "iam.googleapis.com/workloadIdentityPoolProviders.undelete",
    "iam.googleapis.com/workloadIdentityPoolProviders.update",
    "iam.googleapis.com/workloadIdentityPools.create",
    "iam.googleapis.com/workloadIdentityPools.get",
    "iam.googleapis.com/workloadIdentityPools.undelete",
    "iam.googleapis.com/workloadIdentityPools.update",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.create",
    "iam.serviceAccounts.get",
    "iam.serviceAccounts.getIamPolicy",
    "iam.serviceAccounts.setIamPolicy",
    "iam.serviceAccounts.update",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "resourcemanager.projects.setIamPolicy",
    "serviceusage.services.enable",
    "serviceusage.services.list",
)
_BUCKETS = (
    "storage.buckets.create",
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
    "storage.buckets.setIamPolicy",
    "storage.buckets.update",
)
_REGISTRIES = (
    "artifactregistry.repositories.create",
    "artifactregistry.repositories.get",
    "artifactregistry.repositories.getIamPolicy",
    "artifactregistry.repositories.setIamPolicy",
    "artifactregistry.repositories.update",
)
_SERVICES = (
    "run.services.create",
    "run.services.get",
    "run.services.getIamPolicy",
    "run.services.setIamPolicy",
    "run.services.update",
)
_BUDGET = ("monitoring.notificationChannels.create", "monitoring.notificationChannels.get")

BILLING = ("billing.budgets.create", "billing.budgets.get", "billing.budgets.list", "billing.budgets.update")
"""What a root with a budget needs on the billing account."""


def needed_permissions(spec: EnvironmentSpec) -> tuple[str, ...]:
    """Return the permissions that this environment's resources ask for, sorted; fewer than 100, one call's limit."""
    wanted = {*_ALWAYS}
    wanted.update(_BUCKETS if spec.buckets else ())
    wanted.update(_REGISTRIES if spec.registries else ())
    wanted.update(_SERVICES if spec.services else ())
    wanted.update(_BUDGET if spec.manage_project else ())
    return tuple(sorted(wanted))
