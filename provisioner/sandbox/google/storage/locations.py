"""Where buckets may be. https://cloud.google.com/storage/docs/locations (August 2026)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.storage.refusals import invalid

_MULTI_REGIONS = frozenset(("US", "EU", "ASIA"))
_PAIR = 2
_DUAL_REGIONS = frozenset(("ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4"))
_REGIONS = frozenset(
    (
        *("AFRICA-SOUTH1", "ASIA-EAST1", "ASIA-EAST2", "ASIA-NORTHEAST1", "ASIA-NORTHEAST2", "ASIA-NORTHEAST3"),
        *("ASIA-SOUTH1", "ASIA-SOUTH2", "ASIA-SOUTHEAST1", "ASIA-SOUTHEAST2", "ASIA-SOUTHEAST3"),
        *("AUSTRALIA-SOUTHEAST1", "AUSTRALIA-SOUTHEAST2", "EUROPE-CENTRAL2", "EUROPE-NORTH1", "EUROPE-NORTH2"),
        *("EUROPE-SOUTHWEST1", "EUROPE-WEST1", "EUROPE-WEST2", "EUROPE-WEST3", "EUROPE-WEST4", "EUROPE-WEST6"),
        *("EUROPE-WEST8", "EUROPE-WEST9", "EUROPE-WEST10", "EUROPE-WEST12", "ME-CENTRAL1", "ME-CENTRAL2", "ME-WEST1"),
        *("NORTHAMERICA-NORTHEAST1", "NORTHAMERICA-NORTHEAST2", "NORTHAMERICA-SOUTH1", "SOUTHAMERICA-EAST1"),
        *("SOUTHAMERICA-WEST1", "US-CENTRAL1", "US-EAST1", "US-EAST4", "US-EAST5", "US-SOUTH1", "US-WEST1", "US-WEST2"),
        *("US-WEST3", "US-WEST4"),
    )
)


def location_type(location: str, placement: Mapping[str, Any] | None = None) -> str:
    """Return region, dual-region or multi-region for an upper-case location. Raises ApiError INVALID_ARGUMENT.

    ``placement`` is the ``customPlacementConfig`` of a bucket in two regions of one multi-region.
    """
    pair = (placement or {}).get("dataLocations") or []
    if pair:
        if location not in _MULTI_REGIONS or len(set(pair)) != _PAIR or not {name.upper() for name in pair} <= _REGIONS:
            raise invalid("The specified custom placement is not valid.", location="customPlacementConfig")
        return "dual-region"
    if location in _MULTI_REGIONS:
        return "multi-region"
    if location in _DUAL_REGIONS:
        return "dual-region"
    if location in _REGIONS:
        return "region"
    raise invalid("The specified location constraint is not valid.", location="location")


def regions() -> frozenset[str]:
    """Return the names of all regions, in upper case."""
    return _REGIONS
