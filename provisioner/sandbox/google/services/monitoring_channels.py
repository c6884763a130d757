"""Notification channels of the Cloud Monitoring API (v3)."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any

from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import project_id, project_resource
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.observability.channel_types import SENSITIVE, required_labels
from provisioner.sandbox.google.wire import page, parse_timestamp, random_number, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
CHANNELS = "google/monitoring.notificationChannels"  # by name with the project's id; fields as monitoring v3
POLICIES = "google/monitoring.alertPolicies"
_API = "monitoring.projects.notificationChannels"
_PERMISSION = "monitoring.notificationChannels"
_FIXED = ("name", "creationRecord", "mutationRecords", "verificationStatus", "type")
_MASKED = "**********"
_CODES = "google/monitoring.verificationCodes"  # channel -> {"code", "expireTime"}
_CODE_LIFE = timedelta(hours=1)


def monitored_project(call: Call) -> Resource:
    """Return the project of a request: channels and alert policies have no IAM policy of their own."""
    return project_resource(call.tx, call.params["name"].split("/")[1])


def canonical_name(call: Call) -> str:
    """Return the request's resource name with the project's id."""
    _, owner, *rest = call.params["name"].split("/")
    return "/".join(["projects", project_id(call.tx, owner), *rest])


@method(f"{_API}.create", permission=f"{_PERMISSION}.create", on=monitored_project)
def create(call: Call) -> Json:
    """Create a channel."""
    name = f"{canonical_name(call)}/notificationChannels/{random_number(19)}"
    record = {"mutateTime": timestamp(call.now), "mutatedBy": call.caller.email or call.caller.member}
    sent = {key: value for key, value in call.body.items() if key not in {"name", "mutationRecords"}}
    channel = {"enabled": True} | sent | {"name": name, "creationRecord": record, "mutationRecords": [record]}
    return _put(call, channel)


@method(f"{_API}.get", permission=f"{_PERMISSION}.get", on=monitored_project)
def get(call: Call) -> Json:
    """Return a channel; sensitive labels are masked."""
    return _shown(_existing(call))


@method(f"{_API}.list", permission=f"{_PERMISSION}.list", on=monitored_project)
def list_channels(call: Call) -> Json:
    """Return a page of a project's channels."""
    items, token = page(call, call.tx.scan(CHANNELS, f"{canonical_name(call)}/notificationChannels/"))
    shown = {"notificationChannels": [_shown(item) for item in items], "totalSize": len(items)} if items else {}
    return shown | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission=f"{_PERMISSION}.update", on=monitored_project)
def patch(call: Call) -> Json:
    """Change what the mask names; without one replace everything a user sets."""
    found = _existing(call)
    kept = {key: found[key] for key in _FIXED if key in found}
    changed = kept | {key: value for key, value in call.body.items() if key not in _FIXED}
    if call.params.get("updateMask"):
        paths = read_update_mask(call.params["updateMask"], "NotificationChannel", call.schemas)
        changed = apply_update(found, call.body, paths) | kept
    _keep_masked(changed, found)
    record = {"mutateTime": timestamp(call.now), "mutatedBy": call.caller.email or call.caller.member}
    return _put(call, changed | {"mutationRecords": [record]})


@method(f"{_API}.delete", permission=f"{_PERMISSION}.delete", on=monitored_project)
def delete(call: Call) -> None:
    """Delete a channel; one that alert policies use only with ``force``, which takes it out of them."""
    name = _existing(call)["name"]
    prefix = f"{name.partition('/notificationChannels/')[0]}/alertPolicies/"
    using = [policy for _, policy in call.tx.scan(POLICIES, prefix) if name in policy.get("notificationChannels", ())]
    if using and not call.params.get("force"):
        raise failed_precondition(
            f"Cannot delete notification channel {name}: it is in use by alert policy {using[0]['name']}."
        )
    for policy in using:
        left = [channel for channel in policy["notificationChannels"] if channel != name]
        call.tx.put(POLICIES, policy["name"], policy | {"notificationChannels": left})
    call.tx.delete(CHANNELS, name)


@method(f"{_API}.sendVerificationCode", permission=f"{_PERMISSION}.sendVerificationCode", on=monitored_project)
def send_code(call: Call) -> None:
    """Send a code to the channel. Nothing leaves the machine: the code is made and kept, as if it had arrived."""
    _new_code(call, _existing(call)["name"])


@method(f"{_API}.getVerificationCode", permission=f"{_PERMISSION}.getVerificationCode", on=monitored_project)
def get_code(call: Call) -> Json:
    """Return a code by which a channel of another project is verified; only of a verified one."""
    found = _existing(call)
    if found.get("verificationStatus") != "VERIFIED":
        raise failed_precondition(f"Notification channel {found['name']} is not verified.")
    return _new_code(call, found["name"])


@method(f"{_API}.verify", permission=f"{_PERMISSION}.verify", on=monitored_project)
def verify(call: Call) -> Json:
    """Verify a channel by its code."""
    found = _existing(call)
    kept = call.tx.get(_CODES, found["name"])
    code = call.body.get("code", "")
    if kept is None or not hmac.compare_digest(kept["code"], code) or parse_timestamp(kept["expireTime"]) <= call.now:
        raise invalid_argument("The verification code is invalid or has expired.", ("code", "invalid"))
    call.tx.delete(_CODES, found["name"])
    return _put(call, found | {"verificationStatus": "VERIFIED"})


def _new_code(call: Call, name: str) -> Json:
    made = {"code": f"G-{random_number(6)}", "expireTime": timestamp(call.now + _CODE_LIFE)}
    call.tx.put(_CODES, name, made)
    return made


def _existing(call: Call) -> Document:
    found = call.tx.get(CHANNELS, canonical_name(call))
    if found is None:
        raise not_found(f"Cannot find notification channel {canonical_name(call)}.")
    return found


def _put(call: Call, channel: Document) -> Json:
    kind, labels = channel.get("type", ""), channel.get("labels", {})
    if not kind:
        raise invalid_argument("Field notification_channel.type is required.")
    if kind not in required_labels():
        raise invalid_argument(f'Field notification_channel.type had an invalid value of "{kind}".')
    for required in required_labels()[kind]:
        if not labels.get(required) and required not in SENSITIVE:
            raise invalid_argument(f'Field notification_channel.labels["{required}"] is required for type {kind!r}.')
    call.tx.put(CHANNELS, channel["name"], channel)
    return _shown(channel)


def _keep_masked(changed: Document, found: Document) -> None:
    for name, value in changed.get("labels", {}).items():
        if name in SENSITIVE and value == _MASKED:
            changed["labels"][name] = found.get("labels", {}).get(name, "")


def _shown(channel: Document) -> Json:
    labels = {key: _MASKED if key in SENSITIVE else value for key, value in channel.get("labels", {}).items()}
    return channel | ({"labels": labels} if labels else {})
