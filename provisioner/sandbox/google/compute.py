"""The little of Compute Engine that projects have from the start: a default network."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from provisioner.sandbox.google.constraints import enforced
from provisioner.sandbox.google.hierarchy import project_policies
from provisioner.sandbox.google.wire import random_number
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
NETWORKS = "google/compute.networks"  # "<project id>/<name>"
ROOT = "https://www.googleapis.com/compute/v1/projects"


def create_default_network(tx: Transaction, owner: Document, now: datetime) -> None:
    """Make the network ``default``, as enabling the API does."""
    project_id = owner["projectId"]
    if enforced(tx, project_policies(tx, owner), "compute.skipDefaultNetworkCreation"):
        return
    key = f"{project_id}/default"
    if tx.get(NETWORKS, key) is not None:
        return
    made = {
        "kind": "compute#network",
        "id": random_number(19),
        "creationTimestamp": now.isoformat(timespec="milliseconds"),
        "name": "default",
        "description": "Default network for the project",
        "selfLink": f"{ROOT}/{project_id}/global/networks/default",
        "autoCreateSubnetworks": True,
        "routingConfig": {"routingMode": "REGIONAL"},
        "mtu": 1460,
    }
    tx.put(NETWORKS, key, made)
