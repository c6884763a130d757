"""Read a Cloud Run service (gcloud's JSON) and print its traffic as revision=percent pairs, for going back to it."""

from __future__ import annotations

import json
import sys
from typing import Any


def split(service: dict[str, Any]) -> str:
    """Return the pairs; a service that serves nothing yet goes back to LATEST."""
    shares: dict[str, int] = {}
    for target in service.get("status", {}).get("traffic", []):
        if target.get("percent"):
            name = target["revisionName"]
            shares[name] = shares.get(name, 0) + int(target["percent"])
    return ",".join(f"{name}={percent}" for name, percent in sorted(shares.items())) or "LATEST=100"


if __name__ == "__main__":
    print(split(json.load(sys.stdin)))
