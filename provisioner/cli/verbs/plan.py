"""``plan``: what ``up`` would change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provisioner import settings
from provisioner.cli.changes import attributes
from provisioner.cli.inputs import (
    nearest_platform,
    platform_option,
    read_team,
    request_argument,
    sandbox_option,
)
from provisioner.cli.output import bad, emit, good, output_option
from provisioner.cli.reporting import progress_option
from provisioner.errors import InvalidInput, RefusedByPolicy

if TYPE_CHECKING:
    from provisioner.render import RepositoryIds
    from provisioner.request.resolve import Team
    from provisioner.wiring.observing import Preview
    from provisioner.wiring.proposing import Proposal


@click.command()
@request_argument
@platform_option
@sandbox_option
@click.option("--empty-state", is_flag=True, help="Plan as if nothing existed: for who may not read the state.")
@click.option(
    "--pull-request",
    is_flag=True,
    help="Plan as a pull request may: from the state where the environment allows it, else as if nothing existed.",
)
@click.option(
    "--base",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The request before: show what differs in the rendered roots. A file that is absent makes the team a new one.",
)
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
    pull_request: bool,
    base: Path | None,
    changes_file: Path | None,
    thread: str | None,
    output: str,
) -> None:
    """Show what `up` would change for REQUEST, and whether the rules let it pass.

    Creates nothing anywhere and takes no lock. Where the repository does not exist yet its id is a stand-in.
    Exit code 3 when a rule refuses the plan.

    \b
    Examples:
      provision-env plan teams/churn.yaml --sandbox
      provision-env plan teams/churn.yaml --pull-request --base ../main/churn.yaml
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.runs.reviewed import Reviewed  # noqa: PLC0415 - help does not pay for it
    from provisioner.wiring.bases import Reading  # noqa: PLC0415 - likewise

    if empty_state and pull_request:
        raise InvalidInput("a pull request's plan reads some states", fix="give one of the two", where="--empty-state")
    reading = Reading.NOTHING if empty_state else Reading.PULL_REQUEST if pull_request else Reading.STATES
    team = read_team(request_file, platform_file)
    asked = _Asked(team, *_planned(team, sandbox, reading))
    if changes_file:
        changes = {each.root: each.plan.redacted() for each in asked.previews}
        Reviewed(team.slug, asked.ids.preview, changes).write(changes_file)
    proposed = asked.compared(base, platform_file) if base else None
    if thread:
        asked.publish(thread, proposed)
    document = asked.document(proposed)
    emit(document, output, lambda: _text(document))
    refused = [each["root"] for each in document["roots"] if not each["verdict"]["passed"]]
    if refused:
        raise RefusedByPolicy(f"the rules refuse {', '.join(refused)}", fix="mend the request, or ask for a waiver")


def _planned(team: Team, sandbox: bool | None, reading: Any) -> tuple[RepositoryIds, list[Preview]]:  # noqa: ANN401, FBT001 - a Reading, which help does not import; three states
    from provisioner.cli.display import display  # noqa: PLC0415 - help does not pay for it
    from provisioner.wiring.observing import known_ids, preview  # noqa: PLC0415 - likewise

    current = settings.read()
    board = display(no_color=current.no_color, ci=current.ci)
    with board.shown():
        ids = known_ids(current, team, sandbox, reading)
        return ids, preview(current, team, board, sandbox, reading=reading, ids=ids)


@dataclass(frozen=True)
class _Asked:
    team: Team
    ids: RepositoryIds
    previews: list[Preview]

    def compared(self, base: Path, platform_file: Path | None) -> Proposal:
        from provisioner.wiring.proposing import platform_of, proposal  # noqa: PLC0415 - help does not pay for it

        found = platform_file or nearest_platform(base.resolve().parent)
        return proposal(self.team, base, self.ids, platform_of(base, found))

    def publish(self, thread: str, proposed: Proposal | None) -> None:
        from provisioner.wiring.comments import publish_comment  # noqa: PLC0415 - likewise
        from provisioner.wiring.proposing import comments  # noqa: PLC0415 - likewise

        for each in comments(self.team, self.ids, self.previews, proposed):
            publish_comment(settings.read(), thread, each.parts, begin=each.telling)

    def document(self, proposed: Proposal | None) -> dict[str, Any]:
        from provisioner.wiring.accessing import difference, repository_of  # noqa: PLC0415 - likewise

        repository = repository_of(self.team, self.ids.repository_id, self.ids.owner_id)
        access = difference(self.team, repository, (each.plan for each in self.previews)).document()
        roots = [each.document() for each in self.previews]
        rendered = {"rendered": proposed.document()} if proposed else {}
        return {"team": self.team.slug, "roots": roots, "access": access, **rendered}


def _text(document: dict[str, Any]) -> Iterator[str]:
    for each in document["roots"]:
        yield ""
        yield f"{each['root']}: {'no changes' if each['empty'] else each['summary']}"
        yield f"  planned from {each['planned']['from']}: {each['planned']['because']}"
        for change in each["changes"]:
            yield f"  {_sign(change['actions'])} {change['address']}"
            yield from (f"      {line}" for line in attributes(change))
        for finding in each["verdict"]["findings"]:
            mark = bad("refused") if finding["blocks"] else "noted"
            yield f"  {mark} {finding['rule']} {finding['resource']}: {finding['reason']}"
    yield from _access(document["access"])
    if "rendered" in document:
        yield from _rendered(document["rendered"])


def _access(change: dict[str, list[str]]) -> Iterator[str]:
    from provisioner.access.changes import marked  # noqa: PLC0415 - help does not pay for it

    yield ""
    yield "access: who reaches or may do what"
    yield from (f"  {line}" for line in marked(change))


def _rendered(proposed: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"rendered roots, {proposed['base']}: {'these differ' if proposed['diffs'] else 'nothing differs'}"
    for diff in proposed["diffs"].values():
        yield from (f"  {line}" for line in diff.splitlines())


def _sign(actions: list[str]) -> str:
    if actions == ["create"]:
        return good("+")
    return bad("-") if actions == ["delete"] else "~"
