"""Terraform on one root: init, plan, show, apply of exactly the approved plan, and the few repairs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from provisioner.terraform import initialisation
from provisioner.terraform.argv import FLAG, Option, build
from provisioner.terraform.binary import Terraform
from provisioner.terraform.document import LARGEST
from provisioner.terraform.environment import private_environment
from provisioner.terraform.errors import InitRequired, TerraformFailed
from provisioner.terraform.events import Event
from provisioner.terraform.identity import ProcessIdentity
from provisioner.terraform.invocation import Answer, Invocation
from provisioner.terraform.plan import Plan
from provisioner.terraform.planfile import approved_copy, digest
from provisioner.terraform.port import ApplyResult, PlanResult, Timeouts
from provisioner.terraform.process import Command, Executor
from provisioner.terraform.redaction import Redactor, secret_values
from provisioner.terraform.state import StateDocument

_Result = TypeVar("_Result")
_NO_CHANGES, _CHANGES = 0, 2
_PARTIAL = "Applied changes may be incomplete"
_SCRATCH = Path(".terraform/provision-env")
PARALLELISM = 30
"""Resources at once: Google's APIs answer slowly and in any number, Terraform's own 10 is made for others."""


class Runner:
    """The real Terraform.

    ``environment`` holds what the children need beside what the runner adds: PATH, HOME, proxy, certificates,
    credentials. ``on_event`` gets every event, redacted, in the thread that called; ``on_started`` the identity of
    every process, ``on_ended`` that of each that ended by itself. ``secrets`` are further values never to be shown.
    Every method blocks until Terraform has ended
    and may be called from several threads for several roots; ``interrupt`` reaches all of them.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the world a runner works in
        self,
        terraform: Terraform,
        environment: Mapping[str, str],
        on_event: Callable[[Event], None] = lambda _: None,
        timeouts: Timeouts | None = None,
        parallelism: int = PARALLELISM,
        *,
        on_started: Callable[[ProcessIdentity], None] = lambda _: None,
        on_ended: Callable[[ProcessIdentity], None] = lambda _: None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._terraform = terraform
        self._given = environment
        self._timeouts = timeouts or Timeouts()
        self._parallelism = parallelism
        self._executor = Executor(on_started=on_started, on_ended=on_ended, patience=self._timeouts.patience)
        redact = Redactor((*secret_values(environment), *secrets))
        self._invocation = Invocation(self._executor, redact, on_event)

    def init(self, root: Path) -> bool:
        """Initialise the folder; false when root, modules and lock file are as they were and nothing was done."""
        environment = self._environment(root)
        if initialisation.is_current(root, self._terraform, environment):
            return False
        initialisation.forget(root)
        self._listen(root, self._timeouts.init, "init", input=False, no_color=FLAG, json=FLAG)
        initialisation.mark(root, self._terraform, environment)
        return True

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
        """Save a plan at ``out``; an older file there is removed first, and nothing is left after a failure.

        Without ``refresh`` the state is taken as it is and no resource is read.
        """
        options: dict[str, Option] = {
            "input": False,
            "no_color": FLAG,
            "json": FLAG,
            "detailed_exitcode": FLAG,
            "parallelism": self._parallelism,
            "out": str(out.absolute()),
            "destroy": FLAG if destroy else None,
            "refresh_only": FLAG if refresh_only else None,
            "refresh": None if refresh else False,
            "lock": None if lock else False,
        }
        out.unlink(missing_ok=True)
        try:
            answer = self._initialised(
                root,
                lambda: self._listen(root, self._timeouts.plan, "plan", good=(_NO_CHANGES, _CHANGES), **options),
            )
        except BaseException:
            out.unlink(missing_ok=True)
            raise
        return PlanResult(answer.code == _CHANGES, out, digest(out), answer.diagnostics)

    def show(self, root: Path, plan_file: Path, *, keep: Path | None = None) -> Plan:
        """Read a saved plan. Raises InvalidInput when it is larger or deeper than any plan should be."""
        of_file = digest(plan_file)
        file = str(plan_file.absolute())
        content = self._capture(root, "show", file, no_color=FLAG, json=FLAG)
        if keep is not None:
            keep.touch(mode=0o600)
            keep.write_bytes(content)
        return Plan.from_bytes(content, digest=of_file)

    def apply(self, root: Path, plan_file: Path, sha256: str) -> ApplyResult:
        """Apply a private copy of the plan file, after comparing its digest."""
        with approved_copy(plan_file.absolute(), sha256) as copy:
            answer = self._listen(
                root,
                self._timeouts.apply,
                "apply",
                str(copy),
                input=False,
                no_color=FLAG,
                json=FLAG,
                parallelism=self._parallelism,
            )
        complete = all(each.summary != _PARTIAL for each in answer.diagnostics)
        return ApplyResult(answer.outputs, answer.diagnostics, complete)

    def outputs(self, root: Path) -> dict[str, Any]:
        """Return all outputs in the state, the sensitive ones in clear."""
        content = self._initialised(root, lambda: self._capture(root, "output", no_color=FLAG, json=FLAG))
        try:
            return {name: each["value"] for name, each in json.loads(content).items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TerraformFailed("terraform output did not print outputs", where=str(root)) from error

    def state(self, root: Path) -> StateDocument:
        """Return the state, in clear."""
        content = self._initialised(root, lambda: self._capture(root, "show", no_color=FLAG, json=FLAG))
        return StateDocument.from_bytes(content)

    def force_unlock(self, root: Path, lock_id: str) -> None:
        """Break one lock; with the gcs backend the id is the lock's generation."""
        self._tell(root, "force-unlock", lock_id, force=FLAG)

    def untaint(self, root: Path, address: str) -> None:
        """Take the mark from a resource that would be replaced."""
        self._tell(root, "untaint", address, no_color=FLAG)

    def state_push(self, root: Path, file: Path, *, lock: bool = True) -> None:
        """Put a state file where the backend keeps it."""
        self._tell(root, "state push", str(file.absolute()), lock=None if lock else False)

    def interrupt(self) -> None:
        """Pass on the user's wish to stop to everything that this runner has under way."""
        self._executor.interrupt()

    def _initialised(self, root: Path, work: Callable[[], _Result]) -> _Result:
        """Do some work that reads only; once more after an init when Terraform finds the folder out of date."""
        try:
            return work()
        except InitRequired:
            initialisation.forget(root)
            self.init(root)
            return work()

    def _listen(
        self, root: Path, timeout: float, name: str, *arguments: str, good: tuple[int, ...] = (0,), **options: Option
    ) -> Answer:
        return self._invocation.listen(self._command(root, timeout, name, *arguments, **options), name, good=good)

    def _capture(self, root: Path, name: str, *arguments: str, **options: Option) -> bytes:
        command = self._command(root, self._timeouts.show, name, *arguments, **options)
        return self._invocation.capture(command, name, limit=LARGEST)

    def _tell(self, root: Path, name: str, *arguments: str, **options: Option) -> None:
        self._invocation.tell(self._command(root, self._timeouts.state, name, *arguments, **options), name)

    def _command(self, root: Path, timeout: float, name: str, *arguments: str, **options: Option) -> Command:
        argv = build(self._terraform.argv, name, *arguments, **options)
        return Command(argv, root, self._environment(root), timeout)

    def _environment(self, root: Path) -> dict[str, str]:
        scratch = root / _SCRATCH
        try:
            scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            return private_environment(self._given, scratch)
        except OSError as error:
            raise TerraformFailed(
                f"the root cannot be worked in: {error.strerror}", fix="mend that and try again", where=str(root)
            ) from error
