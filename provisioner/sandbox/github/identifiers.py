"""Numbers, node ids and times the way GitHub writes them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from types import MappingProxyType

import msgpack  # type: ignore[import-untyped]  # has no type information

from provisioner.sandbox.store import Transaction

# Where each kind of number starts: of the size GitHub gives out today, so that no client is spared 64-bit numbers.
_STARTS = MappingProxyType(
    {
        "account": 230_000_000,
        "team": 14_000_000,
        "repository": 1_210_000_000,
        "environment": 11_000_000_000,
        "rule": 61_000_000,
        "policy": 47_000_000,
        "ruleset": 17_000_000,
        "workflow": 230_000_000,
        "run": 26_000_000_000,
        "app": 2_400_000,
        "installation": 97_000_000,
        "invitation": 330_000_000,
        "issue": 4_100_000_000,
        "pull": 3_100_000_000,
        "comment": 4_200_000_000,
        "key": 568_250_000_000,
        "deploy_key": 118_000_000,
        "check_run": 57_000_000_000,
        "check_suite": 50_000_000_000,
        "deployment": 3_500_000_000,
        "deployment_status": 9_300_000_000,
        "release": 270_000_000,
        "asset": 330_000_000,
        "hook": 590_000_000,
        "delivery": 1_700_000_000_000,
        "label": 9_900_000_000,
        "milestone": 14_500_000,
        "autolink": 9_000_000,
        "review": 3_500_000_000,
        "analysis": 800_000_000,
        "job": 77_000_000_000,
        "artifact": 5_600_000_000,
    }
)
_STEP = 7  # neighbours of one another are rare on a busy site


def next_id(tx: Transaction, kind: str) -> int:
    """Return a number no other thing of this kind has or had."""
    return _STARTS[kind] + _STEP * tx.next_number(f"github/{kind}")


def node_id(prefix: str, number: int) -> str:
    """Return a global id as GitHub builds it: a kind, and the packed number."""
    return f"{prefix}_{base64.urlsafe_b64encode(msgpack.packb([0, number])).decode().rstrip('=')}"


def stamp(moment: datetime) -> str:
    """Write an instant as GitHub does: UTC, whole seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime:
    """Read what ``stamp`` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
