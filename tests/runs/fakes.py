"""A world for runs: a cloud, a forge and a Terraform that behave, kept in a file so that they outlive a killed process.

Every call counts. A crash point (``die``) ends the process, without any clean-up, right before or right after the
effect of one call.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.errors import NeedsApproval
from provisioner.policy import Verdict
from provisioner.repository import RepositoryFacts
from provisioner.request.models import Platform
from provisioner.request.problems import Problem
from provisioner.request.resolve import Team
from provisioner.runs.approval import ApprovalRequest
from provisioner.runs.artifacts import Artifacts
from provisioner.runs.ledger import Ledger
from provisioner.runs.tools import Subject, Tools
from provisioner.terraform.errors import PlanFileRefused, StalePlan
from provisioner.terraform.plan import Plan
from provisioner.terraform.port import ApplyResult, PlanResult
from provisioner.terraform.recognition import Existing
from provisioner.terraform.state import StateDocument

FACTS = RepositoryFacts(
    "111",
    "222",
    "example-ml/churn",
    "https://h/churn",
    "https://h/churn.git",
    "main",
    created=True,
    empty=True,
    archived=False,
)


@dataclass(frozen=True)
class World:
    """The file, and the number of the call at which this process dies (``5b`` before it, ``5a`` after it)."""

    file: Path
    die: str = ""

    @contextmanager
    def call(self, name: str) -> Iterator[dict[str, Any]]:
        """Change the world under a lock; the change is kept even when the caller dies right after."""
        with self.file.open("r+") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            world = json.load(handle)
            world["calls"].append(name)
            number = len(world["calls"])
            if self.die == f"{number}b":
                self._save(handle, world)
                os._exit(9)
            yield world
            self._save(handle, world)
            if self.die == f"{number}a":
                os._exit(9)

    def read(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.file.read_text())
        return document

    def _save(self, handle: Any, world: dict[str, Any]) -> None:
        handle.seek(0)
        handle.truncate()
        json.dump(world, handle)
        handle.flush()


def new_world(file: Path, **facts: Any) -> World:
    file.write_text(json.dumps({"calls": [], "states": {}, "applies": {}, "repository": 0, "published": 0, **facts}))
    return World(file)


@dataclass(frozen=True)
class FakeTerraform:
    """Has one resource per root; refuses plans of another serial, and files of another digest."""

    world: World
    root: str

    def init(self, root: Path) -> bool:
        assert root.name == self.root
        return False

    def plan(  # noqa: PLR0913 - one switch for each option of Terraform's
        self,
        root: Path,
        out: Path,
        *,
        destroy: bool = False,
        refresh_only: bool = False,
        refresh: bool = True,
        lock: bool = True,
    ) -> PlanResult:
        assert root.is_dir()
        assert lock
        assert refresh
        assert not refresh_only
        with self.world.call(f"plan {self.root}") as world:
            state = world["states"].setdefault(self.root, {"serial": 0, "exists": False})
            changes = state["exists"] is destroy
            out.write_text(json.dumps({"serial": state["serial"], "destroy": destroy, "changes": changes}))
        return PlanResult(changes, out, hashlib.sha256(out.read_bytes()).hexdigest())

    def show(self, root: Path, plan_file: Path, *, keep: Path | None = None) -> Plan:
        saved = json.loads(plan_file.read_text())
        action = ("delete" if saved["destroy"] else "create") if saved["changes"] else "no-op"
        resource = {"address": "x.y", "type": "x", "name": "y", "mode": "managed", "provider_name": "p"}
        change = {"actions": [action], "before": None, "after": {"n": 1}, "after_unknown": {}}
        output = {"actions": ["no-op"], "before": {"root": self.root}, "after": {"root": self.root}}
        document = {
            "format_version": "1.2",
            "resource_changes": [{**resource, "change": change}],
            "output_changes": {"environment": output},
        }
        return Plan.from_json(document, digest=hashlib.sha256(plan_file.read_bytes()).hexdigest())

    def apply(self, root: Path, plan_file: Path, sha256: str) -> ApplyResult:
        assert root.is_dir()
        if hashlib.sha256(plan_file.read_bytes()).hexdigest() != sha256:
            raise PlanFileRefused("another file")
        saved = json.loads(plan_file.read_text())
        with self.world.call(f"apply {self.root}") as world:
            state = world["states"][self.root]
            if state["serial"] != saved["serial"]:
                raise StalePlan("the state moved on")
            state["serial"] += 1
            state["exists"] = not saved["destroy"]
            world["applies"][self.root] = world["applies"].get(self.root, 0) + 1
        return ApplyResult({"environment": {"root": self.root}})

    def outputs(self, root: Path) -> dict[str, Any]:
        raise AssertionError(root)

    def state(self, root: Path) -> StateDocument:
        exists = self.world.read()["states"].get(root.name, {}).get("exists")
        item = {"address": "x.y", "type": "x", "name": "y", "mode": "managed", "provider_name": "p", "values": {}}
        return StateDocument.from_values({"root_module": {"resources": [item] if exists else []}})

    def force_unlock(self, root: Path, lock_id: str) -> None:
        raise AssertionError(lock_id)

    def untaint(self, root: Path, address: str) -> None:
        raise AssertionError(address)

    def state_push(self, root: Path, file: Path, *, lock: bool = True) -> None:
        raise AssertionError(file)

    def interrupt(self) -> None:
        """Nothing is ever under way."""


@dataclass(frozen=True)
class FakeCloud:
    world: World

    def preflight(self, team: Team) -> tuple[Problem, ...]:
        with self.world.call("preflight") as world:
            missing = world.get("missing_project")
        return (Problem(missing, f"project {missing} is missing", "create it"),) if missing else ()

    def describe(self, kind: str, values: Mapping[str, Any]) -> Existing | None:
        return None

    def undelete(self, kind: str, name: str) -> None:
        raise AssertionError(name)

    def holds_data(self, kind: str, values: Mapping[str, Any]) -> bool:
        return False


@dataclass(frozen=True)
class FakeRepositories:
    world: World

    def preflight(self, team: Team) -> tuple[Problem, ...]:
        return ()

    def prepare(self, team: Team) -> RepositoryFacts:
        with self.world.call("prepare") as world:
            world["repository"] = world["repository"] or 1
        return FACTS

    def publish(self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        assert facts == FACTS
        assert sorted(outputs) == sorted(spec.name for spec in team.environments)
        with self.world.call("publish") as world:
            world["published"] = 1
        return {"summary": "published"}

    def verify(self, team: Team, facts: RepositoryFacts, outputs: Mapping[str, Any]) -> list[dict[str, str]]:
        return [] if self.world.read()["published"] else [{"where": "all", "expected": "x", "found": "nothing"}]

    def archive(self, team: Team) -> bool:
        with self.world.call("archive") as world:
            return bool(world["repository"])


@dataclass(frozen=True)
class FakeProof:
    world: World

    def difference(self, team: Team, facts: RepositoryFacts, plans: Iterable[Plan]) -> dict[str, list[str]]:
        gained = [f"{team.slug}: {change.address}" for plan in plans for change in plan.changed()]
        return {"gained": gained, "lost": []}

    def prove(self, team: Team, facts: RepositoryFacts, states: Mapping[str, StateDocument]) -> dict[str, Any]:
        assert all(any(state.resources()) for state in states.values())
        with self.world.call("prove"):
            return {"summary": "all as it should be", "rows": []}


@dataclass(frozen=True)
class FakeRules:
    world: World

    def scan(self, root: Path, platform: Platform) -> None:
        assert root.is_dir()

    def wants_json(self, platform: Platform) -> bool:
        return False

    def check(self, subject: Subject, plan: Plan, plan_json: Path | None) -> Verdict:
        return Verdict(plan.digest, ())


@dataclass(frozen=True)
class FakeApprover:
    world: World

    def __call__(self, request: ApprovalRequest) -> str:
        with self.world.call("approve") as world:
            if world.get("nobody"):
                raise NeedsApproval("nobody is here")
        return "ann"


def tools(world: World, folder: Path) -> Tools:
    """Put a run's tools together on a world; artifacts and the book lie in ``folder``."""
    return Tools(
        artifacts=Artifacts(folder / "artifacts"),
        ledger=Ledger(folder),
        progress=lambda report: None,
        approver=FakeApprover(world),
        cloud=FakeCloud(world),
        repositories=FakeRepositories(world),
        proof=FakeProof(world),
        rules=FakeRules(world),
        runner=lambda run_id, root: FakeTerraform(world, root),
        work=folder / "work",
    )
