"""The managed folder of a root's own state is ours although the platform's bucket is in nobody's plan."""

from __future__ import annotations

import pytest

from provisioner.terraform.recognition import Existing, is_ours
from tests.terraform.plans import change, plan

FOLDER = "google_storage_managed_folder.state"
PLATFORMS = Existing("fraud/dev/", labels={"team": "platform"})


def recognised(bucket: object, name: object, **variables: object) -> bool:
    values = {key: {"value": value} for key, value in variables.items()}
    given = plan(change(FOLDER, ["create"], None, {"bucket": bucket, "name": name}), variables=values)
    return is_ours(given.changes[0], PLATFORMS, given)


def test_the_folder_of_the_own_state_is_ours() -> None:
    assert recognised("states", "fraud/dev/", state_bucket="states", state_prefix="fraud/dev")


@pytest.mark.parametrize(
    ("bucket", "name"),
    [("others", "fraud/dev/"), ("states", "fraud/prod/"), ("states", "fraud/dev"), ("states", "/"), (None, None)],
)
def test_any_other_folder_is_not(bucket: object, name: object) -> None:
    assert not recognised(bucket, name, state_bucket="states", state_prefix="fraud/dev")


@pytest.mark.parametrize("variables", [{}, {"state_bucket": "states"}, {"state_prefix": "fraud/dev"}])
def test_without_knowing_the_state_nothing_is(variables: dict[str, object]) -> None:
    assert not recognised(variables.get("state_bucket"), "fraud/dev/", **variables)
