from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.estate import Estate, estate, taken_back


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with estate(tmp_path_factory.mktemp("attacks")) as ready:
        yield ready


@pytest.fixture
def place(built: Estate) -> Iterator[Estate]:
    """The estate as it was built, whatever the test before changed in it."""
    with taken_back(built):
        yield built
