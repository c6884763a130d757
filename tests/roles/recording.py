"""Who was asked for which permission, where: written down while a persona does its work."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from provisioner.sandbox.google.application import GoogleApplication
from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.method import Caller, Identity, Resource
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store import Transaction

_DECIDING = frozenset(
    {
        "iam.serviceAccounts.actAs",
        "storage.objects.delete",
        "artifactregistry.repositories.uploadArtifacts",
        "artifactregistry.repositories.downloadArtifacts",
    }
)
"""Questions that decide: beside a call's own permission, or in the registry's own words of refusal. All other questions
only shape an answer."""


@dataclass(frozen=True)
class Need:
    """One permission that a call needed.

    ``where`` is the resource's name; ``held`` whether the caller had it; ``call`` the method's id, where it was told.
    """

    permission: str
    where: str
    held: bool
    call: str = ""

    @property
    def level(self) -> str:
        """Return ``project`` when the project itself was asked, else ``thing``."""
        return "project" if self.where.startswith("cloudresourcemanager.googleapis.com/") else "thing"


@dataclass
class Recorder(Identity):
    """The sandbox's identity side, with a note of every question for permission by the caller's address."""

    behind: Identity
    needs: dict[str, list[Need]] = field(default_factory=dict)
    now: threading.local = field(default_factory=threading.local, repr=False)

    @property
    def issuer_keys(self) -> object:
        """Pass on what the exchange of tokens asks its identity for."""
        return self.behind.issuer_keys  # type: ignore[attr-defined]  # GoogleIdentity has it, the protocol has not

    def authenticate(self, tx: Transaction, request: Request, now: datetime) -> Caller:
        return self.behind.authenticate(tx, request, now)

    def require(self, tx: Transaction, caller: Caller, permission: str, resource: Resource, now: datetime) -> None:
        try:
            self.behind.require(tx, caller, permission, resource, now)
        except ApiError:
            self._note(caller, permission, resource, held=False)
            raise
        self._note(caller, permission, resource, held=True)

    def granted(
        self, tx: Transaction, caller: Caller, permissions: Sequence[str], resource: Resource, now: datetime
    ) -> list[str]:
        held = self.behind.granted(tx, caller, permissions, resource, now)
        for permission in permissions:
            if permission in _DECIDING:
                self._note(caller, permission, resource, held=permission in held)
        return held

    def _note(self, caller: Caller, permission: str, resource: Resource, *, held: bool) -> None:
        need = Need(permission, f"{resource.service}/{resource.name}", held, getattr(self.now, "call", ""))
        self.needs.setdefault(caller.email, []).append(need)


@dataclass(frozen=True)
class Named:
    """The application, with the recorder told which method each request calls; a thread answers one at a time."""

    application: GoogleApplication
    recorder: Recorder

    def __call__(self, request: Request) -> Response:
        self.recorder.now.call = self.application.identify(request)
        try:
            return self.application(request)
        finally:
            del self.recorder.now.call
