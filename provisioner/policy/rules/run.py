"""Cloud Run: known account, known image, bounded, reachable by named callers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.policy.grants import EVERYBODY, grants
from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.personas import address_of, persona
from provisioner.policy.view import UNKNOWN, PlanView, Resource
from provisioner.request.models import Platform

SERVICE = "google_cloud_run_v2_service"
JOB = "google_cloud_run_v2_job"
_TEMPLATE: dict[str, tuple[str | int, ...]] = {SERVICE: ("template", 0), JOB: ("template", 0, "template", 0)}
_CLOSED = ("INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")
_DIGEST = re.compile(
    r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[a-z0-9-]+)/[a-z0-9._/-]+@sha256:[0-9a-f]{64}"
)
_SECRET_NAME = re.compile(r"(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|CREDENTIALS?)($|_)", re.IGNORECASE)


def _containers(resource: Resource) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each container of a service or job; one that stands for all of them when they are unknown."""
    path = (*_TEMPLATE[resource.type], "containers")
    found = resource.get(*path)
    for index in range(len(found) if isinstance(found, list) and found else 1):
        yield (*path, index)


def _account(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for resource in plan.of(SERVICE, JOB):
        account = resource.get(*_TEMPLATE[resource.type], "service_account")
        if not isinstance(account, str) or not address_of(account):
            yield resource.address, "runs as the project's default account, or as one known only after apply"
        elif context.environment is not None and persona(account, context) != "runtime":
            yield resource.address, f"runs as {account}, which is not the environment's runtime account"
    for resource in plan.of("google_cloud_run_service"):
        yield resource.address, "is of the first API version, which these rules do not read"


def _ingress(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for service in plan.of(SERVICE):
        ingress = service.get("ingress")
        if ingress is UNKNOWN or (ingress not in _CLOSED and not _public_with_reason(service, context)):
            yield service.address, "can be called from anywhere, and no reason is written in the request"


def _public_with_reason(service: Resource, context: PolicyContext) -> bool:
    asked = context.environment.services if context.environment else ()
    name = service.get("name")
    return any(s.name == name and s.settings.ingress == "public" and bool(s.settings.public_reason) for s in asked)


def _invokers(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    public = {s.get("name") for s in plan.of(SERVICE) if _public_with_reason(s, context)}
    for service in plan.of(SERVICE):
        if service.get("invoker_iam_disabled") not in {False, None}:
            yield service.address, "switches the invoker check off, or may"
    for grant in grants(plan):
        if grant.resource.type.startswith((f"{SERVICE}_iam_", f"{JOB}_iam_")) and grant.member in EVERYBODY:
            name = grant.resource.get("name")
            if name is UNKNOWN or name not in public:
                yield grant.resource.address, f"{grant.member} may call it, and no reason is written in the request"


def _protected(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    if context.stateful_deletes_confirmed:
        return
    for resource in plan.of(SERVICE, JOB):
        if resource.get("deletion_protection") is not True:
            yield resource.address, "one mistaken plan could delete it"


def _bounded(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for resource in plan.of(SERVICE, JOB):
        for path in _containers(resource):
            if any(not isinstance(resource.get(*path, "resources", 0, "limits", k), str) for k in ("cpu", "memory")):
                yield resource.address, "a container has no limits for cpu and memory"
    for service in plan.of(SERVICE):
        most = service.get("template", 0, "scaling", 0, "max_instance_count")
        if not isinstance(most, int) or most < 1:
            yield service.address, "the number of instances has no upper bound"


def _probes(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for service in plan.of(SERVICE):
        serving = [path for path in _containers(service) if _declared(service.get(*path, "ports"))]
        for path in serving or list(_containers(service))[:1]:
            for probe in ("startup_probe", "liveness_probe"):
                if not _declared(service.get(*path, probe)):
                    yield service.address, f"the container that serves has no {probe}"


def _declared(block: object) -> bool:
    return block is not UNKNOWN and bool(block)


def _secrets(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for resource in plan.of(SERVICE, JOB):
        for path in _containers(resource):
            variables = resource.get(*path, "env")
            if variables is UNKNOWN:
                yield resource.address, "its variables are known only after apply"
            for index in range(len(variables) if isinstance(variables, list) else 0):
                problem = _variable_problem(resource, (*path, "env", index))
                if problem:
                    yield resource.address, problem


def _variable_problem(resource: Resource, path: tuple[str | int, ...]) -> str:
    name = resource.get(*path, "name")
    if not isinstance(name, str):
        return "the name of a variable is absent or known only after apply"
    source = resource.get(*path, "value_source")
    if source is UNKNOWN:
        return f"where {name} gets its value is known only after apply"
    if not source:
        value = resource.get(*path, "value") if _SECRET_NAME.search(name) else None
        return f"{name} looks like a secret and stands in clear" if value is UNKNOWN or value else ""
    version = resource.get(*path, "value_source", 0, "secret_key_ref", 0, "version")
    if not isinstance(version, str) or not version.isdigit():
        return f"the secret of {name} is not pinned to a version"
    return ""


def _image(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for resource in plan.of(SERVICE, JOB):
        for path in _containers(resource):
            problem = _image_problem(resource.get(*path, "image"), resource, context)
            if problem:
                yield resource.address, problem


def _image_problem(image: object, resource: Resource, context: PolicyContext) -> str:
    if not isinstance(image, str):
        return "the image is absent or known only after apply"
    if image == _placeholder(context):
        return ""
    found = _DIGEST.fullmatch(image)
    if found is None:
        return f"the image {image} is not named by the digest of an Artifact Registry repository"
    if found["project"] != resource.get("project"):
        return f"the image {image} does not come from the environment's own registry"
    return "" if _known_registry(image, context) else f"the image {image} comes from no registry of the environment"


def _placeholder(context: PolicyContext) -> str:
    """Return the one image that may stand in before the first deployment."""
    platform = context.platform
    return str(platform.placeholder_image if platform else Platform.model_fields["placeholder_image"].default)


def _known_registry(image: str, context: PolicyContext) -> bool:
    environment = context.environment
    if environment is None:
        return True
    return any(
        image.startswith(f"{registry.location}-docker.pkg.dev/{environment.project}/{registry.name}/")
        for registry in environment.registries
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-RUN-001",
        Severity.HIGH,
        "Services run as the environment's runtime account",
        "set template.service_account to the runtime account",
        11,
        _account,
    ),
    Rule(
        "PE-RUN-002",
        Severity.HIGH,
        "Services are reached from inside or through a load balancer",
        "use ingress internal or load-balancer, or ingress: public with public_reason in the request",
        11,
        _ingress,
    ),
    Rule(
        "PE-RUN-003",
        Severity.CRITICAL,
        "Callers of a service are named",
        "list groups, users or service accounts under invokers",
        11,
        _invokers,
    ),
    Rule(
        "PE-RUN-004",
        Severity.HIGH,
        "Services are protected from deletion",
        "set deletion_protection = true; provision-env destroy lifts it first",
        11,
        _protected,
    ),
    Rule(
        "PE-RUN-005",
        Severity.MEDIUM,
        "Services have limits and a largest number of instances",
        "set resources.limits cpu and memory, and scaling.max_instance_count",
        11,
        _bounded,
    ),
    Rule(
        "PE-RUN-006",
        Severity.MEDIUM,
        "Services are probed",
        "write startup_probe and liveness_probe",
        11,
        _probes,
    ),
    Rule(
        "PE-RUN-007",
        Severity.HIGH,
        "Secrets are references with a pinned version",
        "use value_source.secret_key_ref with the number of a version",
        11,
        _secrets,
    ),
    Rule(
        "PE-RUN-008",
        Severity.HIGH,
        "Images come by digest from the environment's own registry",
        "push the image there and name it …@sha256:…; until then leave the platform's placeholder_image",
        11,
        _image,
    ),
)
