"""The regions of Google Cloud, for APIs that list locations: https://cloud.google.com/about/locations."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import not_found
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.wire import page

Json = dict[str, Any]
REGIONS = (
    "africa-south1",
    "asia-east1",
    "asia-east2",
    "asia-northeast1",
    "asia-northeast2",
    "asia-northeast3",
    "asia-south1",
    "asia-south2",
    "asia-southeast1",
    "asia-southeast2",
    "australia-southeast1",
    "australia-southeast2",
    "europe-central2",
    "europe-north1",
    "europe-north2",
    "europe-southwest1",
    "europe-west1",
    "europe-west10",
    "europe-west12",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "europe-west6",
    "europe-west8",
    "europe-west9",
    "me-central1",
    "me-central2",
    "me-west1",
    "northamerica-northeast1",
    "northamerica-northeast2",
    "northamerica-south1",
    "southamerica-east1",
    "southamerica-west1",
    "us-central1",
    "us-east1",
    "us-east4",
    "us-east5",
    "us-south1",
    "us-west1",
    "us-west2",
    "us-west3",
    "us-west4",
)


def list_locations(call: Call, parent: str) -> Json:
    """Return a page of locations below ``projects/<id>``."""
    items, token = page(call, ((region, _location(parent, region)) for region in REGIONS))
    return {"locations": items} | ({"nextPageToken": token} if token else {})


def get_location(parent: str, region: str) -> Json:
    """Return one location. Raises ApiError NOT_FOUND."""
    if region not in REGIONS:
        raise not_found(f"Location {region} is not found or access is unauthorized.")
    return _location(parent, region)


def _location(parent: str, region: str) -> Json:
    return {
        "name": f"{parent}/locations/{region}",
        "locationId": region,
        "labels": {"cloud.googleapis.com/region": region},
    }
