"""Services of Cloud Run at their own addresses: ``*.run.app``.

https://cloud.google.com/run/docs/triggering/https-request; traffic and tags:
https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration.
"""

from __future__ import annotations

import random
from typing import Any

from provisioner.sandbox.google.method import Answer, Call, Later, route
from provisioner.sandbox.google.run.admission import RefusedError, admit
from provisioner.sandbox.google.run.decisions import OFF
from provisioner.sandbox.google.run.forwarding import forward, page, placeholder, refused
from provisioner.sandbox.google.run.images import ImageError
from provisioner.sandbox.google.run.instances import TooManyError, instances_of
from provisioner.sandbox.google.run.names import ADDRESSES, REVISIONS, SERVICES, last
from provisioner.sandbox.google.run.starting import start
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store import Document
from provisioner.sandbox.world import World

Json = dict[str, Any]
_VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_TAG_END = "---"


@route(r"[^.]+(\.[^.]+){1,2}\.run\.app", _VERBS, "/.*", name="run.invoke", blind=True)
def invoke(call: Call) -> Answer:
    """Take a request to the revision it is for; answered after the transaction, as it may lead to others."""
    request = call.request
    tag, service = _service(call)
    if service is None or service["ingress"] != "INGRESS_TRAFFIC_ALL" or service.get("defaultUriDisabled"):
        return page(404, request.path)
    try:
        headers = admit(call.tx, service, request.headers, call.now)
    except RefusedError as error:
        return refused(error, request.path)
    revision = _chosen(service, tag)
    kept = call.tx.get(REVISIONS, revision)
    if kept is None:
        return page(404, request.path)
    decision = kept.get("decision", {"why": OFF})
    if not decision.get("runs") or call.world.settings["run_containers"] != "process":
        return placeholder(service, last(revision), decision.get("why") or OFF)
    seconds = float(kept["template"]["timeout"].removesuffix("s"))
    return Later(lambda: _through_process(call.world, revision, request, headers, seconds))


def _through_process(
    world: World, revision: str, request: Request, headers: dict[str, str], seconds: float
) -> Response:
    try:
        with instances_of(world).using(revision, lambda: start(world, revision)) as port:
            return forward(request, headers, port, seconds)
    except (TooManyError, ImageError, OSError):
        return page(503, request.path)


def _service(call: Call) -> tuple[str, Document | None]:
    """Return the tag in the host asked for (or nothing), and the service of that host."""
    tag, found, rest = call.request.host.rpartition(_TAG_END)
    place = call.tx.get(ADDRESSES, rest)
    return (tag if found else ""), call.tx.get(SERVICES, place["name"]) if place else None


def _chosen(service: Document, tag: str) -> str:
    """Return the revision a request goes to: the tag's, or one drawn by the percentages; empty for an unknown tag."""
    targets = service["traffic"]
    if tag:
        named = [target for target in targets if target.get("tag") == tag]
        return _revision(service, named[0]) if named else ""
    weights = [target.get("percent", 0) for target in targets]
    return _revision(service, random.choices(targets, weights)[0])  # noqa: S311 - a share of traffic, no secret


def _revision(service: Document, target: Json) -> str:
    if target.get("revision"):
        return f"{service['name']}/revisions/{target['revision']}"
    return str(service.get("latestReadyRevision", ""))
