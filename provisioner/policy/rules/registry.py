"""Artifact Registry: what was tested is what runs, and what nobody uses goes away."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.policy.grants import grants
from provisioner.policy.locations import location_problem
from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.personas import persona
from provisioner.policy.view import UNKNOWN, PlanView, Resource

REPOSITORY = "google_artifact_registry_repository"
_ROLES = {
    "roles/artifactregistry.writer": ("deploy",),
    "roles/artifactregistry.reader": ("plan", "deploy", "runtime"),
}


def _immutable(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for repository in plan.of(REPOSITORY):
        if _tags_are_immutable(repository) or _mutable_with_reason(repository, context):
            continue
        yield repository.address, "a tag can be moved to another image, and no reason is written in the request"


def _tags_are_immutable(repository: Resource) -> bool:
    return repository.get("format") == "DOCKER" and repository.get("docker_config", 0, "immutable_tags") is True


def _mutable_with_reason(repository: Resource, context: PolicyContext) -> bool:
    asked = context.environment.registries if context.environment else ()
    name = repository.get("repository_id")
    return any(r.name == name and not r.settings.immutable_tags and bool(r.settings.mutable_reason) for r in asked)


def _scanned(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    """Let the block be absent or filled by the server: inheriting the project's setting is Google's default."""
    for repository in plan.of(REPOSITORY):
        setting = repository.get("vulnerability_scanning_config", 0, "enablement_config")
        if setting is not UNKNOWN and setting not in {None, "", "INHERITED"}:
            yield repository.address, f"scanning for vulnerabilities is {setting}"


def _cleanup(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for repository in plan.of(REPOSITORY):
        policies = _policies(repository)
        if any(_undecided(repository, index) for index in range(len(policies))):
            yield repository.address, "what a cleanup policy deletes is known only after apply"
        if not any(_deletes(policy) == "UNTAGGED" for policy in policies):
            yield repository.address, "untagged images are kept for ever"
        if all(_deletes(policy) in {"", "UNTAGGED"} for policy in policies):
            continue
        if _tags_are_immutable(repository):
            yield repository.address, "a policy deletes tagged images, which immutable tags forbid: it would never work"
        elif not _spares_what_is_live(policies):
            yield repository.address, "a policy deletes tagged images without keeping live-* and the newest ones"


def _policies(repository: Resource) -> list[dict[str, object]]:
    found = repository.get("cleanup_policies")
    return [policy if isinstance(policy, dict) else {} for policy in found] if isinstance(found, list) else []


def _undecided(repository: Resource, index: int) -> bool:
    said = (("action",), ("condition", 0, "tag_state"))
    return any(repository.get("cleanup_policies", index, *path) is UNKNOWN for path in said)


def _deletes(policy: dict[str, object]) -> str:
    """Return which tag state the policy deletes (ANY when it does not say), or an empty text when it keeps."""
    if policy.get("action") != "DELETE":
        return ""
    return str(_first(policy.get("condition")).get("tag_state") or "ANY")


def _spares_what_is_live(policies: list[dict[str, object]]) -> bool:
    keep = [policy for policy in policies if policy.get("action") == "KEEP"]
    live = any("live-" in _strings(_first(policy.get("condition")).get("tag_prefixes")) for policy in keep)
    newest = any(_first(policy.get("most_recent_versions")).get("keep_count") for policy in keep)
    return live and newest


def _first(block: object) -> dict[str, object]:
    entry = block[0] if isinstance(block, list) and block else {}
    return entry if isinstance(entry, dict) else {}


def _strings(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _split(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for grant in grants(plan):
        if not grant.resource.type.startswith(f"{REPOSITORY}_iam_"):
            continue
        kind = persona(str(grant.member), context)
        if kind not in _ROLES.get(str(grant.role), ()):
            yield grant.resource.address, f"{grant.member} holds {grant.role}; deploy writes, the others read"


def _at_home(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for repository in plan.of(REPOSITORY):
        problem = location_problem(repository.get("location"), context.platform)
        if problem:
            yield repository.address, problem


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-AR-001",
        Severity.HIGH,
        "A tag names one image for ever",
        "write docker_config { immutable_tags = true }, or immutable_tags: false with mutable_reason in the request",
        10,
        _immutable,
    ),
    Rule(
        "PE-AR-002",
        Severity.MEDIUM,
        "Images are scanned for vulnerabilities",
        'write vulnerability_scanning_config { enablement_config = "INHERITED" }',
        10,
        _scanned,
    ),
    Rule(
        "PE-AR-003",
        Severity.MEDIUM,
        "Untagged images are cleaned up, live ones never",
        "write a DELETE policy with tag_state UNTAGGED; where tags move also KEEP live-* and the newest versions",
        10,
        _cleanup,
    ),
    Rule(
        "PE-AR-004",
        Severity.HIGH,
        "Writers and readers of a repository are different people",
        "grant artifactregistry.writer to deploy, artifactregistry.reader to the others, nothing more",
        10,
        _split,
    ),
    Rule(
        "PE-AR-005",
        Severity.MEDIUM,
        "Registries lie where the platform allows",
        "use a region or a multi-region of platform.yaml",
        10,
        _at_home,
    ),
)
