"""Cloud Audit Logs: who did what, written as log entries of the project it was done in.

https://cloud.google.com/logging/docs/audit. Changes of configuration are always written (Admin Activity); reads of
configuration and work on data only where an audit config of the project or of something above it asks for them (Data
Access), and not for its exempted members. What kind a request is follows from the permission it was asked for.
Written with the request and undone with it: a refused request leaves no entry here. Method names are those of
Google's logs where they are known (``SetIamPolicy``, ``storage.buckets.create``), else the discovery method.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.sandbox.google.method import Call, Resource
from provisioner.sandbox.store import Transaction

Json = dict[str, Any]
AUDIT_CONFIGS = "google/iam.auditConfigs"  # by full resource name, only where a policy has some -> {"auditConfigs"}
_ACTIVITY, _DATA_ACCESS = "cloudaudit.googleapis.com%2Factivity", "cloudaudit.googleapis.com%2Fdata_access"
_READS = frozenset(
    ("get", "list", "getIamPolicy", "search", "query", "listEffectiveTags", "listTagBindings", "listParts")
)
# Verbs on data, whatever they are done to.
_DATA_VERBS: Mapping[str, str] = {
    "access": "DATA_READ",
    "downloadArtifacts": "DATA_READ",
    "uploadArtifacts": "DATA_WRITE",
    "deleteArtifacts": "DATA_WRITE",
    "publish": "DATA_WRITE",
    "consume": "DATA_READ",
    "invoke": "DATA_WRITE",
    "getData": "DATA_READ",
    "updateData": "DATA_WRITE",
    "getAccessToken": "DATA_READ",
    "getOpenIdToken": "DATA_READ",
    "implicitDelegation": "DATA_READ",
    "signBlob": "DATA_READ",
    "signJwt": "DATA_READ",
    "useToDecrypt": "DATA_READ",
    "useToEncrypt": "DATA_READ",
    "useToSign": "DATA_READ",
    "useToVerify": "DATA_READ",
}
# What is data as a whole: reading verbs are DATA_READ, the others DATA_WRITE.
_CONTENTS = frozenset(("storage.objects", "storage.multipartUploads", "artifactregistry.files"))
# Writing telemetry is data of its own kind: logging it would feed on itself.
_NEVER = frozenset(("logging.logEntries", "monitoring.timeSeries", "cloudtrace.traces"))
_NAMES: Mapping[str, str] = {
    "cloudresourcemanager.projects.setIamPolicy": "SetIamPolicy",
    "cloudresourcemanager.projects.getIamPolicy": "GetIamPolicy",
    "cloudresourcemanager.projects.create": "CreateProject",
    "cloudresourcemanager.projects.delete": "DeleteProject",
    "iam.projects.serviceAccounts.create": "google.iam.admin.v1.CreateServiceAccount",
    "iam.projects.serviceAccounts.delete": "google.iam.admin.v1.DeleteServiceAccount",
    "iam.projects.serviceAccounts.setIamPolicy": "google.iam.admin.v1.SetIAMPolicy",
    "iam.projects.serviceAccounts.keys.create": "google.iam.admin.v1.CreateServiceAccountKey",
    "iam.projects.serviceAccounts.keys.delete": "google.iam.admin.v1.DeleteServiceAccountKey",
    "iamcredentials.projects.serviceAccounts.generateAccessToken": "GenerateAccessToken",
    "iamcredentials.projects.serviceAccounts.generateIdToken": "GenerateIdToken",
    "iamcredentials.projects.serviceAccounts.signBlob": "SignBlob",
    "iamcredentials.projects.serviceAccounts.signJwt": "SignJwt",
    "storage.buckets.insert": "storage.buckets.create",
    "storage.buckets.patch": "storage.buckets.update",
    "storage.buckets.setIamPolicy": "storage.setIamPermissions",
    "storage.objects.insert": "storage.objects.create",
    "secretmanager.projects.secrets.versions.access": (
        "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion"
    ),
    "secretmanager.projects.secrets.create": "google.cloud.secretmanager.v1.SecretManagerService.CreateSecret",
    "run.projects.locations.services.create": "google.cloud.run.v2.Services.CreateService",
    "run.projects.locations.services.patch": "google.cloud.run.v2.Services.UpdateService",
    "run.projects.locations.services.delete": "google.cloud.run.v2.Services.DeleteService",
}


def write_audit_logs(call: Call) -> None:
    """Write what an answered request did, once, by the first permission it was asked for."""
    if not call.asked:
        return
    permission, resource = call.asked[0]
    kind = log_type(permission)
    place = f"projects/{resource.project}" if resource.project else _container(resource)
    if not kind or not place or not (kind == "ADMIN_WRITE" or _wanted(call, kind, resource)):
        return
    # Imported when the first entry is written: a sandbox that is only asked for storage needs no logging.
    from provisioner.sandbox.google.observability.entries import append  # noqa: PLC0415 - see above

    log = _ACTIVITY if kind == "ADMIN_WRITE" else _DATA_ACCESS
    entry = {
        "logName": f"{place}/logs/{log}",
        "resource": _monitored(resource, place),
        "severity": "NOTICE" if kind == "ADMIN_WRITE" else "INFO",
        "protoPayload": _payload(call, permission, resource),
    }
    append(call.world, call.tx, entry, call.now)


def keep_audit_configs(tx: Transaction, name: str, configs: list[Json]) -> None:
    """Remember which resources have audit configs, so that a request does not read whole policies to find none."""
    if configs:
        tx.put(AUDIT_CONFIGS, name, {"auditConfigs": configs})
    else:
        tx.delete(AUDIT_CONFIGS, name)


def log_type(permission: str) -> str:
    """Return ADMIN_WRITE, ADMIN_READ, DATA_READ or DATA_WRITE; empty for what is never written."""
    kind, _, verb = permission.rpartition(".")
    if kind in _NEVER:
        return ""
    if kind in _CONTENTS:
        return "DATA_READ" if verb in _READS else "DATA_WRITE"
    if verb in _DATA_VERBS:
        return _DATA_VERBS[verb]
    return "ADMIN_READ" if verb in _READS else "ADMIN_WRITE"


def _wanted(call: Call, kind: str, resource: Resource) -> bool:
    """Tell whether audit configs ask for a kind of access of this service, and do not exempt the caller."""
    wanted, exempted = False, False
    for config in _configs(call.tx, resource):
        if config.get("service") not in {"allServices", resource.service}:
            continue
        for entry in config.get("auditLogConfigs") or ():
            if entry.get("logType") == kind:
                wanted = True
                exempted = exempted or not call.caller.members.isdisjoint(entry.get("exemptedMembers") or ())
    return wanted and not exempted


def _configs(tx: Transaction, resource: Resource) -> Iterator[Json]:
    for name in resource.policies:
        yield from (tx.get(AUDIT_CONFIGS, name) or {"auditConfigs": ()})["auditConfigs"]


def _container(resource: Resource) -> str:
    """Return the folder or organisation a resource is in; empty for none."""
    names = (name.partition("cloudresourcemanager.googleapis.com/")[2] for name in resource.policies)
    return next((name for name in names if name.startswith(("projects/", "folders/", "organizations/"))), "")


def _payload(call: Call, permission: str, resource: Resource) -> Json:
    principal = {"principalEmail": call.caller.email} if call.caller.email else {"principalSubject": call.caller.member}
    asked = [
        {"permission": name, "granted": True, "resource": each.name, "resourceAttributes": {"type": each.kind}}
        for name, each in call.asked
    ]
    return {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "authenticationInfo": principal,
        "requestMetadata": {
            "callerIp": "127.0.0.1",
            "callerSuppliedUserAgent": call.request.headers.get("user-agent", ""),
        },
        "serviceName": resource.service,
        "methodName": _NAMES.get(call.method, call.method or permission),
        "authorizationInfo": asked,
        "resourceName": resource.name,
    }


def _monitored(resource: Resource, place: str) -> Json:
    kind, _, identifier = place.partition("/")
    if kind != "projects":
        name = kind.removesuffix("s")
        return {"type": name, "labels": {f"{name}_id": identifier}}
    if resource.kind == "storage.googleapis.com/Bucket" or resource.name.startswith("projects/_/buckets/"):
        return {"type": "gcs_bucket", "labels": {"project_id": identifier, "bucket_name": resource.name.split("/")[3]}}
    if resource.service in {"cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com"}:
        return {"type": "project", "labels": {"project_id": identifier}}
    return {"type": "audited_resource", "labels": {"project_id": identifier, "service": resource.service}}
