"""Plans that are none: lies, floods, values of any kind in any place. Always a verdict or a clear refusal."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.cli.forms import FORMS
from provisioner.errors import InvalidInput
from provisioner.policy import read_document
from provisioner.settings import read
from provisioner.terraform.document import LARGEST
from provisioner.wiring.checking import Subject, check_subject
from tests.limited import limited
from tests.policy.breaking import Json, resource

GIGABYTE = 1024**3
MEMORY = 2 * GIGABYTE
PREFIX, SUFFIX = b'{"format_version": "1.2", "resource_changes": [', b"]}"
KINDS: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1e300, "", "x", "\u0000", "${x}", [], {}, [[]], [{}], {"": {}}, [1], "a" * 5000]
)


def checked_by_a_child(file: Path) -> subprocess.CompletedProcess[str]:
    """Run the command with two gigabytes of address space, a good part of which Python's own libraries map."""
    command = limited((Path(sys.executable).with_name("provision-env"), "check", file), RLIMIT_AS=MEMORY)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_file_of_200_megabytes_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    with file.open("wb") as stream:
        stream.write(PREFIX)
        stream.truncate(200_000_000)
    done = checked_by_a_child(file)
    assert done.returncode == 2, done.stderr
    assert "more than 64 MB" in done.stderr
    assert str(file) in done.stderr


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(b"{},", id="objects"),
        pytest.param(b"[],", id="lists", marks=pytest.mark.slow),
        pytest.param(b"1,", id="numbers", marks=pytest.mark.slow),
        pytest.param(b'{"a":1},', id="members", marks=pytest.mark.slow),
    ],
)
def test_a_flood_of_small_values_is_refused_in_bounded_memory(flood: bytes, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    room = LARGEST - len(PREFIX) - len(SUFFIX) - 10
    file.write_bytes(PREFIX + flood * (room // len(flood)) + b"{}" + SUFFIX)
    done = checked_by_a_child(file)
    assert done.returncode == 2, done.stderr
    assert "values" in done.stderr


@pytest.mark.slow
def test_the_widest_characters_take_bounded_memory(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    text = ('{"format_version": "1.2", "x": "' + "\U0001f600" * 15_000_000 + '"}').encode()
    assert len(text) < LARGEST
    file.write_bytes(text)
    done = checked_by_a_child(file)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "lie",
    [
        {"type": "google_pubsub_topic"},
        {"type": "Google Storage"},
        {"name": "other"},
        {"mode": "ephemeral"},
        {"mode": "data"},
        {"module_address": "module.x"},
        {"address": "google_pubsub_topic.added"},
    ],
    ids=str,
)
def test_a_resource_that_is_not_what_its_address_says_is_refused(lie: Json, tmp_path: Path) -> None:
    entry = resource("google_storage_bucket", {"name": "x"}) | lie
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"format_version": "1.2", "complete": True, "resource_changes": [entry]}))
    with pytest.raises(InvalidInput, match="the plan calls"):
        read_document(file)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(found for key, item in items for found in places(item, (*path, key)))]


@given(seed=st.integers(0, 2**32), value=KINDS, times=st.integers(1, 6))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_value_in_any_place_leads_to_a_verdict_or_a_refusal(
    seed: int, value: Any, times: int, small: Path, tmp_path: Path
) -> None:
    broken, chance = json.loads(small.read_text()), random.Random(seed)  # noqa: S311 - a test's dice
    for _ in range(times):
        known = places(broken)[1:]
        shallow = [path for path in known if len(path) <= chance.randint(1, 6)]
        *steps, last = chance.choice(shallow or known)
        node = broken
        for step in steps:
            node = node[step]
        node[last] = copy.deepcopy(value)
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(broken))
    try:
        found = check_subject(read({}), Subject(file, base=tmp_path), None, with_checkov=False)
    except InvalidInput:
        return  # any other error is the failure that this test looks for
    for form in FORMS.values():
        assert form(found, "name")


@pytest.mark.parametrize("kind", ["google_iam_workload_identity_pool", "google_iam_workload_identity_pool_provider"])
def test_a_list_where_a_truth_value_belongs_is_read_as_one(kind: str, tmp_path: Path) -> None:
    entry = resource(kind, {"workload_identity_pool_id": "churn-dev-gh", "disabled": [{}]})
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"format_version": "1.2", "complete": True, "resource_changes": [entry]}))
    found = check_subject(read({}), Subject(file, base=tmp_path), None, with_checkov=False)
    assert found.looked_at == ("plan",)


@pytest.fixture(scope="module")
def small(good: Json, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one resource of each type, and the configuration: small enough to break many times."""
    kinds = {change["type"]: change for change in reversed(good["resource_changes"])}
    file = tmp_path_factory.mktemp("small") / "plan.json"
    file.write_text(
        json.dumps(good | {"resource_changes": list(kinds.values()), "prior_state": {}, "planned_values": {}})
    )
    return file
