"""Who calls, and what may they do? The sandbox's Google identities and IAM.

* ``tokens.py``, ``keys.py``    access tokens and signing keys
* ``policies.py``, ``bindings.py``, ``members.py``, ``roles/``  IAM policies and what they may say
* ``authorization.py``, ``cel.py``  the decision
* ``policy_methods.py``         getIamPolicy, setIamPolicy and testIamPermissions for any service
* ``federation.py``, ``assertion.py``  the exchange of foreign tokens (STS)

Other parts use ``identity(world)``, ``operator_of(world)`` and ``policy_methods``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.identity import authorization, callers
from provisioner.sandbox.google.identity.boundaries import within
from provisioner.sandbox.google.identity.issuers import IssuerKeys, issuer_keys_of
from provisioner.sandbox.google.identity.tokens import Operator, operator
from provisioner.sandbox.google.method import Caller, Identity, Resource
from provisioner.sandbox.http import Request
from provisioner.sandbox.store import Transaction
from provisioner.sandbox.world import World

__all__ = ["GoogleIdentity", "Operator", "identity", "operator_of"]


def identity(world: World, issuer_keys: IssuerKeys | None = None) -> GoogleIdentity:
    """Build the identity side of a world.

    ``issuer_keys`` finds the public keys of token issuers; by default those of the sandbox's own GitHub and Google.
    """
    return GoogleIdentity(world, issuer_keys or issuer_keys_of(world))


def operator_of(world: World, domain: str = "") -> Operator:
    """Return the person who runs the sandbox (``operator@<domain>``) and their access token."""
    with world.store.transaction() as tx:
        return operator(tx, domain)


class GoogleIdentity(Identity):
    """Authentication by access token, authorisation by IAM policies."""

    def __init__(self, world: World, issuer_keys: IssuerKeys) -> None:
        self._world = world
        self.issuer_keys = issuer_keys

    def authenticate(self, tx: Transaction, request: Request, now: datetime) -> Caller:
        """Return the caller of a request. Raises ApiError UNAUTHENTICATED."""
        return callers.caller_of(tx, request, now)

    def require(self, tx: Transaction, caller: Caller, permission: str, resource: Resource, now: datetime) -> None:
        """Return if the caller holds the permission. Raises ApiError PERMISSION_DENIED."""
        if not authorization.scopes_allow(caller, permission):
            raise authorization.insufficient_scopes(resource.service, permission)
        if not self.granted(tx, caller, [permission], resource, now):
            raise self._denied(permission, resource)

    def granted(
        self, tx: Transaction, caller: Caller, permissions: Sequence[str], resource: Resource, now: datetime
    ) -> list[str]:
        """Return those of the permissions that the caller holds, in the order asked."""
        if caller.boundary:
            permissions = within(caller.boundary, permissions, resource, now)
        if caller.operator or not (self._world.settings["enforce"] or caller.anonymous):
            return list(permissions)
        return authorization.granted(tx, caller, permissions, resource, now)

    def _denied(self, permission: str, resource: Resource) -> ApiError:
        return authorization.denied(permission, resource)
