"""Trust as the promise describes it, built by hand: the tests of the computation do not lean on the modules."""

from __future__ import annotations

from dataclasses import replace

from provisioner.access.claims import ISSUER, Repository
from provisioner.access.model import AccessModel, Grant, Provider
from provisioner.request.resolve import EnvironmentSpec, Team

REPOSITORY = Repository("701234567", "91234567", "example-ml/fraud-detection")
NUMBERS = {"dev": "1001", "stage": "1002", "prod": "1003"}
_ENV = "(has(assertion.environment) ? assertion.environment : '')"
_OPTIONAL = ("repository", "ref", "actor_id", "job_workflow_ref")
MAPPING = {
    "google.subject": (
        "assertion.repository_id + (has(assertion.environment) ? ':env:' + assertion.environment "
        ": ':event:' + assertion.event_name)"
    ),
    "attribute.repository_id": "assertion.repository_id",
    "attribute.repo_event": f"assertion.repository_id + ':' + {_ENV} + ':' + assertion.event_name",
    "attribute.repo_env_ref_event": (
        f"assertion.repository_id + ':' + {_ENV} + ':' + assertion.ref + ':' + assertion.event_name"
    ),
    **{f"attribute.{name}": f"has(assertion.{name}) ? assertion.{name} : ''" for name in _OPTIONAL},
}
CONDITION = (
    "assertion.repository_owner_id == '91234567' && assertion.repository_id in ['701234567'] && "
    "assertion.event_name in ['push','workflow_dispatch','schedule','pull_request'] && "
    "has(assertion.runner_environment) && assertion.runner_environment == 'github-hosted'"
)


def provider(spec: EnvironmentSpec) -> Provider:
    return Provider(
        address=f"{spec.name}.provider",
        project=spec.project,
        number=NUMBERS[spec.name],
        pool=spec.names.pool,
        id=spec.names.provider,
        issuer=ISSUER,
        audiences=(),
        mapping=MAPPING,
        condition=CONDITION,
        disabled=False,
    )


def binding(spec: EnvironmentSpec, kind: str, value: str) -> Grant:
    pool = f"projects/{NUMBERS[spec.name]}/locations/global/workloadIdentityPools/{spec.names.pool}"
    account = {"plan": spec.account_email("plan"), "deploy": spec.account_email("deploy")}[kind]
    return Grant(
        address=f"{spec.name}.{kind}[{value}]",
        scope=f"account:{account}",
        role="roles/iam.workloadIdentityUser",
        member=f"principalSet://iam.googleapis.com/{pool}/attribute.{value}",
        conditional=False,
    )


def bindings(spec: EnvironmentSpec) -> tuple[Grant, ...]:
    lead, ref = "repo_env_ref_event/701234567", f"refs/heads/{spec.branch}"
    deploy = [binding(spec, "deploy", f"{lead}:{spec.name}:{ref}:{event}") for event in ("push", "workflow_dispatch")]
    plan = [binding(spec, "plan", f"{lead}::{ref}:{event}") for event in ("push", "schedule", "workflow_dispatch")]
    if spec.plan_from_pull_requests:
        plan.append(binding(spec, "plan", "repo_event/701234567::pull_request"))
    return (*deploy, *plan)


def roles(spec: EnvironmentSpec, team: Team) -> tuple[Grant, ...]:
    plan = f"serviceAccount:{spec.account_email('plan')}"
    deploy = f"serviceAccount:{spec.account_email('deploy')}"
    project = f"project:{spec.project}"
    folder = f"folder:{team.platform.state.bucket}/{spec.names.state_prefix}"
    return (
        Grant(f"{spec.name}.reads", project, "roles/run.viewer", plan, conditional=False),
        Grant(f"{spec.name}.deploys", project, "roles/run.developer", deploy, conditional=False),
        Grant(f"{spec.name}.state", folder, "roles/storage.objectViewer", plan, conditional=False),
    )


def model_of(team: Team) -> AccessModel:
    return AccessModel(
        tuple(provider(spec) for spec in team.environments),
        tuple(grant for spec in team.environments for grant in (*bindings(spec), *roles(spec, team))),
    )


def with_grant(model: AccessModel, grant: Grant) -> AccessModel:
    return replace(model, grants=(*model.grants, grant))


def with_condition(model: AccessModel, condition: str) -> AccessModel:
    return replace(model, providers=tuple(replace(each, condition=condition) for each in model.providers))


def with_mapping(model: AccessModel, **changed: str) -> AccessModel:
    mapping = MAPPING | {name.replace("__", "."): expression for name, expression in changed.items()}
    return replace(model, providers=tuple(replace(each, mapping=mapping) for each in model.providers))
