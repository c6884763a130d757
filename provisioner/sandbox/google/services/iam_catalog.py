"""What may be granted at all, of the IAM API (v1): permissions for custom roles, predefined roles."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.catalog import SERVICES
from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.identity.cel import CelError, check_expression
from provisioner.sandbox.google.identity.roles import predefined, vocabulary_permissions
from provisioner.sandbox.google.method import Call, method
from provisioner.sandbox.google.services.iam_roles import predefined_role
from provisioner.sandbox.google.wire import page

Json = dict[str, Any]


@method("iam.permissions.queryTestablePermissions")
def query_permissions(call: Call) -> Json:
    """Return a page of the permissions that custom roles may hold: those the sandbox knows."""
    _check_resource(call)
    names, token = page(call, ((name, name) for name in sorted(vocabulary_permissions())), default=100)
    return {"permissions": [{"name": name, "stage": "GA"} for name in names]} | (
        {"nextPageToken": token} if token else {}
    )


@method("iam.roles.queryGrantableRoles")
def query_roles(call: Call) -> Json:
    """Return a page of the predefined roles that hold something of the resource's service; all for a project."""
    service = _check_resource(call)
    rows = ((name, name) for name, held in sorted(predefined().items()) if _of_service(service, held))
    names, token = page(call, rows, default=300)
    full = call.body.get("view") == "FULL"
    shown = [_role(name, full=full) for name in names]
    return {"roles": shown} | ({"nextPageToken": token} if token else {})


@method("iam.iamPolicies.queryAuditableServices")
def query_auditable_services(call: Call) -> Json:
    """Return the services whose calls an audit config can name: those the sandbox plays."""
    _check_resource(call)
    names = sorted({service.name for service in SERVICES})
    return {"services": [{"name": name} for name in names]}


@method("iam.iamPolicies.lintPolicy")
def lint_policy(call: Call) -> Json:
    """Return what is wrong with a condition; nothing when it is right."""
    expression = call.body.get("condition", {}).get("expression", "")
    try:
        check_expression(expression)
    except CelError as error:
        return {"lintResults": [_finding(expression, str(error))]}
    return {}


def _finding(expression: str, text: str) -> Json:
    return {
        "level": "CONDITION",
        "validationUnitName": "LintValidationUnits/ConditionCompileCheck",
        "severity": "ERROR",
        "fieldName": "condition.expression",
        "locationOffset": len(expression),
        "debugMessage": text,
    }


def _role(name: str, *, full: bool) -> Json:
    shown = predefined_role(name, predefined()[name])
    return shown if full else {key: shown[key] for key in ("name", "title")}


def _of_service(service: str, held: frozenset[str]) -> bool:
    return service == "cloudresourcemanager" or any(name.startswith(f"{service}.") for name in held)


def _check_resource(call: Call) -> str:
    """Return the service of the resource that the body names, as permissions spell it. Raises ApiError."""
    name = call.body.get("fullResourceName", "")
    if not name.startswith("//"):
        raise invalid_argument("The full resource name must start with //.", ("full_resource_name", "required"))
    # These two methods take their page in the body.
    call.params |= {name: call.body[name] for name in ("pageSize", "pageToken") if name in call.body}
    return str(name[2:].partition(".")[0])
