"""A sandbox with one team's projects, and the operator's connection to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from provisioner.cloud.google import GoogleCloud
from provisioner.cloud.session import Network, Session, open_session
from provisioner.request.models import Platform, Request
from provisioner.request.resolve import Team, resolve
from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed

BILLING = "0A0A0A-0B0B0B-0C0C0C"


@pytest.fixture(scope="package")
def handle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    started = ensure(tmp_path_factory.mktemp("sandbox"), idle_seconds=300)
    yield started
    started.stop()


@pytest.fixture
def sandbox(handle: Handle) -> Handle:
    handle.reset()
    projects = (SeedProject("fraud-dev-1"), SeedProject("fraud-prod-1"))
    seed(
        handle, SeedPlan("123456789012", "example.com", None, BILLING, projects, "acme-tf", "acme-state", "EU", "acme")
    )
    return handle


@pytest.fixture
def network(handle: Handle) -> Network:
    return Network(handle.proxy_url, str(handle.ca_file))


@pytest.fixture
def session(sandbox: Handle, network: Network) -> Iterator[Session]:
    with closing(open_session(sandbox.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"], network=network)) as opened:
        yield opened


@pytest.fixture
def cloud(session: Session) -> GoogleCloud:
    return GoogleCloud(session)


Asked = Callable[..., Team]


@pytest.fixture
def asked() -> Asked:
    """A team with the environments dev and prod; ``platform`` changes the platform's settings."""

    def team(**platform: object) -> Team:
        settings = {
            "organisation": {"id": "123456789012", "domain": "example.com"},
            "github": {"owner": "acme"},
            "state": {"bucket": "acme-tf", "project": "acme-state", "location": "EU"},
            "billing_account": BILLING,
            "regions": ["europe-west1"],
        }
        environments = {"dev": {"project": "fraud-dev-1"}, "prod": {"project": "fraud-prod-1"}}
        request = {"team": "fraud", "owner": "a@example.com", "cost_center": "c1", "data_class": "internal"}
        return resolve(
            Request.model_validate({**request, "environments": environments}),
            Platform.model_validate({**settings, **platform}),
        )

    return team
