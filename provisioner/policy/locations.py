"""Where data may lie."""

from __future__ import annotations

from provisioner.policy.view import UNKNOWN
from provisioner.request.models import Platform


def location_problem(location: object, platform: Platform | None) -> str:
    """Say why a location is not one of the platform's; empty when it is, or when no platform is given to compare."""
    if location is UNKNOWN or not isinstance(location, str):
        return "the location is absent or known only after apply"
    if platform is None:
        return ""
    allowed = {place.upper() for place in (*platform.regions, *platform.locations)}
    return "" if location.upper() in allowed else f"{location} is not among the platform's regions and locations"
