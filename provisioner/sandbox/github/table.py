"""All routes, one line per family; the first that fits a request wins."""

from __future__ import annotations

from provisioner.sandbox.github import (
    account_routes,
    actions_routes,
    app_routes,
    check_routes,
    collaborators,
    content_routes,
    environment_routes,
    git_routes,
    history_routes,
    issue_routes,
    pull_routes,
    repository_routes,
    review_comments,
    review_requests,
    review_routes,
    ruleset_routes,
    secret_routes,
    team_routes,
    variable_routes,
)
from provisioner.sandbox.github.actions import approval_routes, artifact_routes, run_routes, workflow_routes

ROUTES = (
    *account_routes.ROUTES,
    *app_routes.ROUTES,
    *repository_routes.ROUTES,
    *team_routes.ROUTES,
    *collaborators.ROUTES,
    *environment_routes.ROUTES,
    *variable_routes.ROUTES,
    *secret_routes.ROUTES,
    *ruleset_routes.ROUTES,
    *actions_routes.ROUTES,
    *workflow_routes.ROUTES,
    *run_routes.ROUTES,
    *approval_routes.ROUTES,
    *artifact_routes.ROUTES,
    *content_routes.ROUTES,
    *git_routes.ROUTES,
    *check_routes.ROUTES,
    *history_routes.ROUTES,
    *review_comments.ROUTES,
    *review_requests.ROUTES,
    *review_routes.ROUTES,
    *pull_routes.ROUTES,
    *issue_routes.ROUTES,
)
