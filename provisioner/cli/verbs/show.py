"""``show``: everything about a team on one page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from provisioner import settings
from provisioner.cli import candidates
from provisioner.cli.inputs import sandbox_option
from provisioner.cli.output import bad, emit, faint, good, output_option, table, write_file
from provisioner.cli.recorded import last_inputs, last_run


@click.command()
@click.argument("team", metavar="TEAM", shell_complete=candidates.teams)
@click.option("--html", "html_file", metavar="FILE", type=click.Path(path_type=Path), help="Write it as one page.")
@click.option("--live", is_flag=True, help="Read access from the cloud's policies, not from the last run.")
@sandbox_option
@output_option
def command(team: str, *, html_file: Path | None, live: bool, sandbox: bool | None, output: str) -> None:
    """Show everything about TEAM: environments, who reaches its identities, repository, budget, last runs.

    It is read from the run book and from the states; nothing is changed. The page needs no other file and asks
    nobody for anything, so it can be sent on.

    \b
    Examples:
      provision-env show churn
      provision-env show churn --html churn.html
      provision-env show churn --live -o json
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.wiring.showing import overview  # noqa: PLC0415 - help does not pay for it

    current = settings.read()
    last_run(current, team)
    document = overview(current, last_inputs(current, team).team(), sandbox, live=live)
    if html_file is not None:
        from provisioner.access.team_page import team_page  # noqa: PLC0415 - only the page needs it

        write_file(html_file, team_page(document))
    emit(document, output, lambda: _text(document))


def _text(document: dict[str, Any]) -> Iterator[str]:
    yield click.style(document["team"], bold=True)
    if document["description"]:
        yield document["description"]
    place = "in the sandbox" if document["place"] == "sandbox" else "on the real clouds"
    yield faint(f"{document['owner']}, {place}")
    yield faint(f"cost centre {document['cost_center']}, {document['data_class']} data")
    for each in document["environments"]:
        yield ""
        yield from _environment(each)
    yield ""
    yield from _access(document["access"])
    yield ""
    repository = document["repository"]
    yield f"Repository  {repository['html_url']}" if repository else f"Repository  {faint('none')}"
    yield ""
    rows = [(run["id"], _status(run["status"]), run["started"][:16].replace("T", " ")) for run in document["runs"]]
    yield from table(("LAST RUNS", "STATUS", "STARTED"), rows)


def _environment(each: dict[str, Any]) -> Iterator[str]:
    name = click.style(each["name"], bold=True)
    if not each["exists"]:
        yield f"{name}  {bad('does not exist')}  {each['project']}"
        return
    budget = f"{each['budget']['amount']} {each['budget']['currency']} a month"
    yield f"{name}  {each['project']}, {each['region']}, {each['resources']['count']} resources, {budget}"
    yield from (f"  {thing['kind']:15}  {_short(thing['name'])}" for thing in each["things"])
    if each["reviewers"]:
        yield f"  {'approved by':15}  {', '.join(each['reviewers'])}"


def _short(name: str) -> str:
    """Leave out what stands in the line above: a registry's place, an account's project."""
    return name.rpartition("/")[2].partition("@")[0]


def _access(access: dict[str, Any] | None) -> Iterator[str]:
    if access is None:
        yield f"Access      {faint('no identity exists')}"
        return
    yield f"Access      {good('as promised') if access['right'] else bad('NOT as promised')}: {access['summary']}"
    strange = [each for each in access.get("unmanaged", ()) if each["ours"]]
    yield from (f"  {bad('not from Terraform')}: {each['sentence']}" for each in strange)
    shown = [row for row in access["rows"] if row["expected"] or not row["right"]]
    rows = [(row["identity"], row["context"], good("yes") if row["right"] else bad("WRONG")) for row in shown]
    yield from table(("IDENTITY", "REACHED BY", "RIGHT"), rows)


def _status(status: str) -> str:
    if status == "running":
        return status
    return good(status) if status == "done" else bad(status)
