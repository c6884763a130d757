"""Organisation policies: what is set on projects, folders and organisations, and what then counts.

https://cloud.google.com/resource-manager/docs/organization-policy/understanding-hierarchy. A policy is kept in the
fields of Org Policy v2's ``spec`` (rules with ``enforce``, ``allowAll``, ``denyAll`` or ``values``; ``reset``;
``inheritFromParent``) under ``<full resource name>/<constraint>``, with the etag and time of its last change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.sandbox.google.errors import ApiError, failed_precondition
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
POLICIES = "google/orgpolicy.policies"
PREFIX = "constraints/"
# name: default of a list constraint, or "boolean"; title. The ones that the sandbox enforces, and their neighbours
# that modules and landing zones set. https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints
_TABLE = """
iam.disableServiceAccountCreation|boolean|Disable service account creation
iam.disableServiceAccountKeyCreation|boolean|Disable service account key creation
iam.disableServiceAccountKeyUpload|boolean|Disable Service Account Key Upload
iam.disableCrossProjectServiceAccountUsage|boolean|Disable Cross-Project Service Account Usage
iam.automaticIamGrantsForDefaultServiceAccounts|boolean|Disable Automatic IAM Grants for Default Service Accounts
iam.disableWorkloadIdentityClusterCreation|boolean|Disable Workload Identity Cluster Creation
iam.allowServiceAccountCredentialLifetimeExtension|DENY|Extend the life of access tokens to up to 12 hours
iam.allowedPolicyMemberDomains|ALLOW|Domain restricted sharing
iam.serviceAccountKeyExpiryHours|ALLOW|Service account key expiry duration in hours
iam.workloadIdentityPoolProviders|ALLOW|Allowed external Identity Providers for workloads in Cloud IAM
iam.workloadIdentityPoolAwsAccounts|ALLOW|Allowed AWS accounts for workload identity federation
gcp.resourceLocations|ALLOW|Google Cloud Platform - Resource Location Restriction
gcp.restrictServiceUsage|ALLOW|Restrict Resource Service Usage
gcp.restrictNonCmekServices|ALLOW|Restrict which services may create resources without CMEK
gcp.restrictCmekCryptoKeyProjects|ALLOW|Restrict which projects may supply KMS CryptoKeys for CMEK
storage.uniformBucketLevelAccess|boolean|Enforce uniform bucket-level access
storage.publicAccessPrevention|boolean|Enforce Public Access Prevention
storage.retentionPolicySeconds|ALLOW|Retention policy duration in seconds
run.allowedIngress|ALLOW|Allowed ingress settings (Cloud Run)
run.allowedVPCEgress|ALLOW|Allowed VPC egress settings (Cloud Run)
run.allowedBinaryAuthorizationPolicies|ALLOW|Allowed Binary Authorization Policies (Cloud Run)
compute.skipDefaultNetworkCreation|boolean|Skip default network creation
compute.restrictXpnProjectLienRemoval|boolean|Restrict shared VPC project lien removal
compute.vmExternalIpAccess|ALLOW|Define allowed external IPs for VM instances
compute.requireOsLogin|boolean|Require OS Login
sql.restrictPublicIp|boolean|Restrict Public IP access on Cloud SQL instances
resourcemanager.allowedExportDestinations|DENY|Allowed Destinations for Exporting Resources
resourcemanager.allowedImportSources|DENY|Allowed Sources for Importing Resources
"""
_MULTI_REGIONS = {"eu": "europe", "us": "us", "asia": "asia"}


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint: ``name`` without its prefix; ``default`` is ALLOW or DENY of a list, empty of a boolean one."""

    name: str
    default: str
    title: str

    @property
    def boolean(self) -> bool:
        """Tell whether it is only on or off."""
        return not self.default


@dataclass(frozen=True, slots=True)
class Values:
    """What a list constraint lets through: everything, nothing, or what the lists say."""

    default: str
    allowed: frozenset[str] = field(default_factory=frozenset)
    denied: frozenset[str] = field(default_factory=frozenset)

    def admit(self, value: str) -> bool:
        """Tell whether a value is let through; a denial wins."""
        if any(_matches(value, pattern) for pattern in self.denied):
            return False
        if self.allowed:
            return any(_matches(value, pattern) for pattern in self.allowed)
        return self.default == "ALLOW"


def constraints() -> dict[str, Constraint]:
    """Return all constraints by name."""
    rows = (line.split("|") for line in _TABLE.strip().splitlines())
    return {name: Constraint(name, "" if kind == "boolean" else kind, title) for name, kind, title in rows}


def set_policy(tx: Transaction, full_name: str, constraint: str, kept: Document) -> None:
    """Write a policy (``spec``, ``etag``, ``updateTime``) of a resource (``//cloudresourcemanager…/projects/p``)."""
    tx.put(POLICIES, f"{full_name}/{constraint}", kept)


def find_policy(tx: Transaction, full_name: str, constraint: str) -> Document | None:
    """Return the policy set on this very resource, or None."""
    return tx.get(POLICIES, f"{full_name}/{constraint}")


def policies_of(tx: Transaction, full_name: str) -> Iterator[tuple[str, Document]]:
    """Yield (constraint, policy) of what is set on this very resource."""
    for key, kept in tx.scan(POLICIES, f"{full_name}/"):
        yield key.removeprefix(f"{full_name}/"), kept


def clear_policy(tx: Transaction, full_name: str, constraint: str) -> bool:
    """Remove a policy; tell whether there was one."""
    return tx.delete(POLICIES, f"{full_name}/{constraint}")


def enforced(tx: Transaction, names: Sequence[str], constraint: str) -> bool:
    """Tell whether a boolean constraint counts for a resource; ``names`` as ``project_policies`` gives them."""
    for name in names:
        kept = find_policy(tx, name, constraint)
        if kept is None:
            continue
        if kept["spec"].get("reset"):
            return False
        return any(rule.get("enforce") for rule in kept["spec"].get("rules", []))
    return False


def values_in_force(tx: Transaction, names: Sequence[str], constraint: str) -> Values:
    """Return what a list constraint lets through for a resource: the nearest policy, joined with those it inherits."""
    default = constraints()[constraint].default
    allowed: set[str] = set()
    denied: set[str] = set()
    for name in names:
        kept = find_policy(tx, name, constraint)
        if kept is None:
            continue
        spec = kept["spec"]
        if spec.get("reset"):
            break
        blanket = _add_rules(spec.get("rules", []), allowed, denied)
        default = blanket or ("DENY" if allowed else "ALLOW")
        if blanket or not spec.get("inheritFromParent"):
            break
    return Values(default, frozenset(allowed), frozenset(denied))


def admits(tx: Transaction, names: Sequence[str], constraint: str, value: str) -> bool:
    """Tell whether a list constraint lets a value through for a resource."""
    return values_in_force(tx, names, constraint).admit(value)


def violation(constraint: str, message: str, subject: str) -> ApiError:
    """400 FAILED_PRECONDITION as services answer what a constraint forbids."""
    detail = {"type": f"{PREFIX}{constraint}", "subject": subject, "description": message}
    return failed_precondition(
        message, [{"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": [detail]}]
    )


def check_location(tx: Transaction, names: Sequence[str], location: str, subject: str) -> None:
    """Raise ApiError FAILED_PRECONDITION where ``gcp.resourceLocations`` forbids a location."""
    if not admits(tx, names, "gcp.resourceLocations", location.lower()):
        text = (
            f"Location {location.upper()} violates constraint {PREFIX}gcp.resourceLocations on the resource {subject}."
        )
        raise violation("gcp.resourceLocations", text, subject)


def _add_rules(rules: Sequence[Json], allowed: set[str], denied: set[str]) -> str:
    """Collect the values of rules; return ALLOW or DENY when one of them speaks for all values."""
    blanket = ""
    for rule in rules:
        values = rule.get("values", {})
        allowed.update(values.get("allowedValues", []))
        denied.update(values.get("deniedValues", []))
        blanket = "ALLOW" if rule.get("allowAll") else "DENY" if rule.get("denyAll") else blanket
    return blanket


def _matches(value: str, pattern: str) -> bool:
    if pattern.startswith("in:"):
        return _in_group(value, pattern.removeprefix("in:").removesuffix("-locations"))
    return value == pattern.removeprefix("is:").removeprefix("under:")


def _in_group(location: str, group: str) -> bool:
    """Tell whether a location lies in a value group such as ``europe-locations`` or ``europe-west1-locations``.

    https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations.
    """
    place = re.sub(r"-[a-f]$", "", _MULTI_REGIONS.get(location, location))
    return place == group or place.startswith((f"{group}-", f"{_MULTI_REGIONS.get(group, group)}-"))
