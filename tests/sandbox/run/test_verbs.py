"""``provision-env sandbox containers`` and ``fail-image``, as people call them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.handle import join
from tests.cli.program import Person
from tests.sandbox.identity.cloud import PROJECT

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    somebody = Person(tmp_path)
    yield somebody
    somebody.runs("sandbox", "stop")


def test_containers_are_off_until_somebody_switches_them_on(person: Person) -> None:
    first = person.runs("sandbox", "containers", "-o", "json")
    assert first.document == {"containers": "off", "revisions": []}, first
    on = person.runs("sandbox", "containers", "on")
    assert on.out.startswith("on: images are started"), on
    image = f"europe-west1-docker.pkg.dev/{PROJECT}/x/y"
    ordered = person.runs("sandbox", "fail-image", image, "--message", "out of memory")
    assert ordered.out == f"releases of {image} fail from now on\n", ordered
    state = Path(person.runs("sandbox", "status", "-o", "json").document["state"])
    handle = join(state)
    assert handle is not None
    assert handle.control("GET", "settings")["run_containers"] == "process"
    taken_back = person.runs("sandbox", "fail-image", image, "--take-back", "-o", "json")
    assert taken_back.document == {"image": image, "fails": False}
    refused = person.runs("sandbox", "containers", "sideways")
    assert refused.code == 2
