"""The good plan broken in every way a rule speaks of."""

# ruff: noqa: FBT003 - the third value of a case is the planned value itself, true and false among them

from __future__ import annotations

from collections.abc import Callable

from tests.policy.breaking import UNKNOWN, Break, Json, adding, without

POOL = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/fraud-detection-dev-gh"
_AT = "@example-fraud-dev.iam.gserviceaccount.com"
PLAN, DEPLOY, RUNTIME = (f"fraud-detection-dev-{kind}{_AT}" for kind in ("plan", "deploy", "runtime"))
_OTHERS = "fraud-detection-prod-runtime@example-fraud-prod.iam.gserviceaccount.com"
OWN = "europe-west1-docker.pkg.dev/example-fraud-dev"
SHA = "sha256:" + "0" * 64
FOREIGN_KEY = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
KEY_GRANT, KEY_USE = "google_kms_crypto_key_iam_member", "roles/cloudkms.cryptoKeyEncrypterDecrypter"
AGENT = "serviceAccount:service-1@gs-project-accounts.iam.gserviceaccount.com"
LATEST = [{"name": "DB", "value_source": [{"secret_key_ref": [{"secret": "db", "version": "latest"}]}]}]
_PLAN_BINDING = "workload_identity.google_service_account_iam_member.plan["
PROVIDER = "google_iam_workload_identity_pool_provider"
BINDING = "google_service_account_iam_member"
SERVICE = "google_cloud_run_v2_service"
BUCKET = "google_storage_bucket"
REGISTRY = "google_artifact_registry_repository"
CONDITION = "attribute_condition"
_GOOD = (
    "assertion.repository_owner_id == '91234567' && assertion.repository_id in ['701234567'] && "
    "assertion.event_name in ['push','workflow_dispatch','schedule','pull_request'] && "
    "has(assertion.runner_environment) && assertion.runner_environment == 'github-hosted'"
)
_CONTAINER = ("template", 0, "containers", 0)
_DEPLOY_MEMBER = f"{POOL}/attribute.repo_env_ref_event/701234567"

TRUST = (
    Break("PE-WIF-001", "google_iam_workload_identity_pool", ("workload_identity_pool_id",), "gcp-fraud"),
    Break("PE-WIF-001", PROVIDER, ("workload_identity_pool_provider_id",), "Git_Hub"),
    Break("PE-WIF-002", PROVIDER, ("oidc", 0, "issuer_uri"), "https://gitlab.com"),
    Break("PE-WIF-002", PROVIDER, ("oidc", 0, "issuer_uri"), UNKNOWN),
    Break("PE-WIF-002", PROVIDER, ("workload_identity_pool_id",), UNKNOWN),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), ""),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), UNKNOWN),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), _GOOD.replace("assertion.repository_owner_id == '91234567' && ", "")),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), _GOOD.replace("assertion.repository_id in ['701234567'] && ", "")),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), _GOOD.replace("== '91234567'", "!= '1'")),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), _GOOD.replace("in ['701234567']", "== '701234567' || true")),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), _GOOD.replace("'91234567'", "'example-ml'")),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), _GOOD.replace("'push',", "'push','workflow_run',")),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), _GOOD.rsplit(" && has", 1)[0]),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), _GOOD + " && assertion.ref.startsWith('refs/')"),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), _GOOD + " && assertion.actor == 'octocat'"),
    Break("PE-WIF-003", PROVIDER, (CONDITION,), _GOOD + " && has(assertion.job_workflow_ref)"),
    Break("PE-WIF-004", BINDING, ("member",), UNKNOWN, part="workload_identity"),
    Break("PE-WIF-004", BINDING, ("role",), "roles/iam.serviceAccountTokenCreator", part='deploy["push"]'),
    Break("PE-WIF-004", BINDING, ("member",), f"{POOL}/*", part='deploy["push"]'),
    Break("PE-WIF-004", BINDING, ("member",), f"{POOL}/attribute.repository/o/r", part='deploy["push"]'),
    Break("PE-WIF-004", BINDING, ("member",), POOL.replace("principalSet", "principal") + "/subject/x", part="deploy["),
    Break("PE-WIF-004", BINDING, ("member",), f"{POOL}/attribute.repo_event/701234567::pull_request", part="deploy["),
    Break("PE-WIF-004", BINDING, ("member",), f"{_DEPLOY_MEMBER}::refs/heads/main:push", part="deploy["),
    Break("PE-WIF-004", BINDING, ("member",), f"{_DEPLOY_MEMBER}:dev:refs/heads/main:schedule", part="deploy["),
    Break("PE-WIF-004", BINDING, ("member",), f"{_DEPLOY_MEMBER}:dev:refs/tags/main:push", part="deploy["),
    Break("PE-WIF-004", BINDING, ("member",), f"{_DEPLOY_MEMBER}:prod:refs/heads/main:push", part="deploy["),
    Break("PE-WIF-004", BINDING, ("member",), f"{_DEPLOY_MEMBER}:dev:refs/heads/other:push", part="deploy["),
    Break("PE-WIF-004", BINDING, ("member",), f"{_DEPLOY_MEMBER}:dev:refs/heads/main:push", part=_PLAN_BINDING),
    Break(
        "PE-WIF-004",
        BINDING,
        ("member",),
        _DEPLOY_MEMBER.replace("fraud-detection-dev-gh", "other-dev-gh") + ":dev:refs/heads/main:push",
        part="deploy[",
    ),
    Break("PE-WIF-004", BINDING, ("service_account_id",), RUNTIME, part="deploy["),
    Break("PE-WIF-004", BINDING, ("service_account_id",), UNKNOWN, part="deploy["),
    Break("PE-WIF-004", "google_project_iam_member", ("member",), f"{_DEPLOY_MEMBER}:dev:refs/heads/main:push"),
    Break("PE-WIF-005", PROVIDER, (CONDITION,), _GOOD.replace("['701234567']", "['0']")),
    Break(
        "PE-WIF-005",
        BINDING,
        ("member",),
        f"{POOL}/attribute.repo_env_ref_event/0:dev:refs/heads/main:push",
        part="deploy[",
    ),
    Break(
        "PE-WIF-006",
        PROVIDER,
        ("attribute_mapping", "attribute.repo_event"),
        "assertion.repository_id + ':' + assertion.event_name",
    ),
    Break("PE-WIF-006", PROVIDER, ("attribute_mapping", "attribute.actor_id"), "assertion.actor_id"),
    Break("PE-WIF-006", PROVIDER, ("attribute_mapping", "attribute.anything"), "assertion.ref"),
    Break("PE-WIF-006", PROVIDER, ("attribute_mapping", "google.subject"), "assertion.sub"),
    Break("PE-WIF-006", PROVIDER, ("attribute_mapping", "attribute.repo_env_ref_event"), UNKNOWN),
    Break("PE-WIF-006", PROVIDER, ("attribute_mapping", "attribute.actor_id"), UNKNOWN),
    Break("PE-WIF-007", PROVIDER, ("oidc", 0, "allowed_audiences"), ["https://github.com/somebody"]),
    Break("PE-WIF-007", PROVIDER, ("oidc", 0, "allowed_audiences"), UNKNOWN),
    Break("PE-WIF-007", PROVIDER, ("oidc",), UNKNOWN),
    Break(
        "PE-WIF-008",
        BINDING,
        ("member",),
        f"{POOL}/attribute.repo_env_ref_event/555:dev:refs/heads/main:push",
        part="deploy[",
    ),
)

GRANTS = (
    Break("PE-IAM-002", "google_project_iam_member", ("role",), "roles/editor"),
    Break("PE-IAM-002", "google_project_iam_member", ("role",), UNKNOWN),
    Break("PE-IAM-003", "google_project_iam_member", ("role",), "roles/iam.serviceAccountTokenCreator"),
    Break("PE-IAM-004", "google_storage_bucket_iam_member", ("member",), "allUsers"),
    Break("PE-IAM-004", "google_storage_bucket_iam_member", ("member",), UNKNOWN),
    Break("PE-IAM-005", "google_project_iam_member", ("role",), "roles/storage.admin", part="module.deploy"),
    Break(
        "PE-IAM-005",
        "google_project_iam_member",
        ("member",),
        "serviceAccount:" + PLAN.replace("dev", "x", 1),
        part="module.plan",
    ),
    Break("PE-IAM-006", BINDING, ("role",), "roles/iam.serviceAccountTokenCreator", part="deploy_as_runtime"),
    Break("PE-IAM-006", BINDING, ("member",), f"serviceAccount:{PLAN}", part="deploy_as_runtime"),
    Break("PE-IAM-007", SERVICE, ("template", 0, "service_account"), DEPLOY),
    Break("PE-IAM-008", "google_storage_bucket_iam_member", ("member",), f"serviceAccount:{_OTHERS}"),
    Break("PE-IAM-008", "google_storage_managed_folder_iam_member", ("member",), f"serviceAccount:{_OTHERS}"),
    Break("PE-IAM-007", "google_service_account", ("account_id",), "fraud-detection-dev-shared", part="module.runtime"),
    Break("PE-SA-002", "google_project_default_service_accounts", ("restore_policy",), "REVERT"),
    Break("PE-SA-002", "google_project_default_service_accounts", ("action",), "KEEP"),
    Break("PE-STATE-001", "google_storage_bucket_iam_member", ("bucket",), "example-ml-terraform-state"),
    Break("PE-STATE-001", "google_storage_bucket_iam_member", ("bucket",), UNKNOWN),
    Break("PE-STATE-002", "google_storage_managed_folder_iam_member", ("managed_folder",), "churn/dev/", part="state"),
    Break(
        "PE-STATE-002",
        "google_storage_managed_folder_iam_member",
        ("managed_folder",),
        "fraud-detection/",
        part="state",
    ),
    Break(
        "PE-STATE-002", "google_storage_managed_folder_iam_member", ("role",), "roles/storage.objectUser", part="state"
    ),
    Break(
        "PE-STATE-002",
        "google_storage_managed_folder_iam_member",
        ("member",),
        "group:everyone@example.com",
        part="state",
    ),
)

STORAGE = (
    Break("PE-GCS-001", BUCKET, ("uniform_bucket_level_access",), False),
    Break("PE-GCS-002", BUCKET, ("public_access_prevention",), "inherited"),
    Break("PE-GCS-002", BUCKET, ("public_access_prevention",), UNKNOWN),
    Break("PE-GCS-003", BUCKET, ("versioning",), []),
    Break("PE-GCS-004", BUCKET, ("soft_delete_policy", 0, "retention_duration_seconds"), 0),
    Break("PE-GCS-004", BUCKET, ("soft_delete_policy",), UNKNOWN),
    Break("PE-GCS-005", BUCKET, ("lifecycle_rule",), []),
    Break("PE-GCS-005", BUCKET, ("lifecycle_rule", 0, "condition", 0, "num_newer_versions"), None),
    Break("PE-GCS-006", BUCKET, ("force_destroy",), True),
    Break("PE-GCS-006", BUCKET, ("force_destroy",), UNKNOWN),
    Break("PE-GCS-007", BUCKET, ("location",), "US-EAST1"),
    Break("PE-GCS-007", BUCKET, ("location",), "europe-west1"),
    Break("PE-GCS-008", BUCKET, ("encryption",), UNKNOWN),
    Break("PE-GCS-008", BUCKET, ("encryption",), [{"default_kms_key_name": FOREIGN_KEY}]),
    Break("PE-AR-001", REGISTRY, ("docker_config", 0, "immutable_tags"), False),
    Break("PE-AR-001", REGISTRY, ("format",), "PYTHON"),
    Break("PE-AR-002", REGISTRY, ("vulnerability_scanning_config", 0, "enablement_config"), "DISABLED"),
    Break("PE-AR-003", REGISTRY, ("cleanup_policies",), []),
    Break("PE-AR-003", REGISTRY, ("cleanup_policies", 0, "condition", 0, "tag_state"), "ANY"),
    Break("PE-AR-003", REGISTRY, ("cleanup_policies", 0, "action"), UNKNOWN),
    Break("PE-AR-004", f"{REGISTRY}_iam_member", ("role",), "roles/artifactregistry.repoAdmin"),
    Break("PE-AR-004", f"{REGISTRY}_iam_member", ("member",), f"serviceAccount:{RUNTIME}"),
    Break("PE-AR-005", REGISTRY, ("location",), "asia-east1"),
    Break("PE-KMS-001", REGISTRY, ("kms_key_name",), FOREIGN_KEY),
    Break("PE-KMS-001", REGISTRY, ("kms_key_name",), UNKNOWN),
    Break("PE-KMS-001", SERVICE, ("template", 0, "encryption_key"), FOREIGN_KEY),
)

SERVICES = (
    Break("PE-RUN-001", SERVICE, ("template", 0, "service_account"), None),
    Break("PE-RUN-001", SERVICE, ("template", 0, "service_account"), PLAN),
    Break("PE-RUN-002", SERVICE, ("ingress",), "INGRESS_TRAFFIC_ALL"),
    Break("PE-RUN-002", SERVICE, ("ingress",), UNKNOWN),
    Break("PE-RUN-003", f"{SERVICE}_iam_member", ("member",), "allUsers"),
    Break("PE-RUN-003", SERVICE, ("invoker_iam_disabled",), True),
    Break("PE-RUN-003", SERVICE, ("invoker_iam_disabled",), UNKNOWN),
    Break("PE-RUN-004", SERVICE, ("deletion_protection",), False),
    Break("PE-RUN-005", SERVICE, (*_CONTAINER, "resources", 0, "limits"), {"cpu": "1"}),
    Break("PE-RUN-005", SERVICE, ("template", 0, "scaling", 0, "max_instance_count"), None),
    Break("PE-RUN-006", SERVICE, (*_CONTAINER, "startup_probe"), []),
    Break("PE-RUN-006", SERVICE, (*_CONTAINER, "liveness_probe"), []),
    Break(
        "PE-RUN-007", SERVICE, (*_CONTAINER, "env"), [{"name": "DB_PASSWORD", "value": "hunter2", "value_source": []}]
    ),
    Break("PE-RUN-007", SERVICE, (*_CONTAINER, "env"), LATEST),
    Break("PE-RUN-007", SERVICE, (*_CONTAINER, "env"), UNKNOWN),
    Break("PE-RUN-008", SERVICE, (*_CONTAINER, "image"), f"{OWN}/fraud-detection-dev-images/app:latest"),
    Break(
        "PE-RUN-008",
        SERVICE,
        (*_CONTAINER, "image"),
        OWN.replace("example-fraud-dev", "somebody") + f"/images/app@{SHA}",
    ),
    Break("PE-RUN-008", SERVICE, (*_CONTAINER, "image"), f"{OWN}/foreign/app@{SHA}"),
    Break("PE-RUN-008", SERVICE, (*_CONTAINER, "image"), UNKNOWN),
    Break("PE-API-001", "google_project_service", ("disable_on_destroy",), True),
    Break("PE-API-001", "google_project_service", ("disable_dependent_services",), True),
    Break(
        "PE-AUD-001",
        "google_project_iam_audit_config",
        ("audit_log_config", 0, "exempted_members"),
        ["user:a@example.com"],
    ),
    Break("PE-AUD-001", "google_project_iam_audit_config", ("audit_log_config", 1, "log_type"), "ADMIN_READ"),
    Break("PE-AUD-001", "google_project_iam_audit_config", ("audit_log_config", 1, "log_type"), UNKNOWN),
    Break("PE-LBL-001", BUCKET, ("effective_labels",), {"team": "fraud-detection"}),
    Break("PE-LBL-002", BUCKET, ("effective_labels", "owner"), "risk@example.com"),
    Break("PE-LBL-002", BUCKET, ("effective_labels", "env"), "prod"),
    Break("PE-BUD-001", "google_billing_budget", ("threshold_rules",), []),
    Break("PE-BUD-002", "google_billing_budget", ("budget_filter", 0, "projects"), []),
)

WHOLE: tuple[tuple[str, Callable[[Json], Json]], ...] = (
    ("PE-IAM-001", adding("google_project_iam_policy", project="example-fraud-dev", policy_data="{}")),
    ("PE-IAM-001", adding("google_storage_bucket_iam_binding", bucket="b", role="roles/storage.admin", members=[])),
    ("PE-IAM-004", adding("google_pubsub_topic_iam_binding", role="roles/pubsub.viewer", members=["allUsers"])),
    ("PE-KMS-002", adding(KEY_GRANT, role=KEY_USE, member=f"serviceAccount:{RUNTIME}")),
    ("PE-KMS-002", adding(KEY_GRANT, role=KEY_USE, member=f"serviceAccount:service-1{_AT}")),
    ("PE-KMS-002", adding(KEY_GRANT, role="roles/cloudkms.admin", member=AGENT)),
    ("PE-SA-001", adding("google_service_account_key", service_account_id="x")),
    ("PE-SA-002", without("google_project_default_service_accounts")),
    ("PE-GCS-001", adding("google_storage_bucket_acl", bucket="b", predefined_acl="publicRead")),
    ("PE-WIF-002", adding(PROVIDER, workload_identity_pool_id="fraud-detection-dev-gh", attribute_condition=_GOOD)),
    ("PE-RUN-001", adding("google_cloud_run_service", name="old")),
    ("PE-AUD-001", without("google_project_iam_audit_config", "sts")),
    ("PE-BUD-001", without("google_billing_budget")),
    ("PE-IAM-007", without("google_service_account", "module.deploy")),
    ("PE-LBL-001", adding("google_pubsub_topic", name="t", labels=None)),
)

BREAKS = (*TRUST, *GRANTS, *STORAGE, *SERVICES)
