from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.sandbox.github import github_application
from provisioner.sandbox.http import Request
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import open_world


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (Request("GET", "api.github.com", "/repos/acme/churn"), "GET /repos/{owner}/{repo}"),
        (Request("HEAD", "api.github.com", "/user"), "GET /user"),
        (Request("GET", "api.github.com", "/no/such/thing"), "GET api.github.com/no/such/thing"),
        (
            Request("POST", "github.com", "/acme/churn.git/git-receive-pack"),
            "POST github.com/acme/churn.git/git-receive-pack",
        ),
    ],
)
def test_a_request_is_named_by_its_route(request_: Request, name: str, tmp_path: Path) -> None:
    application = github_application(open_world(MemoryStore(), tmp_path))
    assert application.identify(request_) == name
