"""Dashboards of the Cloud Monitoring API (v1)."""

from __future__ import annotations

import re
import uuid
from typing import Any

from provisioner.sandbox.google.errors import already_exists, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project_number, project_resource
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import check_etag, fresh_etag, page
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_DASHBOARDS = "google/monitoring.dashboards"  # by name with the project's number; fields as monitoring v1
_API = "monitoring.projects.dashboards"
_SERVICE = "monitoring.googleapis.com"
_LAYOUTS = ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout")
_NOT_CONTENT = frozenset(("title", "id", "visibilityCondition"))
_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
_MOST_COLUMNS = 48


def _parent(call: Call) -> Resource:
    return project_resource(call.tx, call.params["parent"].split("/")[1])


def _dashboard(call: Call) -> Resource:
    name = call.params["name"]
    return inside_project(
        call.tx, name.split("/")[1], name=_canonical(call.tx, name), kind=f"{_SERVICE}/Dashboard", service=_SERVICE
    )


def _canonical(tx: Transaction, name: str) -> str:
    _, owner, *rest = name.split("/")
    return "/".join(["projects", project_number(tx, owner), *rest])


@method(f"{_API}.create", permission="monitoring.dashboards.create", on=_parent)
def create(call: Call) -> Json:
    """Create a dashboard, under the id in the body's name or a new one; ``validateOnly`` only looks at it."""
    given = call.body.get("name", "").rpartition("/")[2] or str(uuid.uuid4())
    name = f"{_canonical(call.tx, call.params['parent'])}/dashboards/{given}"
    if not _ID.fullmatch(given):
        raise invalid_argument(f"Field dashboard.name had an invalid value of {given!r}.")
    if call.tx.get(_DASHBOARDS, name) is not None:
        raise already_exists(f"Dashboard {name} already exists.")
    return _put(call, call.body | {"name": name})


@method(f"{_API}.get", permission="monitoring.dashboards.get", on=_dashboard)
def get(call: Call) -> Json:
    """Return a dashboard."""
    return _existing(call)


@method(f"{_API}.list", permission="monitoring.dashboards.list", on=_parent)
def list_dashboards(call: Call) -> Json:
    """Return a page of a project's dashboards."""
    prefix = f"{_canonical(call.tx, call.params['parent'])}/dashboards/"
    items, token = page(call, call.tx.scan(_DASHBOARDS, prefix))
    return ({"dashboards": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.patch", permission="monitoring.dashboards.update", on=_dashboard)
def patch(call: Call) -> Json:
    """Replace a dashboard; an etag that is sent must be the current one."""
    found = _existing(call)
    check_etag(call.body.get("etag", ""), found["etag"], "The dashboard was changed in between; its etag differs.")
    return _put(call, call.body | {"name": found["name"]})


@method(f"{_API}.delete", permission="monitoring.dashboards.delete", on=_dashboard)
def delete(call: Call) -> None:
    """Delete a dashboard."""
    call.tx.delete(_DASHBOARDS, _existing(call)["name"])


def _existing(call: Call) -> Document:
    name = _canonical(call.tx, call.params["name"])
    found = call.tx.get(_DASHBOARDS, name)
    if found is None:
        raise not_found(f"Requested entity was not found: {name}")
    return found


def _put(call: Call, dashboard: Document) -> Document:
    _check(dashboard)
    if call.params.get("validateOnly"):
        return dashboard
    changed = dashboard | {"etag": fresh_etag(call.tx)}
    call.tx.put(_DASHBOARDS, changed["name"], changed)
    return changed


def _check(dashboard: Document) -> None:
    if not dashboard.get("displayName"):
        raise invalid_argument("Field dashboard.displayName is required.", ("dashboard.display_name", "required"))
    layouts = [layout for layout in _LAYOUTS if layout in dashboard]
    if len(layouts) != 1:
        raise invalid_argument(f"A dashboard has exactly one layout, not {len(layouts)}.")
    layout = dashboard[layouts[0]]
    if layouts[0] == "mosaicLayout":
        _check_mosaic(layout)
    for widget in _widgets(layouts[0], layout):
        contents = sorted(widget.keys() - _NOT_CONTENT)
        if len(contents) > 1:
            raise invalid_argument(f"A widget has one content, not {' and '.join(contents)}.")


def _widgets(kind: str, layout: Json) -> list[Json]:
    if kind == "mosaicLayout":
        return [tile.get("widget", {}) for tile in layout.get("tiles", ())]
    if kind == "gridLayout":
        return list(layout.get("widgets", ()))
    parts = layout.get("rows" if kind == "rowLayout" else "columns", ())
    return [widget for part in parts for widget in part.get("widgets", ())]


def _check_mosaic(layout: Json) -> None:
    columns = int(layout.get("columns") or 0)
    if not 1 <= columns <= _MOST_COLUMNS:
        raise invalid_argument(f"Field dashboard.mosaicLayout.columns must be between 1 and {_MOST_COLUMNS}.")
    taken: set[tuple[int, int]] = set()
    for index, tile in enumerate(layout.get("tiles", ())):
        left, top, width, height = (int(tile.get(key) or 0) for key in ("xPos", "yPos", "width", "height"))
        if left < 0 or top < 0 or width < 1 or height < 1 or left + width > columns or height > 1000:  # noqa: PLR2004 - no tile of a screen is taller
            raise invalid_argument(f"Field dashboard.mosaicLayout.tiles[{index}] does not fit into {columns} columns.")
        cells = {(x, y) for x in range(left, left + width) for y in range(top, top + height)}
        if cells & taken:
            raise invalid_argument(f"Field dashboard.mosaicLayout.tiles[{index}] overlaps another tile.")
        taken |= cells
