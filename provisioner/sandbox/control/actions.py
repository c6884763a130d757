"""What the control interface can do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from provisioner.errors import InvalidInput
from provisioner.sandbox.control.application import Action, document_of, text_of
from provisioner.sandbox.control.containers import Containers
from provisioner.sandbox.control.faults import FaultPlan
from provisioner.sandbox.control.journal import Journal
from provisioner.sandbox.control.observed import Observed
from provisioner.sandbox.control.snapshots import Snapshots
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.world import World

Json = dict[str, Any]
_LONGEST_WAIT = 45  # seconds: less than a client of the control interface waits for an answer


class Doors(Protocol):
    """What only the server knows: its ports, the provider it serves, the tokens it hands out, its end."""

    def describe(self) -> Json:
        """Return process id, ports and start time."""

    def look(self) -> Json:
        """Return an address that opens the pages once."""

    def provider_reattach(self) -> str:
        """Return the value of TF_REATTACH_PROVIDERS; starts the provider if need be. Raises ProvisionError."""

    def credentials(self) -> Json:
        """Return the operator's tokens."""

    def github_app(self) -> Json:
        """Return ``appId`` and ``privateKey`` (PEM) of the operator's GitHub App."""

    def mint_job_token(self, context: Mapping[str, str]) -> Json:
        """Return ``request_url`` and ``request_token`` of a job. Raises ProvisionError where GitHub would refuse."""

    def lay_foundations(self, plan: Json) -> list[str]:
        """Make what no public API can (organisations, billing accounts, numbers); return what was made."""

    def allow_hosts(self, hosts: list[str]) -> list[str]:
        """Let hosts through to the real world; return all that are."""

    def shut_down(self) -> None:
        """Begin to stop; returns at once."""


class Actions:
    """The control interface's verbs, bound to one server's parts."""

    def __init__(  # noqa: PLR0913 - one part per group of verbs
        self,
        *,
        world: World,
        doors: Doors,
        journal: Journal,
        faults: FaultPlan,
        snapshots: Snapshots,
        observed: Observed,
    ) -> None:
        """Keep the parts."""
        self._world = world
        self._doors = doors
        self._journal = journal
        self._faults = faults
        self._snapshots = snapshots
        self._observed = observed
        self._containers = Containers(world)

    def table(self) -> Mapping[tuple[str, str], Action]:
        """Return all verbs."""
        return {
            ("GET", "status"): self.status,
            ("GET", "environment"): self.environment,
            ("GET", "credentials"): lambda _: self._doors.credentials(),
            ("GET", "requests"): self.requests,
            ("DELETE", "requests"): self._then(self._journal.clear),
            ("POST", "look"): lambda _: self._doors.look(),
            ("GET", "clock"): lambda _: self._now(),
            ("POST", "clock"): self.advance,
            ("GET", "faults"): lambda _: {"faults": self._faults.describe()},
            ("PUT", "faults"): self.set_faults,
            ("POST", "faults"): self.add_fault,
            ("DELETE", "faults"): self._then(lambda: self._faults.replace([])),
            ("GET", "run"): self._containers.revisions,
            ("PUT", "run/failure"): self._containers.order_failure,
            ("GET", "settings"): lambda _: dict(self._world.settings),
            ("PATCH", "settings"): self.change_settings,
            ("GET", "snapshots"): lambda _: {"snapshots": self._snapshots.names()},
            ("POST", "snapshot"): self.snapshot,
            ("POST", "restore"): self.restore,
            ("POST", "reset"): self._then(self._snapshots.reset),
            ("POST", "seed"): lambda request: {"made": self._doors.lay_foundations(document_of(request))},
            ("GET", "github/app"): lambda _: self._doors.github_app(),
            ("POST", "github/job-token"): self.job_token,
            ("POST", "github/user-token"): self.user_token,
            ("POST", "github/rest"): self.wait_for_rest,
            ("POST", "hosts"): self.hosts,
            ("POST", "shutdown"): self.shutdown,
        }

    def status(self, request: Request) -> Json:
        """Say how the sandbox is; counts as a sign of life, so that a joiner is not shut out in the next second."""
        del request
        self._observed.touch()
        return self._doors.describe() | {
            "requests": self._journal.total,
            "methods": self._journal.counts(),
            "settings": dict(self._world.settings),
        } | self._now()  # fmt: skip

    def environment(self, request: Request) -> Json:
        """Return what a client needs beside the addresses: tokens and the provider to attach to."""
        del request
        self._observed.touch()
        return self._doors.credentials() | {"providerReattach": self._doors.provider_reattach()}

    def requests(self, request: Request) -> Json:
        """Search the request log; filters are query parameters (see Journal.search)."""
        filters = dict(request.query_pairs())
        try:
            return {"requests": self._journal.search(filters)}
        except (KeyError, ValueError) as error:
            raise InvalidInput(
                f"bad filter: {error}", fix="name, method, host, status, path, text, after, limit"
            ) from None

    def advance(self, request: Request) -> Json:
        """Move the clock: ``{"advanceSeconds": 3600}``."""
        seconds = document_of(request).get("advanceSeconds")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise InvalidInput("'advanceSeconds' is missing or no number")
        self._world.clock.advance(seconds)
        return self._now()

    def set_faults(self, request: Request) -> Json:
        """Set the faults in force: ``{"faults": [...]}``; counting starts again."""
        faults = document_of(request).get("faults")
        if not isinstance(faults, list) or not all(isinstance(fault, dict) for fault in faults):
            raise InvalidInput("'faults' is missing or no list of objects")
        self._faults.replace(faults)
        return {"faults": self._faults.describe()}

    def add_fault(self, request: Request) -> Json:
        """Set one more fault, the body; the others go on counting."""
        self._faults.add(document_of(request))
        return {"faults": self._faults.describe()}

    def change_settings(self, request: Request) -> Json:
        """Change some switches; returns all."""
        self._world.settings.change(document_of(request))
        self._world.errands.wake()
        return dict(self._world.settings)

    def snapshot(self, request: Request) -> Json:
        """Save everything under a name: ``{"name": "seeded"}``."""
        self._snapshots.save(text_of(document_of(request), "name"))
        return {"snapshots": self._snapshots.names()}

    def restore(self, request: Request) -> Json:
        """Go back to a snapshot: ``{"name": "seeded"}``."""
        self._snapshots.restore(text_of(document_of(request), "name"))
        return {"snapshots": self._snapshots.names()}

    def hosts(self, request: Request) -> Json:
        """Let hosts through to the real world: ``{"allow": ["pypi.org"]}``."""
        hosts = document_of(request).get("allow")
        if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
            raise InvalidInput("'allow' is missing or no list of host names")
        return {"allowed": self._doors.allow_hosts(hosts)}

    def job_token(self, request: Request) -> Json:
        """Return what a job of a context is given to ask for its OIDC token."""
        context = document_of(request)
        if not all(isinstance(value, str) for value in context.values()):
            raise InvalidInput("a job's context has only texts")
        return self._doors.mint_job_token(context)

    def user_token(self, request: Request) -> Json:
        """Return a token of a GitHub user, to act as that person: ``{"login": "ann"}``."""
        from provisioner.sandbox.github.actions.people import token_of  # noqa: PLC0415 - GitHub is loaded when it is used

        with self._world.store.transaction() as tx:
            return {"token": token_of(tx, text_of(document_of(request), "login"))}

    def wait_for_rest(self, request: Request) -> Json:
        """Wait until no workflow has anything left to execute, for ``{"seconds": 30}`` at most; return what goes on."""
        from provisioner.sandbox.github.actions.resting import wait_for_rest  # noqa: PLC0415 - as above

        seconds = document_of(request).get("seconds", 0)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= _LONGEST_WAIT:
            raise InvalidInput(f"'seconds' is no number from 0 to {_LONGEST_WAIT}")
        self._observed.touch()
        return wait_for_rest(self._world, seconds)

    def shutdown(self, request: Request) -> Response:
        """Stop the server. The answer ends when the process does, so a client knows without asking again."""
        del request
        self._doors.shut_down()
        return Response(200, (("Content-Type", "text/plain"), ("Connection", "close")), _until_the_end())

    def _then(self, action: Callable[[], object]) -> Action:
        def act(request: Request) -> Json:
            del request
            action()
            return {}

        return act

    def _now(self) -> Json:
        return {"now": self._world.clock.now().isoformat()}


def _until_the_end() -> Iterator[bytes]:
    yield b"stopping\n"
    threading.Event().wait()
