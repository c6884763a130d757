"""Service accounts, workload identity pools and their providers (iam.googleapis.com v1)."""

from __future__ import annotations

from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State, waits_for
from provisioner.sandbox.provider.values import UNKNOWN

_CONFLICT: Final = 409
_BOTH_AT_ONCE: Final = (
    "The real provider (7.45) fails likewise when disabled changes together with display_name or description. "
    "Everything was applied: run the command again."
)
_BASE: Final = "iam.googleapis.com/v1"
_POOL: Final = "projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}"

ACCOUNT: Final = Spec(
    name="google_service_account",
    title="service account",
    base=_BASE,
    parent="projects/{project}/serviceAccounts",
    own="projects/{project}/serviceAccounts/{email}",
    imports=("projects/{project}/serviceAccounts/{email}", "{project}/{email}", "{email}"),
    timeouts=("create",),
    legacy=True,
    table="""
account_id                   str!^ virtual match=account_id
create_ignore_already_exists bool  virtual
@policy
description                  str   match=short_text
disabled                     bool  default=false
display_name                 str
email                        str*
member                       str*  virtual
name                         str*
@project
unique_id                    str*
""",
)

POOL: Final = Spec(
    name="google_iam_workload_identity_pool",
    title="WorkloadIdentityPool",
    base=_BASE,
    parent="projects/{project}/locations/global/workloadIdentityPools",
    own=_POOL,
    query={"workloadIdentityPoolId": "{workload_identity_pool_id}"},
    waits=waits_for(),
    imports=(_POOL, "{project}/{workload_identity_pool_id}", "{workload_identity_pool_id}"),
    table="""
attestation_rules         setblocks virtual
  google_cloud_resource   str!
@policy
description               str
disabled                  bool
display_name              str
inline_certificate_issuance_config one
  ca_pools                map   choice=ca
  key_algorithm           str?  in=RSA_2048|RSA_3072|RSA_4096|ECDSA_P256|ECDSA_P384
  lifetime                str?
  rotation_window_percentage int?
  use_default_shared_ca   bool  choice=ca
inline_trust_config       one
  additional_trust_bundles setblocks keyed=trustDomain
    trust_anchors         blocks!
      pem_certificate     str!
    trust_default_shared_ca bool
    trust_domain          str!
mode                      str?  in=FEDERATION_ONLY|TRUST_DOMAIN|SYSTEM_TRUST_DOMAIN
name                      str*
@project
state                     str*
workload_identity_pool_id str!^ virtual match=pool_id
""",
)

PROVIDER: Final = Spec(
    name="google_iam_workload_identity_pool_provider",
    title="WorkloadIdentityPoolProvider",
    base=_BASE,
    parent=f"{_POOL}/providers",
    own=f"{_POOL}/providers/{{workload_identity_pool_provider_id}}",
    query={"workloadIdentityPoolProviderId": "{workload_identity_pool_provider_id}"},
    waits=waits_for(),
    imports=(
        f"{_POOL}/providers/{{workload_identity_pool_provider_id}}",
        "{project}/{workload_identity_pool_id}/{workload_identity_pool_provider_id}",
        "{workload_identity_pool_id}/{workload_identity_pool_provider_id}",
    ),
    table="""
attribute_condition       str
attribute_mapping         map
aws                       one   choice=kind
  account_id              str!
@policy
description               str
disabled                  bool
display_name              str
name                      str*
oidc                      one   choice=kind mask=oidc.allowed_audiences,oidc.issuer_uri,oidc.jwks_json
  allowed_audiences       list
  issuer_uri              str!
  jwks_json               str   same=json
@project
saml                      one   choice=kind
  idp_metadata_xml        str!
state                     str*
workload_identity_pool_id str!^ virtual
workload_identity_pool_provider_id str!^ virtual match=pool_id
x509                      one   choice=kind
  trust_store             one!
    intermediate_cas      blocks
      pem_certificate     str
    trust_anchors         blocks!
      pem_certificate     str
""",
)


class ServiceAccount(Resource):
    """A service account: its own create body, an etag on update, enabling and disabling as separate calls."""

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Create the account, or take the existing one when the configuration allows that."""
        try:
            return super().send_create(configuration, state)
        except Exception as error:
            conflict = isinstance(error.__cause__, GoogleError) and error.__cause__.status == _CONFLICT
            if not (conflict and state.get("create_ignore_already_exists")):
                raise
            email = f"{state['account_id']}@{state['project']}.iam.gserviceaccount.com"
            return {"email": email}

    def body(self, state: State, *, update: bool = False) -> Json:
        """Return what a create sends."""
        described = super().body(state, update=update)
        described.pop("disabled", None)
        return described if update else {"accountId": state["account_id"], "serviceAccount": described}

    def identify(self, state: State, answer: Json) -> str:
        """Take the address from the answer."""
        state["email"] = answer["email"]
        return super().identify(state, answer)

    def after_create(self, configuration: Configuration, state: State) -> None:
        """Disable an account that is wanted so."""
        if state.get("disabled"):
            self.call(configuration, "POST", f"{self.url(state)}:disable", body={})

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Change the texts with the etag just read, enable or disable with a call of its own."""
        changed = {part.name for part in self.changed(prior, planned)}
        try:
            self._send_changes(configuration, prior, planned, changed)
        except GoogleError as error:
            raise self.explained("Error updating {title} {id}: {error}", prior, error) from error
        if "disabled" in changed and len(changed) > 1:
            text = "Error waiting for service account: timeout while waiting for the update to be visible"
            raise ProviderError(text, _BOTH_AT_ONCE, ("disabled",))
        return self.read(configuration, {**planned, "id": prior["id"]}) or prior

    def _send_changes(self, configuration: Configuration, prior: State, planned: State, changed: set[str]) -> None:
        texts = sorted(changed & {"description", "display_name"})
        if texts:
            current = self.call(configuration, "GET", self.url(prior))
            account = {**self.body(planned, update=True), "etag": current["etag"]}
            body = {"serviceAccount": account, "updateMask": ",".join(texts)}
            self.call(configuration, "PATCH", self.url(prior), body=body)
        if "disabled" in changed:
            step = "disable" if planned["disabled"] else "enable"
            self.call(configuration, "POST", f"{self.url(prior)}:{step}", body={})

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Fill in what follows from the address."""
        found = super().from_document(configuration, document, state)
        found["account_id"] = found["email"].split("@")[0]
        found["member"] = f"serviceAccount:{found['email']}"
        found["project"] = document.get("projectId") or found["project"]
        return found

    def customise(self, configuration: Configuration, prior: State | None, planned: State, config: State) -> None:
        """Show the address in the plan as soon as it is certain."""
        super().customise(configuration, prior, planned, config)
        parts = (planned["account_id"], planned["project"])
        if prior is None and UNKNOWN not in parts and None not in parts:
            planned["email"] = f"{parts[0]}@{parts[1]}.iam.gserviceaccount.com"
            planned["member"] = f"serviceAccount:{planned['email']}"


class SoftDeleted(Resource):
    """A type whose deleted objects can still be read for a while."""

    def is_deleted(self, document: Json) -> bool:
        """Tell whether only the soft-deleted object is there."""
        return bool(document.get("state") == "DELETED")


class Pool(SoftDeleted):
    """A workload identity pool; attestation rules have calls of their own."""

    def after_create(self, configuration: Configuration, state: State) -> None:
        """Set the attestation rules, when there are any."""
        self._set_rules(configuration, state, [])

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Change the pool, then its rules."""
        self._set_rules(configuration, {**planned, "id": prior["id"]}, prior.get("attestation_rules") or [])
        return super().update(configuration, prior, planned)

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Read the rules with the pool."""
        found = super().from_document(configuration, document, state)
        answer = self.call(configuration, "GET", f"{self.url(state)}:listAttestationRules")
        rules = answer.get("attestationRules", [])
        found["attestation_rules"] = [{"google_cloud_resource": rule.get("googleCloudResource", "")} for rule in rules]
        return found

    def _set_rules(self, configuration: Configuration, state: State, before: list[State]) -> None:
        wanted = state.get("attestation_rules") or []
        if wanted == before:
            return
        rules = [{"googleCloudResource": rule["google_cloud_resource"]} for rule in wanted]
        answer = self.call(
            configuration, "POST", f"{self.url(state)}:setAttestationRules", body={"attestationRules": rules}
        )
        configuration.client.finish(answer, self.spec.base, "set attestation rules")


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return ServiceAccount(ACCOUNT), Pool(POOL), SoftDeleted(PROVIDER)
