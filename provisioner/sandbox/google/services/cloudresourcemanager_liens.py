"""Liens of Resource Manager, the same in v1 and v3."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.resourcemanager import liens
from provisioner.sandbox.google.services.cloudresourcemanager_v1 import project_of
from provisioner.sandbox.google.wire import page

Json = dict[str, Any]


def _project(call: Call) -> Resource:
    parent = call.body.get("parent") or call.params.get("parent") or ""
    return project_of(call, liens.project_number(call, parent))


def _lien(call: Call) -> Resource:
    return project_of(call, liens.find(call.tx, call.params["name"])["parent"].partition("/")[2])


@method("cloudresourcemanager.liens.create", permission="resourcemanager.projects.updateLiens", on=_project)
def create(call: Call) -> Json:
    """Place a lien on a project."""
    return liens.create(call, call.body)


@method("cloudresourcemanager.liens.get", permission="resourcemanager.projects.get", on=_lien)
def get(call: Call) -> Json:
    """Return a lien."""
    return liens.find(call.tx, call.params["name"])


@method("cloudresourcemanager.liens.list", permission="resourcemanager.projects.get", on=_project)
def list_liens(call: Call) -> Json:
    """Return a page of a project's liens."""
    number = liens.project_number(call, call.params.get("parent") or "")
    found, token = page(call, call.tx.scan(liens.LIENS, f"p{number}-"))
    return ({"liens": found} if found else {}) | ({"nextPageToken": token} if token else {})


@method("cloudresourcemanager.liens.delete", permission="resourcemanager.projects.updateLiens", on=_lien)
def delete(call: Call) -> None:
    """Take a lien away."""
    call.tx.delete(liens.LIENS, liens.find(call.tx, call.params["name"])["name"].removeprefix("liens/"))
