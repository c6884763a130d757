"""Views of log buckets (Cloud Logging API, v2): who may read which part of a bucket."""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.google.errors import already_exists, invalid_argument, not_found
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.observability.language import QueryError, parse_query
from provisioner.sandbox.google.observability.parents import owner_resource
from provisioner.sandbox.google.services.logging_buckets import bucket_name, find_bucket
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_OWNERS = ("", "projects.")
_VIEWS = "google/logging.views"  # by name with the project's id; fields as logging v2
_SERVICE = "logging.googleapis.com"
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
_EVERYTHING = "_AllLogs"


def _ids(verb: str) -> tuple[str, ...]:
    return tuple(f"logging.{owner}locations.buckets.views.{verb}" for owner in _OWNERS)


def _parent(call: Call) -> Resource:
    return owner_resource(call.tx, call.params["parent"])


def _view(call: Call) -> Resource:
    name = call.params.get("name") or call.params["resource"]
    owner = owner_resource(call.tx, name)
    full = bucket_name(call, name)
    return Resource(full, f"{_SERVICE}/LogView", _SERVICE, (f"//{_SERVICE}/{full}", *owner.policies), owner.project)


@method(*_ids("create"), permission="logging.views.create", on=_parent)
def create(call: Call) -> Json:
    """Create a view of a bucket."""
    bucket = _bucket(call, call.params["parent"])
    view_id = call.params.get("viewId", "")
    name = f"{bucket}/views/{view_id}"
    if not _ID.fullmatch(view_id):
        raise invalid_argument(f"View {view_id!r} is invalid.")
    if view_id == _EVERYTHING or call.tx.get(_VIEWS, name) is not None:
        raise already_exists(f"View {name} already exists")
    return _put(call, call.body | {"name": name, "createTime": timestamp(call.now)})


@method(*_ids("get"), permission="logging.views.get", on=_view)
def get(call: Call) -> Json:
    """Return a view."""
    return _existing(call)


@method(*_ids("list"), permission="logging.views.list", on=_parent)
def list_views(call: Call) -> Json:
    """Return a page of a bucket's views; the one of all logs is always there."""
    bucket = _bucket(call, call.params["parent"])
    kept = dict(call.tx.scan(_VIEWS, f"{bucket}/views/")) | {f"{bucket}/views/{_EVERYTHING}": _everything(bucket)}
    items, token = page(call, sorted(kept.items()))
    return {"views": items} | ({"nextPageToken": token} if token else {})


@method(*_ids("patch"), permission="logging.views.update", on=_view)
def patch(call: Call) -> Json:
    """Change what the mask names; without one everything a user sets."""
    found = _existing(call)
    mask = call.params.get("updateMask") or "filter,description"
    changed = apply_update(found, call.body, read_update_mask(mask, "LogView", call.schemas))
    return _put(call, changed | {"name": found["name"]})


@method(*_ids("delete"), permission="logging.views.delete", on=_view)
def delete(call: Call) -> None:
    """Delete a view."""
    name = _existing(call)["name"]
    if name.endswith(f"/{_EVERYTHING}"):
        raise invalid_argument(f"The view {name} cannot be deleted.")
    call.tx.delete(_VIEWS, name)
    delete_policy(call.tx, f"//{_SERVICE}/{name}")


@method(*_ids("getIamPolicy"), permission="logging.views.getIamPolicy", on=_view)
def get_policy(call: Call) -> Json:
    """Return who may use the view."""
    _existing(call)
    return get_iam_policy(call, _view(call))


@method(*_ids("setIamPolicy"), permission="logging.views.setIamPolicy", on=_view)
def set_policy(call: Call) -> Json:
    """Replace who may use the view."""
    _existing(call)
    return set_iam_policy(call, _view(call))


@method(*_ids("testIamPermissions"), on=_view)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    _existing(call)
    return test_iam_permissions(call, _view(call))


def _bucket(call: Call, name: str) -> str:
    full = bucket_name(call, name)
    if find_bucket(call.tx, full) is None:
        raise not_found(f"Bucket {name} does not exist")
    return full


def _everything(bucket: str) -> Json:
    return {"name": f"{bucket}/views/{_EVERYTHING}", "description": "All logs", "filter": ""}


def _existing(call: Call) -> Document:
    name = call.params.get("name") or call.params["resource"]
    full = bucket_name(call, name)
    bucket, _, view_id = full.rpartition("/views/")
    _bucket(call, bucket)
    found = _everything(bucket) if view_id == _EVERYTHING else call.tx.get(_VIEWS, full)
    if found is None:
        raise not_found(f"View {name} does not exist")
    return found


def _put(call: Call, view: Document) -> Document:
    try:
        parse_query(view.get("filter", ""))
    except QueryError as error:
        raise invalid_argument(str(error)) from None
    changed = view | {"updateTime": timestamp(call.now)}
    call.tx.put(_VIEWS, changed["name"], changed)
    return changed
