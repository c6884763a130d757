"""Cloud KMS: rings, keys, versions, and what buckets do with them."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.sandbox.core.cloud import NUMBER, PROJECT, Answer, GoogleCloud

PLACE = f"cloudkms.googleapis.com/v1/projects/{PROJECT}/locations/europe-west1"
RING = f"{PLACE}/keyRings/ring"
KEY = f"{RING}/cryptoKeys/key"
AGENT = f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
ONE = "one@example.com"


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def key(cloud: GoogleCloud, name: str = "key", **body: object) -> Answer:
    cloud.call("POST", f"{PLACE}/keyRings?keyRingId=ring", {})
    return cloud.call("POST", f"{RING}/cryptoKeys?cryptoKeyId={name}", {"purpose": "ENCRYPT_DECRYPT"} | body)


def name_of(url: str) -> str:
    return url.partition("/v1/")[2]


def test_rings_and_keys(cloud: GoogleCloud) -> None:
    made = key(cloud, labels={"a": "b"}).body
    assert made["name"] == name_of(KEY)
    assert made["primary"]["state"] == "ENABLED"
    assert made["primary"]["algorithm"] == "GOOGLE_SYMMETRIC_ENCRYPTION"
    assert made["destroyScheduledDuration"] == "2592000s"
    assert key(cloud).message == f"CryptoKey {name_of(KEY)} already exists."
    again = cloud.call("POST", f"{PLACE}/keyRings?keyRingId=ring", {})
    assert (again.status, again.message) == (409, f"KeyRing {name_of(RING)} already exists.")
    assert cloud.call("GET", f"{PLACE}/keyRings").body["totalSize"] == 1
    assert [item["name"] for item in cloud.call("GET", f"{RING}/cryptoKeys").body["cryptoKeys"]] == [name_of(KEY)]
    assert (
        cloud.call("GET", f"{RING}/cryptoKeys/none").message == f"CryptoKey {name_of(RING)}/cryptoKeys/none not found."
    )
    by_number = KEY.replace(PROJECT, NUMBER)
    assert cloud.call("GET", by_number).body["name"] == name_of(KEY)
    assert cloud.call("DELETE", RING).status == 501


@pytest.mark.parametrize(
    "body",
    [
        {"purpose": "CRYPTO_KEY_PURPOSE_UNSPECIFIED"},
        {"rotationPeriod": "3600s", "nextRotationTime": "2027-01-01T00:00:00Z"},
        {"rotationPeriod": "86400s"},
        {"destroyScheduledDuration": "3600s"},
        {"purpose": "ASYMMETRIC_SIGN"},
        {"versionTemplate": {"algorithm": "EC_SIGN_P256_SHA256"}},
    ],
)
def test_keys_that_are_refused(cloud: GoogleCloud, body: dict[str, Any]) -> None:
    assert key(cloud, **body).status == 400


def test_what_is_encrypted_is_decrypted(cloud: GoogleCloud) -> None:
    key(cloud)
    sent = {"plaintext": text(b"secret"), "additionalAuthenticatedData": text(b"context")}
    sealed = cloud.call("POST", f"{KEY}:encrypt", sent).body
    assert b"secret" not in base64.b64decode(sealed["ciphertext"])
    asked = {"ciphertext": sealed["ciphertext"], "additionalAuthenticatedData": text(b"context")}
    opened = cloud.call("POST", f"{KEY}:decrypt", asked).body
    assert (base64.b64decode(opened["plaintext"]), opened["usedPrimary"]) == (b"secret", True)
    other = cloud.call("POST", f"{KEY}:decrypt", asked | {"additionalAuthenticatedData": text(b"other")})
    assert (other.status, other.message) == (400, "Decryption failed: the ciphertext is invalid.")
    promised = cloud.call("POST", f"{KEY}:encrypt", sent | {"plaintextCrc32c": "1"})
    assert "did not match" in promised.message
    cloud.call("POST", f"{KEY}/cryptoKeyVersions", {})
    cloud.call("POST", f"{KEY}:updatePrimaryVersion", {"cryptoKeyVersionId": "2"})
    assert not cloud.call("POST", f"{KEY}:decrypt", asked).body["usedPrimary"]


def test_destruction_is_scheduled_and_can_be_taken_back(cloud: GoogleCloud) -> None:
    key(cloud, destroyScheduledDuration="86400s")
    version = f"{KEY}/cryptoKeyVersions/1"
    sealed = cloud.call("POST", f"{KEY}:encrypt", {"plaintext": text(b"x")}).body["ciphertext"]
    assert cloud.call("POST", f"{version}:destroy", {}).body["state"] == "DESTROY_SCHEDULED"
    refused = cloud.call("POST", f"{KEY}:encrypt", {"plaintext": text(b"x")})
    assert refused.message == f"{name_of(version)} is not enabled, current state is: DESTROY_SCHEDULED."
    assert cloud.call("POST", f"{version}:restore", {}).body["state"] == "DISABLED"
    assert cloud.call("POST", f"{version}:restore", {}).status == 400
    assert cloud.call("PATCH", f"{version}?updateMask=state", {"state": "ENABLED"}).body["state"] == "ENABLED"
    assert cloud.call("POST", f"{KEY}:decrypt", {"ciphertext": sealed}).status == 200
    cloud.call("POST", f"{version}:destroy", {})
    cloud.world.clock.advance(86401)
    gone = cloud.call("GET", version).body
    assert (gone["state"], "destroyTime" in gone, "destroyEventTime" in gone) == ("DESTROYED", False, True)
    assert cloud.call("POST", f"{version}:restore", {}).status == 400
    assert cloud.call("POST", f"{KEY}:decrypt", {"ciphertext": sealed}).status == 400


def test_a_key_rotates_by_the_clock(cloud: GoogleCloud) -> None:
    key(cloud, rotationPeriod="86400s", nextRotationTime="2026-11-22T00:00:00Z")
    cloud.world.clock.advance(2 * 86400)
    assert cloud.call("GET", KEY).body["primary"]["name"].endswith("/cryptoKeyVersions/3")
    assert cloud.call("GET", f"{KEY}/cryptoKeyVersions").body["totalSize"] == 3


def test_signatures_hold(cloud: GoogleCloud) -> None:
    template = {"algorithm": "EC_SIGN_P256_SHA256"}
    key(cloud, "signer", purpose="ASYMMETRIC_SIGN", versionTemplate=template)
    version = f"{RING}/cryptoKeys/signer/cryptoKeyVersions/1"
    public = load_pem_public_key(cloud.call("GET", f"{version}/publicKey").body["pem"].encode())
    digest = {"digest": {"sha256": text(hashlib.sha256(b"message").digest())}}
    signature = base64.b64decode(cloud.call("POST", f"{version}:asymmetricSign", digest).body["signature"])
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, b"message", ec.ECDSA(hashes.SHA256()))
    assert cloud.call("POST", f"{version}:asymmetricSign", {"digest": {"sha384": text(b"x")}}).status == 400
    mac_template = {"algorithm": "HMAC_SHA256"}
    key(cloud, "mac", purpose="MAC", versionTemplate=mac_template)
    mac = f"{RING}/cryptoKeys/mac/cryptoKeyVersions/1"
    code = cloud.call("POST", f"{mac}:macSign", {"data": text(b"message")}).body["mac"]
    assert cloud.call("POST", f"{mac}:macVerify", {"data": text(b"message"), "mac": code}).body["success"]
    assert not cloud.call("POST", f"{mac}:macVerify", {"data": text(b"other"), "mac": code}).body["success"]


def test_only_who_may_use_a_key_uses_it(cloud: GoogleCloud) -> None:
    key(cloud)
    token = cloud.user(ONE)
    refused = cloud.call("POST", f"{KEY}:encrypt", {"plaintext": text(b"x")}, token=token)
    assert refused.status == 403
    assert f"denied on resource '{name_of(KEY)}'" in refused.message
    role = "roles/cloudkms.cryptoKeyEncrypter"
    policy = {"policy": {"bindings": [{"role": role, "members": [f"user:{ONE}"]}]}}
    assert cloud.call("POST", f"{RING}:setIamPolicy", policy).status == 200
    sealed = cloud.call("POST", f"{KEY}:encrypt", {"plaintext": text(b"x")}, token=token)
    assert sealed.status == 200
    opened = {"ciphertext": sealed.body["ciphertext"]}
    assert cloud.call("POST", f"{KEY}:decrypt", opened, token=token).status == 403


def test_a_bucket_needs_a_key_that_its_agent_may_use(cloud: GoogleCloud) -> None:
    name = name_of(KEY)
    encryption = {"defaultKmsKeyName": name}
    denied = "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been "
    denied += "authorized to use this key."
    missing = cloud.bucket("acme-data", encryption=encryption)
    assert (missing.status, missing.message) == (403, denied)
    key(cloud)
    assert cloud.bucket("acme-data", encryption=encryption).message == denied
    role = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    policy = {"policy": {"bindings": [{"role": role, "members": [AGENT]}]}}
    assert cloud.call("POST", f"{KEY}:setIamPolicy", policy).status == 200
    assert cloud.bucket("acme-data", encryption=encryption).status == 200
    made = cloud.upload("acme-data", "a", b"1").body
    assert made["kmsKeyName"] == f"{name}/cryptoKeyVersions/1"
    read = "storage.googleapis.com/storage/v1/b/acme-data/o/a?alt=media"
    assert cloud.call("GET", read).content == b"1"
    cloud.call("POST", f"{KEY}/cryptoKeyVersions/1:destroy", {})
    assert cloud.call("GET", read).status == 400
    assert cloud.upload("acme-data", "b", b"1").status == 400
    elsewhere = cloud.call(
        "POST",
        f"storage.googleapis.com/storage/v1/b?project={PROJECT}",
        {"name": "acme-us", "location": "US", "encryption": encryption},
    )
    assert elsewhere.status == 400
