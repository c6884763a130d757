"""``repo``: only the repository, for a team whose infrastructure exists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provisioner import settings
from provisioner.cli.inputs import platform_option, read_team, request_argument, sandbox_option
from provisioner.cli.output import bad, emit, good, output_option
from provisioner.errors import InvalidInput, ProvisionError

if TYPE_CHECKING:
    from provisioner.cli.display import Display
    from provisioner.request.resolve import Team


@click.group()
def command() -> None:
    """Set up, bring in or verify only the repository of a team.

    For a team whose infrastructure exists: it says what is there under
    `existing` of each environment, or `--outputs` does.
    """


def outputs_option(function: Any) -> Any:  # noqa: ANN401 - a decorator
    """Take the file with what Terraform made."""
    return click.option(
        "--outputs",
        "outputs_file",
        type=click.Path(path_type=Path),
        help='JSON: {"dev": <output `environment` of dev\'s root>, …}, or what `up --output json` printed [default: '
        "`existing` of the request, else the states]",
    )(function)


@command.command()
@request_argument
@platform_option
@sandbox_option
@outputs_option
@output_option
def bootstrap(
    *, request_file: Path, platform_file: Path | None, sandbox: bool | None, outputs_file: Path | None, output: str
) -> None:
    """Make the repository of REQUEST and fill it, without Terraform.

    Access, environments, variables, first commit, rulesets; what is there
    already is mended. Nothing in Google Cloud is made or changed.
    """
    from provisioner.wiring.repositories import outputs_of, set_up  # noqa: PLC0415 - help does not pay for it

    team, current = read_team(request_file, platform_file), settings.read()
    outputs = outputs_of(current, team, _outputs(outputs_file, team), sandbox)
    board = _board(current)
    with board.shown():
        done = set_up(current, team, outputs, board, sandbox)
    emit(done, output, lambda: [f"{good('ready')}  {done['html_url']}  {done['summary']}", *_told(done["differences"])])


@command.command()
@request_argument
@click.option("--repository", metavar="OWNER/NAME", help="The repository [default: the one of REQUEST]")
@click.option(
    "--replace",
    metavar="PATTERN",
    multiple=True,
    help="Replace files that exist with other content and match, such as '.github/*'; can be repeated.",
)
@platform_option
@sandbox_option
@outputs_option
@output_option
def adopt(  # noqa: PLR0913 - the options of the verb
    *,
    request_file: Path,
    repository: str | None,
    replace: tuple[str, ...],
    platform_file: Path | None,
    sandbox: bool | None,
    outputs_file: Path | None,
    output: str,
) -> None:
    """Bring a repository with content in by one pull request; change nothing else.

    The pull request adds what the repository lacks. Files that it has in
    another form stay and are told, unless --replace names them. Run it again to
    bring the same pull request up to date; after the merge, run bootstrap.

    \b
    Examples:
      provision-env repo adopt teams/churn.yaml --repository acme/churn-model
      provision-env repo adopt teams/churn.yaml --replace '.github/*'
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.wiring import repositories  # noqa: PLC0415 - help does not pay for it

    team, current = read_team(request_file, platform_file), settings.read()
    team = repositories.named(team, repository) if repository else team
    outputs = repositories.outputs_of(current, team, _outputs(outputs_file, team), sandbox)
    board = _board(current)
    with board.shown():
        done = repositories.adopt(current, team, outputs, board, sandbox, replace)
    emit(done, output, lambda: _proposed(done))


@command.command()
@request_argument
@platform_option
@sandbox_option
@outputs_option
@output_option
def verify(
    *, request_file: Path, platform_file: Path | None, sandbox: bool | None, outputs_file: Path | None, output: str
) -> None:
    """Compare the repository of REQUEST with what was set up.

    Every difference is told: settings, environments, rules, variables, identity
    tokens, people, files that guard. Exit code 1 when there is one; nothing is
    changed.
    """
    from provisioner.wiring.repositories import differences, outputs_of  # noqa: PLC0415 - help does not pay for it

    team, current = read_team(request_file, platform_file), settings.read()
    outputs = outputs_of(current, team, _outputs(outputs_file, team), sandbox)
    board = _board(current)
    with board.shown():
        found = differences(current, team, outputs, board, sandbox)
    emit(found, output, lambda: _told(found) or [f"{good('as it was set up')}  {team.repository_full_name}"])
    if found:
        raise ProvisionError(
            f"{len(found)} {'thing differs' if len(found) == 1 else 'things differ'} from what was set up",
            fix="`repo bootstrap` mends settings, `repo adopt --replace` proposes files; access is up to people",
            where=team.repository_full_name,
        )


def _board(current: settings.Settings) -> Display:
    from provisioner.cli.display import display  # noqa: PLC0415 - help does not pay for it

    return display(no_color=current.no_color, ci=current.ci)


def _told(found: Sequence[dict[str, str]]) -> list[str]:
    return [f"{bad('differs')}  {each['where']}: expected {each['expected']}, found {each['found']}" for each in found]


def _proposed(done: dict[str, Any]) -> list[str]:
    counts = [f"{len(done[what])} files {what}" for what in ("added", "replaced") if done[what]]
    first = f"{good(done['state'])}  {done['pull_request'] or done['repository']}"
    return [
        f"{first}  {', '.join(counts) or 'no file to add'}",
        *(f"kept  {each['path']}: {each['reason']}" for each in done["kept"]),
        *(f"later  {each['where']}" for each in done["later"]),
        *(["`provision-env repo bootstrap` sets what is said to come later, after the merge"] if done["later"] else []),
    ]


def _outputs(path: Path | None, team: Team) -> dict[str, Any]:
    """Read outputs by environment; the result of `up` holds them by root."""
    if path is None:
        return {}
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"the outputs cannot be read: {error}", fix="give a JSON file", where=str(path)) from error
    if isinstance(document, dict) and isinstance(document.get("outputs"), dict):
        by_root = document["outputs"]
        document = {each.name: by_root[each.names.root] for each in team.environments if each.names.root in by_root}
    if not isinstance(document, dict) or not all(isinstance(each, dict) for each in document.values()):
        raise InvalidInput("these are no outputs", fix="give an object of objects by environment", where=str(path))
    return {name: each if "environment" in each else {"environment": each} for name, each in document.items()}
