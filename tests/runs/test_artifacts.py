from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.errors import Blocked, InvalidInput, ProvisionError, RefusedByPolicy
from provisioner.runs.artifacts import Artifacts
from provisioner.runs.leases import LeaseLost
from provisioner.runs.serializer import JsonSerializer


def test_frozen_inputs_are_found_by_their_digest_only(tmp_path: Path) -> None:
    store = Artifacts(tmp_path)
    digest = store.freeze({"team": "churn", "b": 1})
    assert store.freeze({"team": "churn", "b": 1}) == digest
    assert list(store.thaw(store.freeze({"stage": 1, "prod": 2, "dev": 3}))) == ["stage", "prod", "dev"]
    assert store.thaw(digest) == {"team": "churn", "b": 1}
    path = tmp_path / "inputs" / f"{digest}.json"
    path.write_text(path.read_text().replace("churn", "fraud"))
    with pytest.raises(ProvisionError, match="were changed"):
        store.thaw(digest)
    path.unlink()
    with pytest.raises(ProvisionError, match="are gone"):
        store.thaw(digest)


def test_what_a_run_keeps_is_private(tmp_path: Path) -> None:
    store = Artifacts(tmp_path / "runs")
    store.put("r1", "verdict", {"passed": True})
    plan = store.plan_file("r1", "churn-dev", "plan")
    assert store.get("r1", "verdict") == {"passed": True}
    assert store.get("r1", "nothing") is None
    for path in (tmp_path / "runs" / "r1" / "verdict.json", plan.parent):
        assert path.stat().st_mode & 0o077 == 0
    plan.write_bytes(b"secret")
    store.forget_plans("r1")
    assert not plan.exists()
    assert store.get("r1", "verdict") == {"passed": True}


def test_a_full_disk_is_said_and_leaves_no_half_file(tmp_path: Path) -> None:
    store = Artifacts(tmp_path)
    (tmp_path / "r1").write_text("a file where the folder should be")
    with pytest.raises(ProvisionError, match=r"cannot keep verdict\.json"):
        store.put("r1", "verdict", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r1"]


@pytest.mark.parametrize(
    "error",
    [
        ProvisionError("failed", fix="again", where="here"),
        RefusedByPolicy("no", fix="mend"),
        Blocked("2 things", problems=(InvalidInput("a", where="x"), InvalidInput("b", fix="y"))),
        InvalidInput("bad", problems=(InvalidInput("c"),)),
    ],
)
def test_errors_survive_the_database(error: ProvisionError) -> None:
    serializer = JsonSerializer()
    again = serializer.deserialize(serializer.serialize(error))
    assert type(again) is type(error)
    assert (again.reason, again.fix, again.where) == (error.reason, error.fix, error.where)
    assert [str(each) for each in getattr(again, "problems", ())] == [
        str(each) for each in getattr(error, "problems", ())
    ]


def test_a_room_s_own_error_comes_back_as_its_public_kind() -> None:
    serializer = JsonSerializer()
    assert serializer.deserialize(serializer.serialize(LeaseLost("gone"))).exit_code == 4
    unexpected = serializer.deserialize(serializer.serialize(KeyError("x")))
    assert unexpected.reason == "unexpected KeyError: 'x'"


def test_only_json_enters_the_database() -> None:
    serializer = JsonSerializer()
    assert json.loads(serializer.serialize({"a": [1, None]})) == {"a": [1, None]}
    with pytest.raises(TypeError, match="Path does not belong"):
        serializer.serialize({"path": Path("x")})
