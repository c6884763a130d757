"""Addresses of the pages where people look at things: Google Cloud's console and GitHub.

The console's addresses are those that it shows itself; they carry names only, so they can be made without asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

_CONSOLE: Final = "https://console.cloud.google.com"


def console(path: str, project: str, **query: str) -> str:
    """Return a page of a project in the console; ``path`` is already quoted."""
    return f"{_CONSOLE}/{path}?{urlencode({**query, 'project': project})}"


def of_service(name: str, region: str, project: str) -> str:
    """Return the page of a Cloud Run service."""
    return console(f"run/detail/{quote(region)}/{quote(name)}/metrics", project)


def of_bucket(name: str, project: str) -> str:
    """Return the page that browses a bucket."""
    return console(f"storage/browser/{quote(name)}", project)


def of_registry(path: str, project: str) -> str:
    """Return the page of a registry, named as in an image's address: <location>-docker.pkg.dev/<project>/<name>."""
    host, _, rest = path.partition("/")
    owner, _, name = rest.rpartition("/")
    return console(
        f"artifacts/docker/{quote(owner)}/{quote(host.removesuffix('-docker.pkg.dev'))}/{quote(name)}", project
    )


def of_account(email: str, project: str) -> str:
    """Return the page of a service account."""
    return console(f"iam-admin/serviceaccounts/details/{quote(email)}", project)


def of_project(project: str, pool: str) -> dict[str, str]:
    """Return the pages of a project that are asked for most, by what they show."""
    return {
        "dashboard": console("home/dashboard", project),
        "logs": console("logs/query", project),
        "iam": console("iam-admin/iam", project),
        "trust": console(f"iam-admin/workload-identity-pools/pool/{quote(pool)}", project),
        "billing": console("billing/linkedaccount", project),
    }


def of_repository(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the pages of a repository that are asked for most, by what they show."""
    home = str(facts["html_url"]).rstrip("/")
    return {
        "code": home,
        "pull requests": f"{home}/pulls",
        "workflow runs": f"{home}/actions",
        "environments": f"{home}/settings/environments",
    }
