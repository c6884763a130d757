"""What an owner's plan includes, and how GitHub says that it does not.

https://docs.github.com/get-started/learning-about-github/githubs-plans ; sentences as the API gives them.
"""

from __future__ import annotations

from provisioner.sandbox.github.errors import forbidden, unprocessable
from provisioner.sandbox.store import Document
from provisioner.sandbox.world import World

_ORDER = ("free", "team", "enterprise")
_UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature."


def plan_of(world: World, account: Document) -> str:
    """Return an account's plan: its own where it was given one, else the sandbox's switch ``github_plan``."""
    return str(account.get("plan") or world.settings["github_plan"])


def at_least(plan: str, least: str) -> bool:
    """Compare two plans."""
    return _ORDER.index(plan) >= _ORDER.index(least)


def require_rulesets(plan: str, visibility: str) -> None:
    """Check that rulesets are to be had on a repository. Raises GithubError (403)."""
    if visibility != "public" and not at_least(plan, "team"):
        raise forbidden(_UPGRADE)


def require_org_rulesets(plan: str) -> None:
    """Check that an organisation can have rulesets. Raises GithubError (403)."""
    if not at_least(plan, "team"):
        raise forbidden("Upgrade to GitHub Team to enable this feature.")


def require_environments(plan: str, visibility: str) -> None:
    """Check that environments are to be had on a repository. Raises GithubError (403)."""
    if visibility != "public" and not at_least(plan, "team"):
        raise forbidden(_UPGRADE)


def require_protection(plan: str, visibility: str, rules: tuple[str, ...]) -> None:
    """Check protection rules by GitHub's names (``required reviewers``, ``wait timer``). Raises GithubError (422)."""
    if rules and visibility != "public" and not at_least(plan, "enterprise"):
        raise unprocessable(
            "Failed to create the environment protection rule. "
            f"Please ensure the billing plan supports the {rules[0]} protection rule."
        )


def require_internal(plan: str) -> None:
    """Check that internal repositories are to be had. Raises GithubError (422)."""
    if not at_least(plan, "enterprise"):
        raise unprocessable("Only organizations associated with an enterprise can set visibility to internal")
