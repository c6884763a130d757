"""Trust as the cloud itself has it, and what of it Terraform does not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from provisioner.access.contexts import Identity
from provisioner.access.model import AccessModel, Grant, Provider
from provisioner.cloud.policies import Policy, ProjectTrust

_EVERYBODY = frozenset({"allUsers", "allAuthenticatedUsers"})


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A grant or key that is there although no state knows it.

    ``ours`` marks what concerns the team's identities: it opens a way to one of them, gives one of them something, or
    lets everybody in. The others are Google's own agents, the platform's people, and the like.
    """

    member: str
    role: str
    scope: str
    condition: str
    at: str
    ours: bool

    @property
    def sentence(self) -> str:
        """Say it for people."""
        kind, _, name = self.scope.partition(":")
        limit = f", if {self.condition}" if self.condition else ""
        if kind == "key":
            return f"{self.member} has a key file ({name}): whoever holds it is the account"
        return f"{self.member} holds {self.role} on {kind} {name}{limit}, and Terraform does not know it"

    def document(self) -> dict[str, object]:
        """Return the JSON shape: the fields by name, and the sentence."""
        return {**asdict(self), "sentence": self.sentence}


def from_live(project: ProjectTrust) -> AccessModel:
    """Return the model of what was read from one project."""
    pools = {str(pool["name"]): pool for pool in project.pools}
    return AccessModel(
        tuple(_provider(project, pools, each) for each in project.providers),
        tuple(from_policies(project.policies)),
        frozenset(str(each["email"]) for each in project.accounts if each.get("disabled")),
    )


def from_policies(policies: Iterable[Policy]) -> Iterator[Grant]:
    """Yield one grant for each member of each binding."""
    for policy in policies:
        for binding in policy.bindings:
            condition = binding.get("condition") or {}
            for member in binding.get("members", ()):
                expression = str(condition.get("expression", ""))
                yield Grant(policy.at, policy.scope, str(binding["role"]), str(member), bool(condition), expression)


def unmanaged(
    known: AccessModel, live: AccessModel, keys: Iterable[str], identities: Iterable[Identity]
) -> tuple[Unmanaged, ...]:
    """Return what is granted in the cloud and in no state, what concerns the team first."""
    everyone = tuple(identities)
    held = {_key(each) for each in known.grants}
    emails = {each.email for each in everyone}
    found = [_stranger(each, everyone) for each in dict.fromkeys(live.grants) if _key(each) not in held]
    found += [_of_key(name, emails) for name in keys]
    return tuple(sorted(found, key=lambda each: (not each.ours, each.scope, each.member, each.role)))


def _provider(project: ProjectTrust, pools: Mapping[str, Mapping[str, Any]], document: Mapping[str, Any]) -> Provider:
    name = str(document["name"])
    pool, _, own = name.partition("/providers/")
    oidc = document.get("oidc") or {}
    closed = any(each.get("disabled") or each.get("state") == "DELETED" for each in (document, pools[pool]))
    return Provider(
        address=name,
        project=project.project,
        number=project.number,
        pool=pool.rpartition("/")[2],
        id=own,
        issuer=str(oidc.get("issuerUri", "")),
        audiences=tuple(oidc.get("allowedAudiences", ())),
        mapping=dict(document.get("attributeMapping") or {}),
        condition=str(document.get("attributeCondition", "")),
        disabled=closed,
    )


def _key(grant: Grant) -> tuple[str, str, str, str]:
    return grant.member, grant.scope, grant.role, grant.condition


def _stranger(grant: Grant, identities: tuple[Identity, ...]) -> Unmanaged:
    accounts = {each.email for each in identities}
    pools = {each.environment.names.pool for each in identities}
    ours = (
        grant.member.removeprefix("serviceAccount:") in accounts
        or grant.scope.removeprefix("account:") in accounts
        or any(f"/workloadIdentityPools/{pool}/" in grant.member for pool in pools)
        or grant.member in _EVERYBODY
    )
    return Unmanaged(grant.member, grant.role, grant.scope, grant.condition, grant.address, ours)


def _of_key(name: str, emails: set[str]) -> Unmanaged:
    account, _, key = name.partition("/keys/")
    email = account.rpartition("/")[2]
    return Unmanaged(email, "", f"key:{key}", "", name, ours=email in emails)
