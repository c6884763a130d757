"""``plan``: what ``up`` would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provisioner import settings
from provisioner.cli.inputs import platform_option, read_team, request_argument, sandbox_option
from provisioner.cli.output import bad, emit, good, output_option
from provisioner.cli.reporting import progress_option
from provisioner.errors import RefusedByPolicy

if TYPE_CHECKING:
    from provisioner.wiring.observing import Preview


@click.command()
@request_argument
@platform_option
@sandbox_option
@click.option("--empty-state", is_flag=True, help="Plan as if nothing existed: for who may not read the state.")
@click.option(
    "--out-changes",
    "changes_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the redacted changes, for `up --expect-changes`.",
)
@click.option(
    "--comment", "thread", metavar="OWNER/REPO#N", help="Say it under a pull request, and keep that up to date."
)
@progress_option
@output_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    request_file: Path,
    platform_file: Path | None,
    sandbox: bool | None,
    empty_state: bool,
    changes_file: Path | None,
    thread: str | None,
    output: str,
) -> None:
    """Show what `up` would change for REQUEST, and whether the rules let it pass.

    Creates nothing anywhere and takes no lock. Where the repository does not exist yet its id is a stand-in.
    Exit code 3 when a rule refuses the plan.
    """
    from provisioner.cli.display import display  # noqa: PLC0415 - help does not pay for it
    from provisioner.runs.reviewed import Reviewed  # noqa: PLC0415
    from provisioner.wiring.accessing import difference, repository_of  # noqa: PLC0415
    from provisioner.wiring.observing import known_ids, preview, recorded_ids  # noqa: PLC0415

    team = read_team(request_file, platform_file)
    current = settings.read()
    board = display(no_color=current.no_color, ci=current.ci)
    with board.shown():
        ids = recorded_ids(current, team) if empty_state else known_ids(current, team, sandbox)
        previews = preview(current, team, board, sandbox, empty_state=empty_state, ids=ids)
    roots = [each.document() for each in previews]
    if changes_file:
        changes = {each.root: each.plan.redacted() for each in previews}
        Reviewed(team.slug, ids.preview, changes).write(changes_file)
    repository = repository_of(team, ids.repository_id, ids.owner_id)
    access = difference(team, repository, (each.plan for each in previews)).document()
    if thread:
        _commented(thread, previews)
    emit({"team": team.slug, "roots": roots, "access": access}, output, lambda: (*_text(roots), *_access(access)))
    refused = [each["root"] for each in roots if not each["verdict"]["passed"]]
    if refused:
        raise RefusedByPolicy(f"the rules refuse {', '.join(refused)}", fix="mend the request, or ask for a waiver")


def _commented(thread: str, previews: Sequence[Preview]) -> None:
    from provisioner.policy.formats.comment import comment  # noqa: PLC0415 - help does not pay for it
    from provisioner.wiring.comments import publish_comment  # noqa: PLC0415 - likewise

    for each in previews:
        publish_comment(settings.read(), thread, comment(each.verdict, each.plan.redacted(), each.root))


def _text(roots: list[dict[str, Any]]) -> Iterator[str]:
    for each in roots:
        yield ""
        yield f"{each['root']}: {'no changes' if each['empty'] else each['summary']}"
        yield from (f"  {_sign(change['actions'])} {change['address']}" for change in each["changes"])
        for finding in each["verdict"]["findings"]:
            mark = bad("refused") if finding["blocks"] else "noted"
            yield f"  {mark} {finding['rule']} {finding['resource']}: {finding['reason']}"


def _access(change: dict[str, list[str]]) -> Iterator[str]:
    from provisioner.access.changes import marked  # noqa: PLC0415 - help does not pay for it

    yield ""
    yield "access: who reaches or may do what"
    yield from (f"  {line}" for line in marked(change))


def _sign(actions: list[str]) -> str:
    if actions == ["create"]:
        return good("+")
    return bad("-") if actions == ["delete"] else "~"
