"""What somebody may loosen: each change as it stands in a plan, and done to the cloud by the operator's hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tests.attacks.estate import Estate, Json
from tests.policy.breaking import put, resource

PROVIDER = "google_iam_workload_identity_pool_provider"
USER = "roles/iam.workloadIdentityUser"
_IAM = "iam.googleapis.com/v1"
Text = Callable[[Estate], str]


class Loosening(Protocol):
    """One change, in both forms."""

    def in_plan(self, estate: Estate, plan: Json) -> None:
        """Write it into a plan's JSON."""

    def in_cloud(self, estate: Estate) -> None:
        """Do it."""


@dataclass(frozen=True)
class OnAccount:
    """A binding on an account, beside those that are there."""

    identity: str
    member: Text
    role: str = USER

    def in_plan(self, estate: Estate, plan: Json) -> None:
        project = estate.spec(self.identity.rpartition("/")[0]).project
        account = f"projects/{project}/serviceAccounts/{estate.email(self.identity)}"
        more = {"service_account_id": account, "role": self.role, "member": self.member(estate)}
        plan["resource_changes"].append(resource("google_service_account_iam_member", more))

    def in_cloud(self, estate: Estate) -> None:
        place = f"{_IAM}/projects/-/serviceAccounts/{estate.email(self.identity)}"
        add_binding(estate, place, self.role, self.member(estate))


@dataclass(frozen=True)
class OnProject:
    """A role on an environment's project."""

    place: str
    role: str
    member: Text

    def in_plan(self, estate: Estate, plan: Json) -> None:
        project = estate.spec(self.place).project
        more = {"project": project, "role": self.role, "member": self.member(estate)}
        plan["resource_changes"].append(resource("google_project_iam_member", more))

    def in_cloud(self, estate: Estate) -> None:
        place = f"cloudresourcemanager.googleapis.com/v1/projects/{estate.spec(self.place).project}"
        add_binding(estate, place, self.role, self.member(estate))


@dataclass(frozen=True)
class OnBucket:
    """A role on a whole bucket."""

    bucket: Text
    role: str
    member: Text

    def in_plan(self, estate: Estate, plan: Json) -> None:
        more = {"bucket": self.bucket(estate), "role": self.role, "member": self.member(estate)}
        plan["resource_changes"].append(resource("google_storage_bucket_iam_member", more))

    def in_cloud(self, estate: Estate) -> None:
        _bind_in_storage(estate, self.bucket(estate), self.role, self.member(estate))


@dataclass(frozen=True)
class OnFolder:
    """Another account's role on an environment's folder of the state bucket."""

    place: str
    role: str
    member: Text

    def _folder(self, estate: Estate) -> str:
        return f"{estate.spec(self.place).names.state_prefix}/"

    def in_plan(self, estate: Estate, plan: Json) -> None:
        more = {"bucket": state_bucket(estate), "managed_folder": self._folder(estate), "role": self.role}
        more["member"] = self.member(estate)
        plan["resource_changes"].append(resource("google_storage_managed_folder_iam_member", more))

    def in_cloud(self, estate: Estate) -> None:
        folder = self._folder(estate).replace("/", "%2F")
        place = f"{state_bucket(estate)}/managedFolders/{folder}"
        _bind_in_storage(estate, place, self.role, self.member(estate))


@dataclass(frozen=True)
class Provider:
    """Other words in the environment's provider; ``change`` gets a field's value and returns the new one."""

    place: str
    plan_path: tuple[str | int, ...]
    field: str
    change: Callable[[Any], Any]

    def in_plan(self, estate: Estate, plan: Json) -> None:
        change = next(c for c in plan["resource_changes"] if c["type"] == PROVIDER)
        found = change["change"]["after"]
        for step in self.plan_path:
            found = found[step]
        put(change["change"]["after"], self.plan_path, self.change(found))

    def in_cloud(self, estate: Estate) -> None:
        place = f"{_IAM}/{estate.provider(self.place)}"
        before = estate.operate("GET", place)
        steps = self.field.split(".")
        body: Any = before
        for step in steps:
            body = body.get(step) if isinstance(body, dict) else None
        document: Any = self.change(body)
        for step in reversed(steps):
            document = {step: document}
        if "oidc" in document:
            document["oidc"] = {**before["oidc"], **document["oidc"]}
        estate.operate("PATCH", f"{place}?updateMask={self.field}", document)


def condition(place: str, change: Callable[[str], str]) -> Provider:
    """Change the attribute condition; the change has to change something."""
    return Provider(place, ("attribute_condition",), "attributeCondition", lambda text: changed(text, change))


def mapping(place: str, **expressions: str) -> Provider:
    """Map attributes (underscores for the name ``attribute.…``) in other words."""
    more = {f"attribute.{name}": expression for name, expression in expressions.items()}
    return Provider(place, ("attribute_mapping",), "attributeMapping", lambda found: {**found, **more})


def audiences(place: str, *accepted: str) -> Provider:
    """Accept tokens made for somebody else."""
    return Provider(place, ("oidc", 0, "allowed_audiences"), "oidc.allowedAudiences", lambda _: list(accepted))


def changed(text: str, change: Callable[[str], str]) -> str:
    """Return the changed text, which must differ."""
    new = change(text)
    assert new != text
    return new


@dataclass(frozen=True)
class SecondProvider:
    """One more provider in the environment's pool."""

    place: str
    issuer: str
    condition: str
    attributes: Callable[[Estate], Mapping[str, str]]
    keys: Callable[[], str] | None = None

    def in_plan(self, estate: Estate, plan: Json) -> None:
        spec = estate.spec(self.place)
        more = {
            "project": spec.project,
            "workload_identity_pool_id": spec.names.pool,
            "workload_identity_pool_provider_id": "second",
            "attribute_condition": self.condition,
            "attribute_mapping": dict(self.attributes(estate)),
            "oidc": [{"issuer_uri": self.issuer, "allowed_audiences": None}],
            "disabled": None,
        }
        plan["resource_changes"].append(resource(PROVIDER, more))

    def in_cloud(self, estate: Estate) -> None:
        oidc = {"issuerUri": self.issuer} | ({"jwksJson": self.keys()} if self.keys else {})
        body = {"attributeCondition": self.condition, "attributeMapping": self.attributes(estate), "oidc": oidc}
        url = f"{_IAM}/{estate.pool(self.place)}/providers?workloadIdentityPoolProviderId=second"
        estate.operate("POST", url, body)


def add_binding(estate: Estate, place: str, role: str, member: str) -> None:
    """Add one binding to a policy, beside what is in it."""
    policy = estate.operate("POST", f"{place}:getIamPolicy", None if place.startswith(_IAM) else {})
    estate.operate("POST", f"{place}:setIamPolicy", {"policy": _widened(policy, role, member)})


def _bind_in_storage(estate: Estate, place: str, role: str, member: str) -> None:
    """Add one binding to the policy of a bucket or of a folder in one; Cloud Storage has verbs of its own for it."""
    url = f"storage.googleapis.com/storage/v1/b/{place}/iam"
    estate.operate("PUT", url, _widened(estate.operate("GET", url), role, member))


def _widened(policy: Json, role: str, member: str) -> Json:
    return {**policy, "bindings": [*policy.get("bindings", []), {"role": role, "members": [member]}]}


def account(identity: str) -> Text:
    """Return the member that an account is."""
    return lambda estate: f"serviceAccount:{estate.email(identity)}"


def everybody(_estate: Estate) -> str:
    """Return everybody on the internet."""
    return "allUsers"


def of_pool(place: str, rest: str) -> Text:
    """Return a principal set of an environment's pool; ``{id}`` stands for the repository's id."""

    def member(estate: Estate) -> str:
        named = rest.replace("{id}", estate.repositories["fraud-detection"].id)
        return f"principalSet://iam.googleapis.com/{estate.pool(place)}/{named}"

    return member


def data_bucket(place: str) -> Text:
    """Return an environment's own bucket."""
    return lambda estate: estate.spec(place).buckets[0].name


def state_bucket(estate: Estate) -> str:
    """Return the bucket with everybody's state."""
    return estate.teams["churn"].platform.state.bucket
