"""The sandbox's own Google, in memory, as a provider's transport."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provisioner.sandbox.google.application import google_application
from provisioner.sandbox.google.foundations import lay_foundations
from provisioner.sandbox.google.identity import operator_of
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.provider.client import Pace
from provisioner.sandbox.provider.configuration import Configuration, configure
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import open_world

PROJECT = "acme-payments-dev"
NUMBER = "420000000042"
BILLING = "000000-111111-222222"


class Cloud:
    """One organisation, one project; ``asked`` lists what the provider sent."""

    def __init__(self, folder: Path) -> None:
        self.world = open_world(MemoryStore(), folder)
        self.asked: list[Request] = []
        self.fault: Callable[[Request], Response | None] = lambda _request: None
        self._lock = threading.Lock()
        plan: dict[str, Any] = {
            "organizationId": "900000000001",
            "organizationDomain": "example.com",
            "billingAccount": BILLING,
            "projects": [{"projectId": PROJECT, "number": NUMBER}],
        }
        with self.world.store.transaction() as tx:
            lay_foundations(self.world, tx, plan)
        self.token = operator_of(self.world).token
        self._application = google_application(self.world)

    def __call__(self, request: Request) -> Response:
        with self._lock:
            self.asked.append(request)
            failed = self.fault(request)
        return failed or self._application(request)

    def changing(self) -> list[str]:
        """Return what was sent that changes something, as ``METHOD path``."""
        return [
            f"{request.method} {request.path}"
            for request in self.asked
            if request.method != "GET" and not request.path.endswith("getIamPolicy")
        ]


def configured(cloud: Cloud) -> Configuration:
    """Return a provider block for calls without Terraform."""
    return configure({"project": PROJECT, "region": "europe-west1"}, cloud, cloud.token, Pace())
