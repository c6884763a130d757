"""The ``*_iam_member`` types and the project's audit configs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provisioner.sandbox.provider.resource import Resource, Spec
from provisioner.sandbox.provider.resources.members import AuditConfig, Member
from provisioner.sandbox.provider.resources.policies import Policies, Target

PROJECTS: Final = Target("cloudresourcemanager.googleapis.com/v1", "projects/{project}", "project")
_BUCKETS: Final = "storage.googleapis.com/storage/v1"
_RUN: Final = "run.googleapis.com/v2"
_PUBSUB: Final = "pubsub.googleapis.com/v1"
_VERSION_3: Final = {"options.requestedPolicyVersion": "3"}
_STORAGE_VERSION_3: Final = {"optionsRequestedPolicyVersion": "3"}
_FOLDER: Final = "b/{bucket}/managedFolders/{managed_folder}"

AUDIT_CONFIG: Final = Spec(
    name="google_project_iam_audit_config",
    title="project",
    timeouts=(),
    defaults_project=False,
    table="""
audit_log_config     setblocks!
  exempted_members   set
  log_type           str!
etag                 str*
project              str!^ same=project
service              str!
""",
)

# kind, title in messages, columns before the common ones, accepted forms of the resource in an import id
_SINGLE: Final = (
    (
        ("project", "project", "project str!^ same=project", "projects/{project} {project}"),
        PROJECTS,
    ),
    (
        ("folder", "folder", "folder str!^", "{folder+}"),
        Target("cloudresourcemanager.googleapis.com/v3", "{folder}", "above"),
    ),
    (
        ("organization", "organization", "org_id str!^", "{org_id}"),
        Target("cloudresourcemanager.googleapis.com/v3", "organizations/{org_id}", "above"),
    ),
    (
        ("billing_account", "billing account", "billing_account_id str!^", "{billing_account_id}"),
        Target("cloudbilling.googleapis.com/v1", "billingAccounts/{billing_account_id}", "get"),
    ),
    (
        ("service_account", "service account", "service_account_id str!^ match=account_name", "{service_account_id+}"),
        Target("iam.googleapis.com/v1", "{service_account_id}", "post", version_query=_VERSION_3, legacy=True),
    ),
    (
        ("storage_bucket", "storage bucket", "bucket str!^ same=bucket", "b/{bucket} {bucket}"),
        Target(_BUCKETS, "b/{bucket}", "storage", "bucket", _STORAGE_VERSION_3),
    ),
    (
        (
            "storage_managed_folder",
            "storage managedfolder",
            "bucket str!^\nmanaged_folder str!^ same=folder match=folder",
            "b/{bucket}/managedFolders/{managed_folder+} {bucket}/{managed_folder+}",
        ),
        Target(_BUCKETS, _FOLDER, "storage", version_query=_STORAGE_VERSION_3),
    ),
    (
        ("secret_manager_secret", "secretmanager secret", "secrets", "secret_id"),
        Target(
            "secretmanager.googleapis.com/v1",
            "projects/{project}/secrets/{secret_id}",
            "get",
            "secret_id",
            _VERSION_3,
        ),
    ),
    (
        ("kms_crypto_key", "KMS crypto key", "crypto_key_id str!^", "{crypto_key_id+}"),
        Target("cloudkms.googleapis.com/v1", "{crypto_key_id}", "get", version_query=_VERSION_3),
    ),
    (
        ("pubsub_topic", "pubsub topic", "topics", "topic"),
        Target(_PUBSUB, "projects/{project}/topics/{topic}", "get", "topic"),
    ),
    (
        ("pubsub_subscription", "pubsub subscription", "subscriptions", "subscription"),
        Target(_PUBSUB, "projects/{project}/subscriptions/{subscription}", "get"),
    ),
)
_REGIONAL: Final = (
    (
        "artifact_registry_repository",
        "artifactregistry repository",
        "artifactregistry.googleapis.com/v1",
        "repositories/{repository}",
    ),
    ("cloud_run_v2_service", "cloudrunv2 service", _RUN, "services/{name}"),
    ("cloud_run_v2_job", "cloudrunv2 job", _RUN, "jobs/{name}"),
)


def resources(policies: Policies) -> tuple[Resource, ...]:
    """Return the types of this module; ``policies`` serialises their changes."""
    members = [Member(spec, target, policies) for spec, target in _rows()]
    return (*members, AuditConfig(AUDIT_CONFIG, PROJECTS, policies))


def _rows() -> Iterator[tuple[Spec, Target]]:
    for (kind, title, columns, imports), target in _SINGLE:
        if columns.isalpha():  # the collection of a project-wide type, with the name of its key
            key, collection = imports, columns
            forms = (f"projects/{{project}}/{collection}/{{{key}}}", f"{{project}}/{{{key}}}", f"{{{key}}}")
            yield _spec(kind, title, f"project str?^\n{key} str!^ same=name", forms), target
        else:
            yield _spec(kind, title, columns, tuple(imports.split())), target
    for kind, title, base, tail in _REGIONAL:
        key = tail.split("{")[1].strip("}")
        own = f"projects/{{project}}/locations/{{location}}/{tail}"
        short = f"{{location}}/{{{key}}}"
        columns = f"location str?^\nproject str?^\n{key} str!^ same=name"
        yield (
            _spec(kind, title, columns, (own, f"{{project}}/{short}", short, f"{{{key}}}")),
            Target(base, own, "get", key),
        )


def _spec(kind: str, title: str, columns: str, imports: tuple[str, ...]) -> Spec:
    return Spec(
        name=f"google_{kind}_iam_member",
        title=title,
        table=f"{columns}\n@member",
        imports=imports,
        timeouts=("create",) if kind == "storage_bucket" else (),
        defaults_project=False,
        update="",
    )
