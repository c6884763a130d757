"""All routes, one line per family; the first that fits a request wins."""

from __future__ import annotations

from provisioner.sandbox.github import (
    account_routes,
    collaborators,
    environment_routes,
    repository_routes,
    team_routes,
    variable_routes,
)

ROUTES = (
    *account_routes.ROUTES,
    *repository_routes.ROUTES,
    *team_routes.ROUTES,
    *collaborators.ROUTES,
    *environment_routes.ROUTES,
    *variable_routes.ROUTES,
)
