"""Rules about buckets, registries and services, at the team or in one environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.request.document import Path
from provisioner.request.findings import Finding
from provisioner.request.machines import machine_problem
from provisioner.request.models import Platform, Request
from provisioner.request.parts import Bucket, Registry, Service
from provisioner.request.resolve import EnvironmentSpec, NamedService, resolve

_DIGEST = re.compile(r"[a-z0-9.-]+(:[0-9]+)?/[a-z0-9._/-]+@sha256:[0-9a-f]{64}")
_PREFIX = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*/?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INVOKER = re.compile(r"(user|group|serviceAccount):[^@\s:]+@[^@\s:]+\.[^@\s:]+")
_TAKEN = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
_EVERYBODY = ("allUsers", "allAuthenticatedUsers")


def check_parts(request: Request, platform: Platform) -> Iterator[Finding]:
    """Yield what is wrong with the parts wherever they are written; parts taken over are named once."""
    for path, part in _written(request):
        if isinstance(part, Bucket):
            yield from _bucket(part, path, platform)
        elif isinstance(part, Registry):
            yield from _registry(part, path, platform)
        else:
            yield from _service(part, path)
    for spec in resolve(request, platform).environments:
        yield from _images(request, spec, platform)


def _written(request: Request) -> Iterator[tuple[Path, Bucket | Registry | Service]]:
    for collection in ("buckets", "registries", "services"):
        for key, part in getattr(request, collection).items():
            yield (collection, key), part
        for name, environment in request.environments.items():
            for key, part in (getattr(environment, collection) or {}).items():
                yield ("environments", name, collection, key), part


def _bucket(bucket: Bucket, path: Path, platform: Platform) -> Iterator[Finding]:
    yield from _location(bucket.location, path, platform)
    for index, prefix in enumerate(bucket.publish_prefixes):
        if not _PREFIX.fullmatch(prefix):
            yield Finding(
                (*path, "publish_prefixes", index),
                f"'{prefix}' is no prefix of objects",
                "write a folder such as models/",
            )


def _registry(registry: Registry, path: Path, platform: Platform) -> Iterator[Finding]:
    yield from _location(registry.location, path, platform)
    if not registry.immutable_tags and registry.mutable_reason is None:
        yield Finding(
            (*path, "immutable_tags"),
            "tags that can move need a reason",
            "add mutable_reason: '…', or remove the line",
        )


def _location(location: str | None, path: Path, platform: Platform) -> Iterator[Finding]:
    allowed = (*platform.regions, *platform.locations)
    if location is not None and location.lower() not in {place.lower() for place in allowed}:
        yield Finding((*path, "location"), f"{location} is not allowed", f"write one of: {', '.join(allowed)}")


def _service(service: Service, path: Path) -> Iterator[Finding]:
    if service.scaling.min > service.scaling.max:
        yield Finding(
            (*path, "scaling"),
            f"min is {service.scaling.min} and max is {service.scaling.max}",
            "write a max that is not less than min",
        )
    wrong = machine_problem(service.cpu, service.memory)
    if wrong:
        yield Finding((*path, "memory"), f"{service.memory} with cpu {service.cpu}: {wrong[0]}", wrong[1])
    if service.ingress == "public" and service.public_reason is None:
        yield Finding(
            (*path, "ingress"),
            "a service that the whole internet reaches needs a reason",
            "add public_reason: '…', or write internal or load-balancer",
        )
    yield from _invokers(service, path)
    yield from _variables(service, path)


def _invokers(service: Service, path: Path) -> Iterator[Finding]:
    for index, member in enumerate(service.invokers):
        place = (*path, "invokers", index)
        if member == "allUsers" and service.ingress == "public":
            continue
        if member in _EVERYBODY:
            yield Finding(place, f"{member} lets everybody in", "name groups, users or service accounts")
        elif not _INVOKER.fullmatch(member):
            yield Finding(
                place, f"'{member}' is no member", "write group:<address>, user:<address> or serviceAccount:<address>"
            )


def _variables(service: Service, path: Path) -> Iterator[Finding]:
    for field, names in (("env", service.env), ("secrets", service.secrets)):
        for name in names:
            if not _VARIABLE.fullmatch(name):
                yield Finding(
                    (*path, field, name),
                    f"'{name}' cannot be a variable",
                    "write letters, digits and underscores, no digit first",
                    key=True,
                )
            elif name in _TAKEN or name.startswith("X_GOOGLE_"):
                yield Finding((*path, field, name), f"Cloud Run sets {name} itself", "choose another name", key=True)
    for name in sorted(service.env.keys() & service.secrets.keys()):
        yield Finding((*path, "secrets", name), f"{name} stands under env too", "keep one of them", key=True)


def _images(request: Request, spec: EnvironmentSpec, platform: Platform) -> Iterator[Finding]:
    own = tuple(f"{one.location}-docker.pkg.dev/{spec.project}/{one.name}/" for one in spec.registries)
    for service in spec.services:
        if service.image == platform.placeholder_image:
            continue
        path = (*_home(request, spec, service), "image")
        if not _DIGEST.fullmatch(service.image):
            yield Finding(
                path, f"found '{service.image}'", "write the image by digest: <registry>/<image>@sha256:<64 digits>"
            )
        elif not service.image.startswith(own):
            listed = " or ".join(f"{prefix}<image>@sha256:…" for prefix in own) or "nothing: there is no registry"
            yield Finding(path, f"the image does not come from the registry of {spec.name}", f"write {listed}")


def _home(request: Request, spec: EnvironmentSpec, service: NamedService) -> Path:
    own = request.environments[spec.name].services
    return ("environments", spec.name, "services", service.key) if own is not None else ("services", service.key)
