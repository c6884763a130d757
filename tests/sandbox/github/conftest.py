from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.http import Request, Response
from tests.sandbox.github.description import PACKAGE, Description, fetched
from tests.sandbox.github.hub import Hub


@pytest.fixture(scope="session")
def description(request: pytest.FixtureRequest) -> Description | None:
    name = PACKAGE.replace("@", "").replace("/", "-")
    assert request.config.cache is not None
    file = fetched(request.config.cache.mkdir(name))
    return Description(file) if file else None


@pytest.fixture
def hub(tmp_path: Path, description: Description | None) -> Iterator[Hub]:
    """A GitHub whose every answer is held to GitHub's own description, where npm can bring it."""

    def check(asked: Request, answered: Response) -> None:
        if description:
            description(asked, answered)

    hub = Hub(tmp_path, check)
    yield hub
    hub.close()
    if description:
        problems, description.problems = description.problems, []
        assert not problems, "\n".join(problems)
