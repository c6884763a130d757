"""Key rings and keys (cloudkms v1): nothing of them is ever really deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State
from provisioner.sandbox.provider.suppress import seconds

_BASE: Final = "cloudkms.googleapis.com/v1"
_RING: Final = "projects/{project}/locations/{location}/keyRings/{name}"

RING: Final = Spec(
    name="google_kms_key_ring",
    title="KeyRing",
    base=_BASE,
    parent="projects/{project}/locations/{location}/keyRings",
    own=_RING,
    query={"keyRingId": "{name}"},
    update="",
    imports=(_RING, "{project}/{location}/{name}", "{location}/{name}"),
    timeouts=("create", "delete"),
    table="""
location str!^ virtual
name     str!^ virtual
@project
""",
)

KEY: Final = Spec(
    name="google_kms_crypto_key",
    title="CryptoKey",
    base=_BASE,
    parent="{key_ring}/cryptoKeys",
    own="{key_ring}/cryptoKeys/{name}",
    imports=("{key_ring+}/cryptoKeys/{name}",),
    version=1,
    table="""
crypto_key_backend         str?^
@policy
destroy_scheduled_duration str?^
import_only                bool?^
key_ring                   str!^ virtual same=name
@labels
name                       str!^ virtual
primary                    objects*
  name                     str*
  state                    str*
purpose                    str^  default=ENCRYPT_DECRYPT
rotation_period            str   match=seconds mask=rotationPeriod,nextRotationTime
skip_initial_version_creation bool virtual
version_template           one?  mask=versionTemplate.algorithm
  algorithm                str!
  protection_level         str^  default=SOFTWARE
""",
)


class KeyRing(Resource):
    """A key ring; destroying only forgets it."""

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Everything of a ring is in its name."""
        del configuration, document
        return state

    def keeps_object(self, configuration: Configuration, state: State) -> bool:
        """Keep it: Google has no way to delete one."""
        del configuration, state
        return True


class Key(Resource):
    """A key; destroying destroys its versions and stops its rotation."""

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Create the key, with a first version unless that is skipped."""
        query = {
            "cryptoKeyId": state["name"],
            "skipInitialVersionCreation": "true" if state.get("skip_initial_version_creation") else "false",
        }
        url = f"{_BASE}/{self.spec.parent.format_map(state)}"
        return self.call(configuration, "POST", url, body=self.body(state), query=query)

    def body(self, state: State, *, update: bool = False) -> Json:
        """Add the time of the next rotation, which the client has to choose."""
        body = super().body(state, update=update)
        period = seconds(str(body.get("rotationPeriod", "")))
        if period:
            body["nextRotationTime"] = (datetime.now(UTC) + timedelta(seconds=period)).isoformat()
        return body

    def send_delete(self, configuration: Configuration, state: State) -> Json:
        """Destroy each version that is there, then clear the rotation."""
        url = self.url(state)
        versions = self.call(configuration, "GET", f"{url}/cryptoKeyVersions")
        for version in versions.get("cryptoKeyVersions", []):
            if version.get("state") not in {"DESTROYED", "DESTROY_SCHEDULED"}:
                self.call(configuration, "POST", f"{_BASE}/{version['name']}:destroy", body={})
        if state.get("rotation_period"):
            query = {"updateMask": "rotationPeriod,nextRotationTime"}
            self.call(configuration, "PATCH", url, body={}, query=query)
        return {}


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return KeyRing(RING), Key(KEY)
