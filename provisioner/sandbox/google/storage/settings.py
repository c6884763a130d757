"""The settings of a bucket: what Cloud Storage refuses.

https://cloud.google.com/storage/docs/json_api/v1/buckets#resource.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.errors import unimplemented
from provisioner.sandbox.google.storage.lifecycle import check_lifecycle
from provisioner.sandbox.google.storage.refusals import invalid

STORAGE_CLASSES = frozenset(
    ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY")
)
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_MOST_LABELS = 64
_SOFT_DELETE_RANGE = (604800, 7776000)
_LONGEST_RETENTION = 3_155_760_000
_PREVENTION = ("inherited", "enforced", "unspecified")
_TERMINAL_CLASSES = ("NEARLINE", "ARCHIVE")
_TURBO = "ASYNC_TURBO"


def check_settings(body: Mapping[str, Any]) -> None:
    """Raise ApiError for settings that Cloud Storage refuses or that the sandbox does not have."""
    if body.get("ipFilter"):
        raise unimplemented("The sandbox's buckets have no ipFilter.")
    if body.get("storageClass") and body["storageClass"] not in STORAGE_CLASSES:
        raise invalid(f"Invalid argument: storage class {body['storageClass']}")
    _check_labels(body.get("labels") or {})
    _check_soft_delete(body.get("softDeletePolicy") or {})
    check_lifecycle(body.get("lifecycle") or {}, STORAGE_CLASSES)
    _check_retention(body.get("retentionPolicy") or {})
    _check_autoclass(body)
    _check_access(body.get("iamConfiguration") or {})
    _check_namespace(body)


def check_place(made: Mapping[str, Any]) -> None:
    """Raise ApiError for a replication goal that the bucket's kind of place does not have."""
    if made.get("rpo") == _TURBO and made["locationType"] != "dual-region":
        raise invalid("Turbo replication is only available for dual-region buckets.")


def _check_labels(labels: Mapping[str, Any]) -> None:
    if len(labels) > _MOST_LABELS:
        raise invalid(f"A bucket can have at most {_MOST_LABELS} labels.")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key) or (value is not None and not _LABEL_VALUE.fullmatch(value)):
            raise invalid(f"Invalid argument: label {key}={value}")


def _check_soft_delete(policy: Mapping[str, Any]) -> None:
    seconds = int(policy.get("retentionDurationSeconds") or 0)
    low, high = _SOFT_DELETE_RANGE
    if seconds and not low <= seconds <= high:
        raise invalid(f"The soft delete retention duration must be 0 or between {low} and {high} seconds.")


def _check_retention(policy: Mapping[str, Any]) -> None:
    if policy and not 0 < int(policy.get("retentionPeriod") or 0) < _LONGEST_RETENTION:
        raise invalid("The retention period must be greater than 0 and less than 100 years.")


def _check_autoclass(body: Mapping[str, Any]) -> None:
    wanted = body.get("autoclass") or {}
    if wanted.get("terminalStorageClass") and wanted["terminalStorageClass"] not in _TERMINAL_CLASSES:
        raise invalid(f"Invalid terminal storage class: {wanted['terminalStorageClass']}")
    if wanted.get("enabled") and body.get("storageClass", "STANDARD") != "STANDARD":
        raise invalid("Autoclass can only be enabled on buckets whose default storage class is STANDARD.")


def _check_access(wanted: Mapping[str, Any]) -> None:
    prevention = wanted.get("publicAccessPrevention")
    if prevention and prevention not in _PREVENTION:
        raise invalid(f"Invalid argument: public access prevention {prevention}")


def _check_namespace(body: Mapping[str, Any]) -> None:
    if not (body.get("hierarchicalNamespace") or {}).get("enabled"):
        return
    access = (body.get("iamConfiguration") or {}).get("uniformBucketLevelAccess") or {}
    if not access.get("enabled"):
        raise invalid("Hierarchical namespace buckets must use uniform bucket-level access.")
    if (body.get("versioning") or {}).get("enabled"):
        raise invalid("Object versioning is not supported on buckets with hierarchical namespace enabled.")
