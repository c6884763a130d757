"""Checks that services and jobs share, and requests that only look what would happen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from provisioner.sandbox.google.errors import aborted, invalid_argument, permission_denied
from provisioner.sandbox.google.identity.accounts import account_resource, find_account
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.names import last
from provisioner.sandbox.store import Document

T = TypeVar("T")
_NAMESPACES = ("run.googleapis.com/", "cloud.googleapis.com/", "serving.knative.dev/", "autoscaling.knative.dev/")


class _UndoneError(Exception):
    """Takes back what a rehearsal wrote."""


def check_act_as(call: Call, account: str) -> None:
    """Raise ApiError PERMISSION_DENIED unless the caller may act as the account that the containers run as."""
    resource = account_resource(call.tx, f"projects/-/serviceAccounts/{account}")
    if find_account(call.tx, account) is None or not call.holds("iam.serviceAccounts.actAs", resource):
        raise permission_denied(
            f"Permission 'iam.serviceaccounts.actAs' denied on service account {account} (or it may not exist)."
        )


def check_etag(sent: str, found: Document) -> None:
    """Raise ApiError ABORTED if the client read an older version; without quotes it is v1's resource version."""
    if sent and sent.strip('"') != found["etag"].strip('"'):
        current = found["etag"] if sent.startswith('"') else found["etag"].strip('"')
        raise aborted(
            f"Conflict for resource '{last(found['name'])}': version '{sent}' was specified but current version is "
            f"'{current}'."
        )


def check_body(body: Document, noun: str) -> None:
    """Raise ApiError INVALID_ARGUMENT for annotations of a ``service`` or ``job`` that v2 has fields for."""
    _check_annotations(body.get("annotations", {}), f"{noun}.annotations")
    _check_annotations(body.get("template", {}).get("annotations", {}), f"{noun}.template.annotations")


def perhaps(call: Call, work: Callable[[], T]) -> T:
    """Do something, or only rehearse it where the request asks for no more (validateOnly)."""
    return rehearse(call, work) if call.params.get("validateOnly") else work()


def rehearse(call: Call, work: Callable[[], T]) -> T:
    """Return what ``work`` answers, with everything it wrote taken back (validateOnly, dryRun)."""
    answers: list[T] = []
    with suppress(_UndoneError), call.world.store.transaction():
        answers.append(work())
        raise _UndoneError
    return answers[0]


def _check_annotations(sent: dict[str, str], place: str) -> None:
    """Refuse system annotations.

    https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services: system annotations are rejected.
    """
    system = sorted(name for name in sent if name.startswith(_NAMESPACES))
    if system:
        text = f"System annotations are not supported in v2 of the API: {', '.join(system)}"
        raise invalid_argument(text, (place, text))
