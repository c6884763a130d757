"""``access``: who reaches which identity."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from provisioner import settings
from provisioner.cli import candidates
from provisioner.cli.inputs import sandbox_option
from provisioner.cli.output import bad, emit, faint, good, output_option, table, write_file
from provisioner.cli.recorded import last_inputs, last_run
from provisioner.errors import InvalidInput
from provisioner.runs.progress import counted


@click.command()
@click.argument("team", metavar="TEAM[/ENVIRONMENT]", shell_complete=candidates.teams_and_environments)
@click.option(
    "--from",
    "source",
    type=click.Choice(["run", "state", "plan", "live"]),
    help="What the last run established, what the states hold, what would be after `up`, or what the cloud's policies "
    "say at this moment, changes by hand included [default: run]",
)
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --from plan: the plan of one root, as `terraform show -json` prints it.",
)
@click.option("--all", "everything", is_flag=True, help="Show the refusals too.")
@click.option(
    "--permissions/--no-permissions",
    "with_permissions",
    default=None,
    help="Ask Google what each role allows, for JSON and the page [default: unless it is --from run]",
)
@click.option(
    "--html", "html_file", metavar="FILE", type=click.Path(path_type=Path), help="Write one page with a picture."
)
@sandbox_option
@output_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    team: str,
    source: str | None,
    plan_file: Path | None,
    html_file: Path | None,
    sandbox: bool | None,
    output: str,
    everything: bool,
    with_permissions: bool | None,
) -> None:
    """Show which jobs of the repository reach which identity, and what the identities hold.

    Each row says what started the job, which account it reaches, and whether that was computed from the trust
    conditions or really tried: token minted, exchanged, account impersonated, API called. Exit code 1 when a row is
    not as promised, or when the cloud grants the team's identities something that no state knows.

    \b
    Examples:
      provision-env access churn
      provision-env access churn/prod --from live
      provision-env access churn --from plan --html access.html
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    name, _, environment = team.partition("/")
    if plan_file is not None and source not in {None, "plan"}:
        raise click.UsageError("--plan goes with --from plan.")
    source = source or ("plan" if plan_file else "run")
    found = _found(name, source, plan_file, sandbox)
    matrix = _narrowed(found["matrix"], environment, team)
    if with_permissions or (with_permissions is None and source != "run" and (html_file or output == "json")):
        matrix = {**matrix, "roles": _permissions(name, matrix, sandbox)}
    if html_file is not None:
        from provisioner.access.page import page  # noqa: PLC0415 - only the page needs it

        write_file(html_file, page(name, matrix, origin=found["origin"], made=found["made"]))
    emit(matrix, output, lambda: _text(matrix, everything=everything))
    _require_right(matrix)


def _found(team: str, source: str, plan_file: Path | None, sandbox: bool | None) -> dict[str, Any]:  # noqa: FBT001 - three states
    from provisioner.wiring.accessing import established, recorded  # noqa: PLC0415 - help does not pay for it

    current = settings.read()
    last_run(current, team)
    if source == "run":
        return recorded(current, team)
    from provisioner.cli.display import display  # noqa: PLC0415 - as above

    board = display(no_color=current.no_color, ci=current.ci)
    with board.shown():
        return established(current, _question(team, sandbox, board, plan_file), source)


def _question(team: str, sandbox: bool | None, progress: Any, plan_file: Path | None = None) -> Any:  # noqa: ANN401, FBT001 - loaded lazily
    from provisioner.wiring.accessing import Question  # noqa: PLC0415 - help does not pay for it

    return Question(last_inputs(settings.read(), team).team(), sandbox, progress, plan_file)


def _permissions(team: str, matrix: dict[str, Any], sandbox: bool | None) -> dict[str, tuple[str, ...]]:  # noqa: FBT001 - three states
    from provisioner.wiring.accessing import permissions  # noqa: PLC0415 - help does not pay for it

    question = _question(team, sandbox, lambda _report: None)
    return permissions(settings.read(), question, {held["role"] for held in matrix.get("holdings", ())})


def _narrowed(matrix: dict[str, Any], environment: str, team: str) -> dict[str, Any]:
    """Keep what is about one environment; everything where none is named."""
    _require_known(environment, {row["identity"].partition("/")[0] for row in matrix["rows"]}, team)
    if not environment:
        return matrix
    kept = {key: [each for each in matrix.get(key, ()) if _about(each, environment)] for key in ("rows", "holdings")}
    right = all(row["right"] for row in kept["rows"]) and not _ours(matrix)
    return {**matrix, **kept, "right": right}


def _about(each: dict[str, Any], environment: str) -> bool:
    return bool(each["identity"].startswith(f"{environment}/"))


def _ours(matrix: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in matrix.get("unmanaged", ()) if each["ours"]]


def _require_right(matrix: dict[str, Any]) -> None:
    wrong = [row for row in matrix["rows"] if not row["right"]]
    strange = _ours(matrix)
    if not wrong and not strange:
        return
    from provisioner.access.matrix import AccessMismatch, problems_of  # noqa: PLC0415 - help does not pay for it

    problems = (*problems_of(wrong), *(AccessMismatch(each["sentence"], where=each["at"]) for each in strange))
    raise AccessMismatch(
        f"access is not as promised: {counted(len(wrong), 'row', 'differ')}, "
        f"and Terraform does not know {counted(len(strange), 'thing')} there",
        fix="take back what was changed by hand; `provision-env up` brings the rest back",
        problems=problems,
    )


def _require_known(environment: str, known: set[str], team: str) -> None:
    if environment and environment not in known:
        near = difflib.get_close_matches(environment, known, n=1)
        fix = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(known))}"
        raise InvalidInput(f"there is no environment '{environment}'", fix=fix, where=team)


def _text(matrix: dict[str, Any], *, everything: bool) -> Iterator[str]:
    rows = [row for row in matrix["rows"] if everything or row["expected"] or not row["right"]]
    yield matrix["summary"]
    yield ""
    # Where a job was refused says nothing of jobs that were not.
    stages = [row["stage"] if row["stage"] != "reached" else "" for row in rows]
    names = ["IDENTITY", "JOB", "REACHED", "ESTABLISHED", *(["REFUSED AT"] if any(stages) else [])]
    cells = [
        (row["identity"], row["context"], _outcome(row), row["how"], stage)[: len(names)]
        for row, stage in zip(rows, stages, strict=True)
    ]
    yield from table(names, cells)
    yield ""
    held = [(each["identity"], each["role"], each["scope"], _condition(each)) for each in matrix.get("holdings", ())]
    yield from table(("IDENTITY", "HOLDS", "ON", "IF"), held)
    yield from _strangers(matrix)


def _condition(held: dict[str, Any]) -> str:
    return held.get("condition") or ("a condition holds" if held["conditional"] else "")


def _strangers(matrix: dict[str, Any]) -> Iterator[str]:
    strange, ours = matrix.get("unmanaged", []), _ours(matrix)
    if strange:
        yield ""
        yield f"Not from Terraform: {counted(len(strange), 'thing')}"
        yield from (f"  {bad(each['sentence'])}" for each in ours)
        yield faint(
            f"  {len(strange) - len(ours)} concern others than the team's identities, see --output json or --html"
        )
    yield from (bad(f"Could not be read: {each}") for each in matrix.get("unread", ()))


def _outcome(row: dict[str, Any]) -> str:
    reached = row["executed"] if row["executed"] is not None else row["computed"]
    word = {True: "yes", False: "no", None: "unknown"}[reached]
    return (good if row["right"] else bad)(word if row["right"] else f"{word} (WRONG)")
