"""``audit``: who did what, and whether the record is whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provisioner import settings
from provisioner.cli import candidates
from provisioner.cli.output import emit, good, moment, output_option, table, write_file
from provisioner.errors import InvalidInput, ProvisionError
from provisioner.wiring.folders import open_ledger

if TYPE_CHECKING:
    from provisioner.runs.ledger import Ledger

_COLUMNS = ("number", "time", "event", "root")
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_OWN = {*_COLUMNS, "digest"}


@click.group()
def command() -> None:
    """Show, verify and export the audit trail.

    Each record covers the digest of the one before it: a changed, dropped or
    moved record is found.
    """


@command.command()
@click.option("--run", "run_id", metavar="RUN", shell_complete=candidates.runs, help="Only records of this run.")
@click.option("--limit", default=50, show_default=True, help="The newest N.")
@output_option
def show(run_id: str | None, limit: int, output: str) -> None:
    """Show the newest records, oldest first."""
    found = [each for each in _ledger().audit_records() if run_id is None or each.get("run") == run_id][-limit:]
    rows = [(*map(str, _known(each)), _rest(each)) for each in found]
    headings = ("#", *(name.upper() for name in _COLUMNS[1:]), "FACTS")
    emit(found, output, lambda: table(headings, rows) if rows else ["nothing recorded yet"])


@command.command()
@click.option(
    "--against",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An earlier export: a trail that was written anew differs from it.",
)
@output_option
def verify(against: Path | None, output: str) -> None:
    """Follow the chain from its beginning; exit code 1 names the first record that is not as it was written."""
    ledger = _ledger()
    broken, number = ledger.broken_audit_record(_read(against) if against else ()), len(ledger.audit_records())
    emit(
        {"records": number, "whole": broken is None, "first_broken": broken},
        output,
        lambda: [f"{good('whole')}  {number} records"] if broken is None else [],
    )
    if broken is not None:
        raise ProvisionError(
            f"the audit trail is broken at record {broken}: it was changed, dropped or moved",
            fix="compare with your last `audit export`; what follows that record cannot be trusted either",
            where="ledger.sqlite3",
        )


@command.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
def export(file: Path) -> None:
    """Write all records as JSON lines to FILE, or to standard output."""
    lines = "".join(json.dumps(each, sort_keys=True, ensure_ascii=False) + "\n" for each in _ledger().audit_records())
    if str(file) == "-":
        click.echo(lines, nl=False)
        return
    write_file(file, lines, private=True)


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [{"number": each["number"], "digest": each["digest"]} for each in records]
    except (OSError, ValueError, TypeError, KeyError) as error:
        fix = "give a file that `audit export` wrote"
        raise InvalidInput("this is no export of an audit trail", fix=fix, where=str(file)) from error


def _ledger() -> Ledger:
    return open_ledger(settings.read())


def _known(record: Mapping[str, Any]) -> Iterable[object]:
    return (moment(str(record[name])) if name == "time" else record.get(name, "") for name in _COLUMNS)


def _rest(record: Mapping[str, Any]) -> str:
    return " ".join(_facts((name, value) for name, value in record.items() if name not in _OWN))


def _facts(facts: Iterable[tuple[str, Any]]) -> Iterable[str]:
    return (f"{name}={_short(value)}" for name, value in facts if value not in ("", None))


def _short(value: Any) -> str:  # noqa: ANN401 - any JSON value is a fact
    """Return a fact for people; of a digest the beginning does, the whole of it is in the other forms."""
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{_short(each)}" for name, each in value.items())
    return _DIGEST.sub(lambda found: found[0][:12], str(value))
