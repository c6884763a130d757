"""Cloud KMS API v1: places, key rings and keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from provisioner.sandbox.google.errors import already_exists, invalid_argument, unimplemented
from provisioner.sandbox.google.identity.policy_methods import (
    get_iam_policy,
    set_iam_policy,
    test_iam_permissions,
)
from provisioner.sandbox.google.keys.material import PURPOSES
from provisioner.sandbox.google.keys.records import (
    KEYS,
    RINGS,
    add_version,
    canonical,
    check_id,
    find,
    find_version,
    key_resource,
    locations,
    place_resource,
    shown_key,
)
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page, parse_timestamp, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "cloudkms.projects.locations"
_DAY, _DEFAULT_DESTROY = timedelta(days=1), "2592000s"
_LONGEST_DESTROY = timedelta(days=120)
_LEVELS = ("SOFTWARE", "HSM")
_PATCHABLE = frozenset(("labels", "rotationPeriod", "nextRotationTime", "versionTemplate"))


def _parent(call: Call) -> Resource:
    parent = call.params["parent"]
    return key_resource(call.tx, parent) if "/keyRings/" in parent else place_resource(call.tx, parent)


def _name(call: Call) -> Resource:
    return key_resource(call.tx, call.params.get("name") or call.params["resource"])


def _place(call: Call) -> Resource:
    name = call.params["name"]
    return place_resource(call.tx, name if "/locations/" in name else f"{name}/locations/global")


@method(f"{_API}.list", permission="cloudkms.locations.list", on=_place)
def list_locations(call: Call) -> Json:
    """Return the places where keys may be."""
    owner = _place(call).project
    items, token = page(call, ((name, _location(owner, name)) for name in locations()))
    return {"locations": items} | ({"nextPageToken": token} if token else {})


@method(f"{_API}.get", permission="cloudkms.locations.get", on=_place)
def get_location(call: Call) -> Json:
    """Return a place."""
    resource = _place(call)
    return _location(resource.project, resource.name.rpartition("/")[2])


@method(f"{_API}.keyRings.create", permission="cloudkms.keyRings.create", on=_parent)
def create_ring(call: Call) -> Json:
    """Create a key ring; it stays for good."""
    name = f"{canonical(call.tx, call.params['parent'])}/keyRings/{check_id(call.params['keyRingId'], 'keyRingId')}"
    if call.tx.get(RINGS, name):
        raise already_exists(f"KeyRing {name} already exists.")
    made = {"name": name, "createTime": timestamp(call.now)}
    call.tx.put(RINGS, name, made)
    return made


@method(f"{_API}.keyRings.get", permission="cloudkms.keyRings.get", on=_name)
def get_ring(call: Call) -> Json:
    """Return a key ring."""
    return find(call.tx, RINGS, call.params["name"])


@method(f"{_API}.keyRings.list", permission="cloudkms.keyRings.list", on=_parent)
def list_rings(call: Call) -> Json:
    """Return the key rings of a place."""
    _refuse_filters(call)
    rows = list(call.tx.scan(RINGS, f"{canonical(call.tx, call.params['parent'])}/keyRings/"))
    items, token = page(call, rows)
    answer: Json = {"keyRings": items} if items else {}
    return answer | ({"nextPageToken": token} if token else {}) | {"totalSize": len(rows)}


@method(f"{_API}.keyRings.cryptoKeys.create", permission="cloudkms.cryptoKeys.create", on=_parent)
def create_key(call: Call) -> Json:
    """Create a key and, unless told otherwise, its first version."""
    ring = find(call.tx, RINGS, call.params["parent"])
    name = f"{ring['name']}/cryptoKeys/{check_id(call.params['cryptoKeyId'], 'cryptoKeyId')}"
    if call.tx.get(KEYS, name):
        raise already_exists(f"CryptoKey {name} already exists.")
    made = _new_key(name, call)
    call.tx.put(KEYS, name, made)
    if not call.params.get("skipInitialVersionCreation") and not made.get("importOnly"):
        add_version(call.tx, made, call.now)
        if made["purpose"] == "ENCRYPT_DECRYPT":
            made["primaryVersion"] = 1
            call.tx.put(KEYS, name, made)
    return shown_key(call.tx, made, call.now)


@method(f"{_API}.keyRings.cryptoKeys.get", permission="cloudkms.cryptoKeys.get", on=_name)
def get_key(call: Call) -> Json:
    """Return a key with its primary version."""
    return shown_key(call.tx, find(call.tx, KEYS, call.params["name"]), call.now)


@method(f"{_API}.keyRings.cryptoKeys.list", permission="cloudkms.cryptoKeys.list", on=_parent)
def list_keys(call: Call) -> Json:
    """Return the keys of a ring."""
    _refuse_filters(call)
    ring = find(call.tx, RINGS, call.params["parent"])
    rows = list(call.tx.scan(KEYS, f"{ring['name']}/cryptoKeys/"))
    items, token = page(call, rows)
    answer: Json = {"cryptoKeys": [shown_key(call.tx, key, call.now) for key in items]} if items else {}
    return answer | ({"nextPageToken": token} if token else {}) | {"totalSize": len(rows)}


@method(f"{_API}.keyRings.cryptoKeys.patch", permission="cloudkms.cryptoKeys.update", on=_name)
def patch_key(call: Call) -> Json:
    """Change labels, rotation or the algorithm of versions to come."""
    found = find(call.tx, KEYS, call.params["name"])
    if not call.params.get("updateMask"):
        raise invalid_argument("The field mask must not be empty.", ("update_mask", "must be set"))
    paths = read_update_mask(call.params["updateMask"], "CryptoKey", call.schemas)
    for path in paths:
        if path[0] not in _PATCHABLE or path == ("versionTemplate", "protectionLevel"):
            text = f"The field '{'.'.join(path)}' cannot be updated."
            raise invalid_argument(text, ("update_mask", text))
    changed = apply_update(found, call.body, paths)
    template = found["versionTemplate"]
    level = {"protectionLevel": template["protectionLevel"]}
    changed["versionTemplate"] = template | changed.get("versionTemplate", {}) | level
    _check_rotation(changed, call)
    _check_template(changed["purpose"], changed["versionTemplate"])
    call.tx.put(KEYS, found["name"], changed)
    return shown_key(call.tx, changed, call.now)


@method(f"{_API}.keyRings.cryptoKeys.updatePrimaryVersion", permission="cloudkms.cryptoKeys.update", on=_name)
def update_primary(call: Call) -> Json:
    """Make another version the one that encrypts."""
    found = find(call.tx, KEYS, call.params["name"])
    if found["purpose"] != "ENCRYPT_DECRYPT":
        raise invalid_argument(f"The purpose of {found['name']} is {found['purpose']}, which has no primary version.")
    number = str(call.body.get("cryptoKeyVersionId") or "")
    version = find_version(call.tx, f"{found['name']}/cryptoKeyVersions/{number}", call.now)
    found["primaryVersion"] = int(version["name"].rpartition("/")[2])
    call.tx.put(KEYS, found["name"], found)
    return shown_key(call.tx, found, call.now)


def _policy_permission(verb: str) -> Callable[[Call], tuple[str, ...]]:
    def permission(call: Call) -> tuple[str, ...]:
        kind = "cryptoKeys" if "/cryptoKeys/" in call.params["resource"] else "keyRings"
        return (f"cloudkms.{kind}.{verb}",)

    return permission


@method(
    f"{_API}.keyRings.getIamPolicy",
    f"{_API}.keyRings.cryptoKeys.getIamPolicy",
    permission=_policy_permission("getIamPolicy"),
    on=_name,
)
def get_policy(call: Call) -> Json:
    """Return the policy of a ring or key."""
    _check_there(call)
    return get_iam_policy(call, _name(call))


@method(
    f"{_API}.keyRings.setIamPolicy",
    f"{_API}.keyRings.cryptoKeys.setIamPolicy",
    permission=_policy_permission("setIamPolicy"),
    on=_name,
)
def set_policy(call: Call) -> Json:
    """Replace the policy of a ring or key."""
    _check_there(call)
    return set_iam_policy(call, _name(call))


@method(f"{_API}.keyRings.testIamPermissions", f"{_API}.keyRings.cryptoKeys.testIamPermissions", on=_name)
def test_permissions(call: Call) -> Json:
    """Return those of the permissions asked for that the caller holds."""
    return test_iam_permissions(call, _name(call))


def _check_there(call: Call) -> None:
    name = call.params["resource"]
    find(call.tx, KEYS if "/cryptoKeys/" in name else RINGS, name)


def _location(owner: str, name: str) -> Json:
    metadata = {
        "@type": "type.googleapis.com/google.cloud.kms.v1.LocationMetadata",
        "hsmAvailable": True,
        "ekmAvailable": False,
    }
    return {"name": f"projects/{owner}/locations/{name}", "locationId": name, "metadata": metadata}


def _new_key(name: str, call: Call) -> Document:
    body = call.body
    purpose = body.get("purpose", "CRYPTO_KEY_PURPOSE_UNSPECIFIED")
    if purpose not in PURPOSES:
        if purpose == "CRYPTO_KEY_PURPOSE_UNSPECIFIED":
            raise invalid_argument("The purpose of a CryptoKey must be set.", ("crypto_key.purpose", "must be set"))
        raise unimplemented(f"The sandbox has no keys of purpose {purpose}.")
    template = {"protectionLevel": "SOFTWARE", "algorithm": PURPOSES[purpose][0]} | body.get("versionTemplate", {})
    if purpose != "ENCRYPT_DECRYPT" and "algorithm" not in body.get("versionTemplate", {}):
        raise invalid_argument("The algorithm of an asymmetric or MAC key must be set.")
    _check_template(purpose, template)
    made = {
        "name": name,
        "purpose": purpose,
        "createTime": timestamp(call.now),
        "versionTemplate": template,
        "destroyScheduledDuration": body.get("destroyScheduledDuration", _DEFAULT_DESTROY),
        "versions": 0,
    }
    made |= {key: body[key] for key in ("labels", "nextRotationTime", "rotationPeriod", "importOnly") if body.get(key)}
    waits = timedelta(seconds=float(made["destroyScheduledDuration"].removesuffix("s")))
    if not _DAY <= waits <= _LONGEST_DESTROY:
        raise invalid_argument("The destroy_scheduled_duration must be between 24 hours and 120 days.")
    _check_rotation(made, call)
    return made


def _check_template(purpose: str, template: Json) -> None:
    if template.get("protectionLevel", "SOFTWARE") not in _LEVELS:
        raise unimplemented(f"The sandbox has no keys of protection level {template['protectionLevel']}.")
    if template.get("algorithm") not in PURPOSES[purpose]:
        known = any(template.get("algorithm") in names for names in PURPOSES.values())
        if known:
            raise invalid_argument(f"The algorithm {template.get('algorithm')} is not valid for the purpose {purpose}.")
        raise unimplemented(f"The sandbox has no algorithm {template.get('algorithm')}.")


def _check_rotation(key: Document, call: Call) -> None:
    period, following = key.get("rotationPeriod"), key.get("nextRotationTime")
    if not period and not following:
        return
    if key["purpose"] != "ENCRYPT_DECRYPT":
        raise invalid_argument("Only symmetric encryption keys can be rotated automatically.")
    if period and timedelta(seconds=float(period.removesuffix("s"))) < _DAY:
        raise invalid_argument("The rotation_period must be at least 24 hours.")
    if period and not following:
        raise invalid_argument("The next_rotation_time must be set when the rotation_period is.")
    sent = call.body.get("nextRotationTime")
    if sent and parse_timestamp(sent) <= call.now:
        raise invalid_argument("The next_rotation_time must be in the future.")


def _refuse_filters(call: Call) -> None:
    for name in ("filter", "orderBy"):
        if call.params.get(name):
            raise unimplemented(f"The sandbox's Cloud KMS has no {name} for lists.")
