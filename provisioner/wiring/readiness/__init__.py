"""Whether a run could start: every check at once, none waited for longer than was said."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from provisioner.errors import ProvisionError
from provisioner.settings import Settings

if TYPE_CHECKING:
    from provisioner.request.models import Platform

State = Literal["ok", "warning", "bad", "skipped"]
PATIENCE = 2.0
"""Seconds that all checks together may take."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: ``bad`` stops a run, ``warning`` may; ``fix`` says how to mend it."""

    check: str
    state: State
    found: str
    fix: str = ""

    def document(self) -> dict[str, str]:
        """Return the fields as JSON shows them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a run would start: settings, the folder with the requests, and whether it is about a sandbox."""

    settings: Settings
    folder: Path
    sandbox: bool
    patience: float = PATIENCE

    def platform_file(self) -> Path | None:
        """Return the nearest platform.yaml."""
        candidates = (each / "platform.yaml" for each in (self.folder, *self.folder.parents))
        return next((each for each in candidates if each.is_file()), None)

    def platform(self) -> Platform | None:
        """Return the settings of the platform; None where there are none or they cannot be read."""
        from provisioner.request.loading import load_platform  # noqa: PLC0415 - checks of the machine need none

        file = self.platform_file()
        try:
            return load_platform(file) if file else None
        except ProvisionError:
            return None


Check = Callable[[Situation], Finding]


def examine(situation: Situation, checks: Mapping[str, Check] | None = None) -> list[Finding]:
    """Run all checks at once and return what they found, in their order.

    One that has not answered when the patience ends is a warning: what is slow today may work. Its thread is left to
    itself.
    """
    wanted = all_checks() if checks is None else checks
    answers: queue.SimpleQueue[Finding] = queue.SimpleQueue()
    for name, check in wanted.items():
        work = (name, check, situation, answers)
        threading.Thread(target=_checked, args=work, name=f"doctor-{name}", daemon=True).start()
    found = _collected(answers, len(wanted), time.monotonic() + situation.patience)
    late = f"no answer within {situation.patience:g} s"
    slow = "look at the network and the proxy, or give it longer: --patience 30"
    return [found.get(name) or Finding(name, "warning", late, slow) for name in wanted]


def _collected(answers: queue.SimpleQueue[Finding], number: int, deadline: float) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    while len(found) < number:
        try:
            finding = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[finding.check] = finding
    return found


def _checked(name: str, check: Check, situation: Situation, answers: queue.SimpleQueue[Finding]) -> None:
    try:
        finding = check(situation)
    except ProvisionError as error:
        finding = Finding(name, "bad", error.reason, error.fix)
    except Exception as error:  # noqa: BLE001 - a doctor who falls ill says so, and the others go on
        finding = Finding(name, "warning", f"could not be checked: {type(error).__name__}: {error}")
    answers.put(finding)


def all_checks() -> dict[str, Check]:
    """Return every check by its name, in the order in which they are told."""
    from provisioner.wiring.readiness import clouds, folder, machine  # noqa: PLC0415 - they import this

    return {
        "python": machine.python,
        "terraform": machine.terraform,
        "terraform settings": machine.terraform_settings,
        "git": machine.git,
        "run book": machine.run_book,
        "disk": machine.disk,
        "locks": machine.locks,
        "requests": folder.requests,
        "sandbox": folder.sandbox,
        "provider": clouds.provider,
        "google": clouds.google,
        "github": clouds.github,
        "clock": clouds.clock,
    }
