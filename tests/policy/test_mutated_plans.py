"""`check` on real plans that something broke: always 0, 2 or 3, never a traceback."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.cli.app import run
from provisioner.policy.checkov import installed
from tests.policy.breaking import Json

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
Dice = random.Random
FORMS = ("text", "json", "sarif", "junit", "github", "markdown")
WORDS = (b"null", b"{}", b"[]", b'"', b"\\", b"\xff", b"\x00", b"1e999", b"NaN", b",", b'"type":', b'"\\ud800"')
many = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def slots(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a document with each of its keys."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, item in list(items):
        yield node, key
        yield from slots(item)


def moved(document: Json, dice: Dice) -> None:
    """Put a copy of what stands somewhere in another place."""
    (source, key), (target, other) = dice.choice(list(slots(document))), dice.choice(list(slots(document)))
    target[other] = copy.deepcopy(source[key])


def lost(document: Json, dice: Dice) -> None:
    node, key = dice.choice(list(slots(document)))
    del node[key]


def renamed(document: Json, dice: Dice) -> None:
    node, key = dice.choice([(node, key) for node, key in slots(document) if isinstance(node, dict)])
    node[dice.choice(["", "type", "after", f"{key} ", "\u202e", "start_line"])] = node.pop(key)


def wrapped(document: Json, dice: Dice) -> None:
    node, key = dice.choice(list(slots(document)))
    node[key] = dice.choice([[node[key]], {"0": node[key]}, str(node[key]), [node[key]] * 3])


def broken_values(plan: bytes, dice: Dice) -> bytes:
    document = json.loads(plan)
    for _ in range(dice.randint(1, 5)):
        dice.choice([moved, lost, renamed, wrapped])(document, dice)
    return json.dumps(document).encode()


def broken_bytes(plan: bytes, dice: Dice) -> bytes:
    content = bytearray(plan)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(content))
        end = at + dice.randint(0, 40)
        content[at:end] = dice.choice([b"", dice.choice(WORDS), content[at:end] * 2, dice.randbytes(3)])
    return bytes(content[: dice.choice([len(content), dice.randrange(len(content))])])


def checked(file: Path, *options: str) -> tuple[int, str]:
    """Return the exit code of `check` and all that it printed."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), pytest.raises(SystemExit) as left:
        run(["check", str(file), *options])
    logging.disable(logging.NOTSET)
    return int(left.value.code or 0), said.getvalue()


@pytest.fixture(scope="module")
def small(good: Json) -> bytes:
    """One resource of each type, with its planned values and the configuration: what Terraform wrote, cut short."""
    kinds = {change["type"]: change for change in reversed(good["resource_changes"])}
    kept = {change["address"] for change in kinds.values()}
    document = copy.deepcopy(good) | {"resource_changes": list(kinds.values()), "prior_state": {}}
    modules = [document["planned_values"]["root_module"]]
    for module in modules:
        module["resources"] = [each for each in module.get("resources", []) if each["address"] in kept]
        modules += module.get("child_modules", [])
    return json.dumps(document, separators=(",", ":")).encode()


@pytest.mark.parametrize("broken", [broken_values, broken_bytes])
@given(seed=st.integers(0, 2**32), form=st.sampled_from(FORMS))
@many
def test_a_broken_plan_is_judged_or_refused(
    broken: Callable[[bytes, Dice], bytes], seed: int, form: str, small: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(broken(small, Dice(seed)))
    code, said = checked(file, "-o", form)
    assert code in {0, 2, 3}, said
    assert "Traceback" not in said


@pytest.mark.skipif(not installed(), reason="the extra checkov is not installed")
@given(seed=st.integers(0, 2**32))
@many
def test_checkov_never_ends_it_either(seed: int, small: bytes, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(broken_values(small, Dice(seed)))
    code, said = checked(file, "--checkov")
    assert code in {0, 2, 3} or (code == 1 and "checkov could not" in said), said
    assert "Traceback" not in said
