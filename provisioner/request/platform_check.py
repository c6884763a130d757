"""Rules about platform.yaml that concern several fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from provisioner.request.findings import Finding, repeated
from provisioner.request.models import Platform
from provisioner.request.names import bucket_problem, project_id_problem

_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[a-z0-9.-]+(:[0-9]+)?/[a-z0-9._/-]+@sha256:[0-9a-f]{64}")
_GIT_SOURCE = re.compile(r"(https|ssh)://[A-Za-z0-9@._:/~-]+")
_FOLDER = re.compile(r"(\.\./)+[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_ROLE = re.compile(r"roles/[A-Za-z0-9.]+")
_OWN_LABELS = ("team", "env", "cost-center", "owner", "data-class", "managed-by")
_NEVER = (
    "roles/owner", "roles/editor", "roles/viewer", "roles/iam.serviceAccountUser",
    "roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountKeyAdmin", "roles/iam.workloadIdentityUser",
)  # fmt: skip


def check_platform(platform: Platform) -> tuple[Finding, ...]:
    """Return everything that is wrong with settings whose fields are well-formed one by one."""
    return (
        *_reserved(platform),
        *_hosts(platform),
        *_state(platform),
        *_preview(platform),
        *repeated(platform.regions, ("regions",), "region"),
        *_labels(platform),
        *_roles(platform),
        *_sources(platform),
        *_shared(platform),
        *_waivers(platform),
        *_policy(platform),
    )


def _reserved(platform: Platform) -> Iterator[Finding]:
    if platform.identity.pool == "shared":
        yield Finding(
            ("identity", "pool"), "one pool for several environments is not supported yet", "write per_environment"
        )


def _hosts(platform: Platform) -> Iterator[Finding]:
    for field in ("api_url", "oidc_issuer"):
        url = urlsplit(getattr(platform.github, field))
        if url.scheme != "https" or not url.hostname or url.query or url.username:
            yield Finding(("github", field), f"found '{url.geturl()}'", "write an https address without a query")


def _state(platform: Platform) -> Iterator[Finding]:
    wrong = bucket_problem(platform.state.bucket)
    if wrong:
        yield Finding(("state", "bucket"), f"found '{platform.state.bucket}': {wrong}", "write the bucket's name")
    wrong = project_id_problem(platform.state.project)
    if wrong:
        yield Finding(("state", "project"), f"found '{platform.state.project}': {wrong}", "write the project's id")


def _preview(platform: Platform) -> Iterator[Finding]:
    account, own = platform.preview_account, f"@{platform.state.project}.iam.gserviceaccount.com"
    if account is not None and not account.endswith(own):
        yield Finding(
            ("preview_account",),
            f"{account} is no account of {platform.state.project}, the platform's own project",
            "write the account that `provision-env bootstrap` made, or remove the line",
        )


def _labels(platform: Platform) -> Iterator[Finding]:
    for key, value in platform.labels.items():
        if key in _OWN_LABELS:
            yield Finding(("labels", key), f"{key} is set from each request", "remove it", key=True)
        elif not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            yield Finding(
                ("labels", key),
                f"'{key}: {value}' cannot be a label",
                "write at most 63 lower-case letters, digits, hyphens and underscores; the key starts with a letter",
            )
    for index, key in enumerate(platform.required_labels):
        if key not in _OWN_LABELS and key not in platform.labels:
            yield Finding(("required_labels", index), f"nothing sets the label {key}", f"add labels: {{{key}: …}}")


def _roles(platform: Platform) -> Iterator[Finding]:
    for persona in ("plan", "deploy", "runtime"):
        for index, role in enumerate(getattr(platform.role_allow_list, persona)):
            place = ("role_allow_list", persona, index)
            if not _ROLE.fullmatch(role):
                yield Finding(place, f"'{role}' is no predefined role", "write roles/<service>.<name>")
            elif role in _NEVER:
                yield Finding(place, f"{role} is never granted on a project", "name a narrower role")


def _sources(platform: Platform) -> Iterator[Finding]:
    modules, template = platform.modules, platform.template
    if _GIT_SOURCE.fullmatch(modules.source):
        if modules.ref is None:
            yield Finding(("modules",), "a git source must be pinned", "add ref: <40 hexadecimal digits of a commit>")
    elif modules.source != "builtin" and not _FOLDER.fullmatch(modules.source):
        yield Finding(
            ("modules", "source"),
            f"found '{modules.source}'",
            "write builtin, a folder such as ../../modules, or https://<host>/<path>.git",
        )
    if template.source != "builtin" and not _COMMIT.fullmatch(template.version or ""):
        yield Finding(("template",), "a git source must be pinned", "add version: <40 hexadecimal digits of a commit>")
    if not _DIGEST.fullmatch(platform.placeholder_image):
        yield Finding(
            ("placeholder_image",),
            f"found '{platform.placeholder_image}'",
            "write the image by digest: <registry>/<image>@sha256:<64 digits>",
        )


def _shared(platform: Platform) -> Iterator[Finding]:
    for index, project in enumerate(platform.shared_projects):
        wrong = project_id_problem(project)
        if wrong:
            yield Finding(("shared_projects", index), f"found '{project}': {wrong}", "write the project's id")
    yield from repeated(platform.shared_projects, ("shared_projects",), "project")
    if platform.shared_projects and platform.contact is None:
        yield Finding(
            ("shared_projects",), "nobody is told about the budget of a shared project", "add contact: <e-mail address>"
        )


def _waivers(platform: Platform) -> Iterator[Finding]:
    for index, waiver in enumerate(platform.waivers):
        if not waiver.resource.strip("*. "):
            yield Finding(
                ("waivers", index, "resource"),
                "the waiver would hold for everything",
                "write a resource's address; * stands for a part of it",
            )


def _policy(platform: Platform) -> Iterator[Finding]:
    if platform.policy.files:
        place = ("policy", "files")
        yield Finding(place, "rules are not written into platform.yaml", "put them into files of policy.rules_folder")
    yield from repeated(tuple(each.rule for each in platform.policy.switched_off), ("policy", "switched_off"), "rule")
