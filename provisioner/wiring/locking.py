"""Who holds an environment: the leases of this machine's runs and Terraform's own locks on the states."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from provisioner.errors import InvalidInput, LockedByAnotherRun
from provisioner.runs.leases import Held, holders, release
from provisioner.settings import Settings
from provisioner.terraform.identity import is_alive
from provisioner.wiring.folders import open_artifacts, open_ledger, runs_folder

if TYPE_CHECKING:
    from provisioner.cloud.locks import StateLock
    from provisioner.cloud.session import Session
    from provisioner.request.resolve import Team
    from provisioner.runs.ledger import Ledger, Run


_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Lock:
    """Something that keeps others from working on a root.

    ``kind`` is ``lease`` (a run's, in this machine's book) or ``state`` (Terraform's, in the bucket). ``alive`` tells
    whether its holder is known to work; for a state lock that no run of this machine took, nobody here can know.
    """

    root: str
    kind: Literal["lease", "state"]
    holder: str
    since: str
    where: str
    alive: bool

    def document(self) -> dict[str, str | bool]:
        """Return the fields as JSON shows them."""
        return asdict(self)


def leases(settings: Settings) -> list[Lock]:
    """Return the leases in the book; where no run ever was, no book is begun."""
    if not (runs_folder(settings) / "ledger.sqlite3").is_file():
        return []
    with closing(open_ledger(settings)) as ledger:
        return [_lease(ledger, held) for held in holders(ledger)]


def all_locks(settings: Settings, team: str | None = None, sandbox: bool | None = None) -> list[Lock]:  # noqa: FBT001 - three states
    """Return leases and state locks of the teams that this machine has runs of, or of one team.

    The states of one place are asked: the one that ``sandbox`` says, else where the newest run worked.
    Raises ProvisionError when they cannot be asked.
    """
    if not (runs_folder(settings) / "ledger.sqlite3").is_file():
        return []
    with closing(open_ledger(settings)) as ledger:
        teams = _teams(settings, ledger, team, sandbox)
        roots = {root for each in teams for root, _ in _prefixes(each)}
        found = [_lease(ledger, held) for held in holders(ledger) if team is None or held.name in roots]
        if teams:
            found += [_state_lock(ledger, *each) for each in _Place(settings, ledger, sandbox).held(teams)]
    return sorted(found, key=lambda lock: (lock.root, lock.kind))


def break_lock(
    settings: Settings,
    root: str,
    sandbox: bool | None,  # noqa: FBT001 - three states
    agreed: Callable[[list[Lock]], None],
) -> list[Lock]:
    """Take away what keeps others from a root, and write it into the audit trail; returns what was taken away.

    ``agreed`` is shown the locks and raises when nobody agrees. Raises LockedByAnotherRun while a holder works,
    InvalidInput when nothing holds the root.
    """
    with closing(open_ledger(settings)) as ledger:
        mine = [held for held in holders(ledger) if held.name == root]
        teams = [each for each in _teams(settings, ledger, None, sandbox) if root in dict(_prefixes(each))]
        place = _Place(settings, ledger, sandbox)
        states = [lock for name, lock in place.held(teams) if name == root] if teams else []
        locks = [*(_lease(ledger, each) for each in mine), *(_state_lock(ledger, root, each) for each in states)]
        if not locks:
            raise InvalidInput("nothing holds it", fix="see `provision-env locks list`", where=root)
        _refuse_while_alive(ledger, root, locks)
        agreed(locks)
        _refuse_while_alive(ledger, root, locks)  # answering takes its time
        gone = [_state_lock(ledger, root, each) for each in states if place.take_away(each)]
        gone += [_lease(ledger, each) for each in mine if release(ledger, each)]
        _recorded(ledger, root, gone, settings.user)
        return gone


def _recorded(ledger: Ledger, root: str, gone: list[Lock], user: str) -> None:
    for each in gone:
        ledger.audit("lock broken", root=root, kind=each.kind, holder=each.holder, since=each.since, by=user)
    if any(each.kind == "state" for each in gone):
        for process in ledger.processes(root):
            ledger.forget_process(root, process)


@dataclass(slots=True)
class _Place:
    """The cloud, or the sandbox, whose states are asked."""

    settings: Settings
    ledger: Ledger
    sandbox: bool | None
    entered: bool = False

    def held(self, teams: list[Team]) -> list[tuple[str, StateLock]]:
        """Return the state locks of the teams, each with its root; several are asked for at once."""
        from provisioner.cloud.locks import find_lock  # noqa: PLC0415 - leases alone need no cloud

        self._enter(teams[0])
        wanted = [(root, team.platform.state.bucket, prefix) for team in teams for root, prefix in _prefixes(team)]
        with closing(self._session()) as session, ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda each: (each[0], find_lock(session, each[1], each[2])), wanted)
            return [(root, lock) for root, lock in found if lock is not None]

    def take_away(self, lock: StateLock) -> bool:
        """Remove one lock; false when it is another one by now."""
        from provisioner.cloud.locks import take_away  # noqa: PLC0415 - as above

        with closing(self._session()) as session:
            return take_away(session, lock)

    def _enter(self, team: Team) -> None:
        from provisioner.wiring.place import enter, place_of  # noqa: PLC0415 - as above

        if not self.entered:
            place = place_of(self.settings, self.ledger, team.slug, self.sandbox)
            self.settings = enter(self.settings, place, team, lambda _: None, seed=False).settings
            self.entered = True

    def _session(self) -> Session:
        from provisioner.cloud.session import open_session  # noqa: PLC0415 - as above

        token, clients = self.settings.google_token, self.settings.clients
        file = None if token else clients.get("GOOGLE_APPLICATION_CREDENTIALS")
        return open_session(token, file, clients.get("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"))


def _refuse_while_alive(ledger: Ledger, root: str, locks: list[Lock]) -> None:
    alive = [lock for lock in locks if lock.alive]
    working = [process for process in ledger.processes(root) if is_alive(process)]
    if not alive and not working:
        return
    holder = alive[0].holder if alive else f"Terraform, process {working[0].pid} on {working[0].host}"
    raise LockedByAnotherRun(
        f"its holder still works: {holder}", fix="wait for it, or stop that run with Ctrl-C first", where=root
    )


def _lease(ledger: Ledger, held: Held) -> Lock:
    run = ledger.run(held.run)
    since = run.started if run else ""
    return Lock(held.name, "lease", f"run {held.run}, {held.owner}", since, "this machine", held.holds)


def _state_lock(ledger: Ledger, root: str, lock: StateLock) -> Lock:
    alive = any(map(is_alive, ledger.processes(root)))
    doing = f", {lock.operation.removeprefix('OperationType')}" if lock.operation else ""
    return Lock(root, "state", f"{lock.who or 'unknown'}{doing}", lock.created, lock.address, alive)


def _teams(settings: Settings, ledger: Ledger, team: str | None, sandbox: bool | None) -> list[Team]:  # noqa: FBT001 - three states
    """Return what each team was last asked to be, of the place that is meant."""
    from provisioner.runs.inputs import thaw  # noqa: PLC0415 - leases alone need no request

    runs = ledger.runs(team)
    if not runs:
        return []
    said = sandbox if sandbox is not None else (True if settings.sandbox else None)
    place = runs[0].place if said is None else "sandbox" if said else "clouds"
    newest: dict[str, Run] = {}
    for run in runs:
        if run.place == place:
            newest.setdefault(run.team, run)
    return [thaw(open_artifacts(settings), run.inputs).team() for run in newest.values()]


def _prefixes(team: Team) -> list[tuple[str, str]]:
    """Return the team's roots, each with where its state lies in the bucket."""
    from provisioner.render import state_prefix, waves  # noqa: PLC0415 - leases alone need no roots

    return [(root, state_prefix(team, root)) for wave in waves(team) for root in wave]
