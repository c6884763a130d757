"""The platform as a team of its own: what follows from platform.yaml."""

from __future__ import annotations

from provisioner.errors import InvalidInput
from provisioner.request.models import Platform, Request
from provisioner.request.names import PLATFORM_TEAM
from provisioner.request.resolve import EnvironmentSpec, Team

TEAM = PLATFORM_TEAM
"""The name that stands where a team's name stands: in state prefixes, account ids, labels and the run book."""
ENVIRONMENT = "platform"
"""The GitHub environment of the platform repository whose reviewers approve what is applied."""
PREVIEW_ACCOUNT = f"{TEAM}-preview-plan"
"""Id of the account that a pull request of the platform repository may become."""
_MOST_REVIEWERS = 6


def platform_request(platform: Platform, repository: str) -> Request:
    """Return the request that the platform makes of itself; ``repository`` names its repository.

    Raises InvalidInput where platform.yaml does not say who answers (``contact``) or who approves (``approvers``).
    """
    if platform.contact is None:
        raise InvalidInput("nobody answers for the platform", fix="write contact: <e-mail>", where="platform.yaml")
    if not platform.approvers:
        raise InvalidInput(
            "nobody approves what the platform repository applies",
            fix="write approvers: [<GitHub login>]",
            where="platform.yaml",
        )
    reviewers = [{"user": login} for login in platform.approvers[:_MOST_REVIEWERS]]
    document = {
        "team": TEAM,
        "owner": platform.contact,
        "owner_group": "platform",
        "cost_center": platform.labels.get("cost-center", "platform"),
        "data_class": "internal",
        "description": "Requests of all teams, and what they become",
        "repository": {
            "name": repository,
            "collaborators": [{"user": login, "permission": "push"} for login in platform.approvers],
        },
        "environments": {
            ENVIRONMENT: {
                "project": platform.state.project,
                "reviewers": reviewers,
                "plan_from_pull_requests": False,
            }
        },
        "buckets": {},
        "registries": {},
        "services": {},
    }
    return Request.model_validate(document)


def the_environment(team: Team) -> EnvironmentSpec:
    """Return the only environment."""
    return team.environment(ENVIRONMENT)


def accounts(team: Team) -> dict[str, str]:
    """Return the ids of the toolkit's accounts by what they do: plan, preview and deploy."""
    names = the_environment(team).names
    return {"plan": names.plan_account, "preview": PREVIEW_ACCOUNT, "deploy": names.deploy_account}


def address(team: Team, account: str) -> str:
    """Return the e-mail address of one of the accounts."""
    return f"{accounts(team)[account]}@{the_environment(team).project}.iam.gserviceaccount.com"
