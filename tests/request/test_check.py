"""Rules across fields: each with the place and the way out."""

from __future__ import annotations

import pytest

from provisioner.request.parts import ExtraRoles
from tests.request.inputs import ENVIRONMENTS, HEAD, platform, problems, request

DIGEST = "sha256:" + "0" * 64


def environment(fields: str, name: str = "dev") -> str:
    return HEAD + f"environments:\n  {name}: {{project: example-churn-dev, {fields}}}\n"


def service(fields: str) -> str:
    return HEAD + ENVIRONMENTS + f"services:\n  scoring: {{{fields}}}\n"


RULES = {
    "project id": (
        environment("").replace("example-churn-dev", "Example"),
        "environments.dev.project: found 'Example'",
    ),
    "reserved word in a project id": (
        environment("").replace("example-churn-dev", "my-google-thing"),
        "Google reserves project ids that contain 'google'",
    ),
    "project of the platform": (
        environment("").replace("example-churn-dev", "example-ml-platform"),
        "example-ml-platform holds the platform's own state",
    ),
    "same project twice": (
        HEAD + "environments:\n  dev: {project: example-churn}\n  prod: {project: example-churn}\n",
        "t.yaml:7:19: environments.prod.project: example-churn is the project of dev already (give each environment",
    ),
    "region": (environment("region: us-east1"), "us-east1 is not allowed (write one of: europe-west1, europe-west4)"),
    "environment's name": (environment("", "Dev"), "'Dev' cannot be an environment"),
    "environment called github": (environment("", "github-x"), "GitHub reserves variable names"),
    "environment called links": (environment("", "links"), "taken by the root that links environments"),
    "environment with a colon": (environment("", '"a:b"'), "'a:b' cannot be an environment"),
    "branch with a prefix": (environment("branch: refs/heads/main"), "without refs/heads/"),
    "branch with dots": (environment("branch: a..b"), "'a..b' is no branch"),
    "reviewer of both kinds": (
        environment("reviewers: [{user: a, team: b}]"),
        "environments.dev.reviewers[0]: both user and team are given",
    ),
    "empty reviewer": (environment("reviewers: [{}]"), "neither user nor team is given (write exactly one"),
    "reviewer twice": (environment("reviewers: [{user: a}, {user: a}]"), "the reviewer a stands twice"),
    "role outside the list": (
        environment("roles: {deploy: [roles/owner]}"),
        "roles/owner is not allowed for deploy (write one of: roles/cloudscheduler.admin)",
    ),
    "the platform's own name": (
        (HEAD + ENVIRONMENTS).replace("team: churn", "team: provision-env", 1),
        "provision-env is the platform's own name",
    ),
    "pull requests read a guarded state": (
        environment("plan_from_pull_requests: true, reviewers: [{user: a}]"),
        "a pull request must not read the state",
    ),
    "pull requests read prod's state": (
        environment("plan_from_pull_requests: true", "prod"),
        "a pull request must not read the state",
    ),
    "other currency": (HEAD + ENVIRONMENTS + "budget: {amount: 1, currency: USD}\n", "is kept in EUR (write EUR"),
    "scaling": (service("scaling: {min: 5, max: 2}"), "min is 5 and max is 2"),
    "little memory for many cpus": (
        service('cpu: "8"'),
        "512Mi with cpu 8: Cloud Run wants more memory (write at least",
    ),
    "much memory for one cpu": (
        service("memory: 8Gi"),
        "Cloud Run gives less memory (write at most 4Gi, or more cpus)",
    ),
    "public without a reason": (service("ingress: public"), "needs a reason (add public_reason"),
    "everybody": (service("invokers: [allUsers]"), "services.scoring.invokers[0]: allUsers lets everybody in"),
    "everybody with an account": (
        service("ingress: public, public_reason: docs for customers, invokers: [allAuthenticatedUsers]"),
        "allAuthenticatedUsers lets everybody in",
    ),
    "no member": (service("invokers: [someone]"), "'someone' is no member (write group:<address>"),
    "variable's name": (service("env: {1A: x}"), "'1A' cannot be a variable"),
    "variable of Cloud Run": (service("env: {PORT: '1'}"), "Cloud Run sets PORT itself"),
    "variable twice": (
        service("env: {A: x}, secrets: {A: {secret: s, version: 1}}"),
        "services.scoring.secrets.A: A stands under env too",
    ),
    "image by tag": (service("image: europe-west1-docker.pkg.dev/p/r/i:v1"), "write the image by digest"),
    "image from elsewhere": (
        service(f"image: docker.io/library/nginx@{DIGEST}"),
        (
            "the image does not come from the registry of dev (write "
            "europe-west1-docker.pkg.dev/example-churn-dev/churn-dev-images/<image>@sha256:…)"
        ),
    ),
    "mutable tags": (
        HEAD + ENVIRONMENTS + "registries:\n  images: {immutable_tags: false}\n",
        "tags that can move need a reason (add mutable_reason",
    ),
    "bucket's location": (
        HEAD + ENVIRONMENTS + "buckets:\n  data: {location: US}\n",
        "US is not allowed (write one of: europe-west1, europe-west4, EU)",
    ),
    "prefix that climbs": (
        HEAD + ENVIRONMENTS + "buckets:\n  data: {publish_prefixes: [../x]}\n",
        "'../x' is no prefix of objects",
    ),
    "repository with content": (HEAD + ENVIRONMENTS + "repository: {mode: existing}\n", "cannot be taken over yet"),
    "monorepo": (HEAD + ENVIRONMENTS + "repository: {path: a/b}\n", "folders of a monorepo are not supported yet"),
    "repository's name": (HEAD + ENVIRONMENTS + "repository: {name: a.git}\n", "GitHub reserves the name a.git"),
    "topic": (HEAD + ENVIRONMENTS + "repository: {topics: [Big Data]}\n", "'Big Data' cannot be a topic"),
    "team twice": (
        HEAD + ENVIRONMENTS + "repository: {teams: [{slug: a}, {slug: a}]}\n",
        "repository.teams[1]: the team a stands twice",
    ),
    "public repository of secrets": (
        HEAD.replace("internal", "restricted") + ENVIRONMENTS + "repository: {visibility: public}\n",
        "a repository around restricted data must not be public",
    ),
    "workflow": (HEAD + ENVIRONMENTS + "trusted_workflows: [release]\n", "'release' names no workflow"),
    "team called gcp": (HEAD.replace("churn", "gcp") + ENVIRONMENTS, "Google reserves pool ids that start with 'gcp-'"),
    "bucket like google": (
        HEAD + ENVIRONMENTS + "buckets:\n  g00gle: {}\n",
        "buckets.g00gle: the bucket would be called example-churn-dev-churn-dev-g00gle: Google reserves",
    ),
}


@pytest.mark.parametrize(("text", "message"), RULES.values(), ids=RULES.keys())
def test_a_rule_names_the_place_and_the_way_out(text: str, message: str) -> None:
    found = problems(text)
    assert any(message in line for line in found), found
    assert all(line.startswith("t.yaml:") and line.endswith(")") for line in found)


def test_each_rule_is_broken_alone() -> None:
    counts = {name: len(problems(text)) for name, (text, _) in RULES.items()}
    assert {name: count for name, count in counts.items() if count != 1} == {}


def test_an_environments_own_parts_are_named_in_their_place() -> None:
    (found,) = problems(environment("services: {scoring: {scaling: {min: 5, max: 2}}}"))
    assert found.startswith("t.yaml:6:67: environments.dev.services.scoring.scaling: min is 5")


def test_a_public_service_with_a_reason_may_let_everybody_in() -> None:
    made = request(service("ingress: public, public_reason: docs for customers, invokers: [allUsers]"))
    assert made.services["scoring"].invokers == ("allUsers",)


def test_an_image_of_the_environments_own_registry_is_taken() -> None:
    image = f"europe-west1-docker.pkg.dev/example-churn-dev/churn-dev-images/app@{DIGEST}"
    assert request(service(f"image: {image}")).services["scoring"].image == image


def test_a_shared_project_may_hold_two_environments() -> None:
    text = HEAD + "environments:\n  dev: {project: example-shared}\n  prod: {project: example-shared}\n"
    assert len(request(text, platform(shared_projects=("example-shared",))).environments) == 2


def test_an_allowed_role_is_taken() -> None:
    allowed = platform(role_allow_list=ExtraRoles(plan=("roles/bigquery.metadataViewer",)))
    made = request(environment("roles: {plan: [roles/bigquery.metadataViewer]}"), allowed)
    assert made.environments["dev"].roles.plan == ("roles/bigquery.metadataViewer",)


def test_a_role_is_refused_where_none_is_allowed() -> None:
    (found,) = problems(environment("roles: {plan: [roles/pubsub.viewer]}"))
    assert "roles/pubsub.viewer is not allowed for plan (remove it: none is allowed here)" in found


def test_approval_by_the_platform_needs_approvers() -> None:
    text = environment("approval: platform")
    assert request(text).environments["dev"].approval == "platform"
    (found,) = problems(text, platform(approvers=()))
    assert "the platform has no approvers" in found
