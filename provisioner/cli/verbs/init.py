"""``init``: a few questions, then a request file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from provisioner.cli.inputs import nearest_platform, platform_option
from provisioner.cli.output import emit, good, output_option
from provisioner.errors import InvalidInput, ProvisionError


@click.command()
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--team", prompt="Team (lower case, digits, dashes)", help="Name of the team.")
@click.option("--owner", prompt="E-mail address of the people who answer for it", help="E-mail address of the owners.")
@click.option("--cost-center", prompt="Cost centre", help="Cost centre for the labels.")
@click.option(
    "--data-class",
    prompt="Data class",
    type=click.Choice(["public", "internal", "confidential", "restricted"]),
    default="internal",
    help="How sensitive the data is.",
)
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME=PROJECT",
    help="An environment and its Google Cloud project; may be given several times.",
)
@click.option("--force", is_flag=True, help="Write over a file that exists.")
@platform_option
@output_option
def command(  # noqa: PLR0913 - one parameter per question
    *,
    file: Path | None,
    team: str,
    owner: str,
    cost_center: str,
    data_class: str,
    environments: tuple[str, ...],
    force: bool,
    platform_file: Path | None,
    output: str,
) -> None:
    """Write a request to FILE (default teams/TEAM.yaml); whatever is not given as an option is asked for.

    Nothing is written that `validate` would refuse.
    """
    from provisioner.request.init import Answers, minimal_request  # noqa: PLC0415 - help does not pay for it
    from provisioner.request.loading import load_platform, parse_request  # noqa: PLC0415 - likewise

    projects = _projects(environments or tuple(_ask_environments(team)))
    target = file or Path("teams") / f"{team}.yaml"
    if target.exists() and not force:
        raise InvalidInput("the file exists already", fix="choose another name, or use --force", where=str(target))
    platform = platform_file or nearest_platform(target.absolute().parent)
    answers = Answers(team, owner, cost_center, data_class, projects)
    text = minimal_request(answers, schema=_schema(target, platform))
    parse_request(text, str(target), load_platform(platform) if platform else None)
    _write(target, text)
    document = {"file": str(target), "team": team, "environments": list(projects)}
    emit(document, output, lambda: [f"{good('wrote')}  {target}", f"next   provision-env validate {target}"])


def _schema(target: Path, platform: Path | None) -> str:
    """Return where an editor finds the schema, seen from the request: beside platform.yaml, or nowhere."""
    schema = platform.absolute().parent / "schemas" / "request.schema.json" if platform else None
    if schema is None or not schema.is_file():
        return ""
    return Path(os.path.relpath(schema, target.absolute().parent)).as_posix()


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProvisionError(
            f"cannot write: {error.strerror}", fix="name another file, or make room", where=str(target)
        ) from error


def _ask_environments(team: str) -> list[str]:
    pairs = []
    for name in ("dev", "stage", "prod"):
        project = click.prompt(
            f"Project id for {name} (empty: no {name})", default=f"{team}-{name}" if name == "dev" else ""
        )
        if project:
            pairs.append(f"{name}={project}")
    return pairs


def _projects(pairs: tuple[str, ...]) -> dict[str, str]:
    projects: dict[str, str] = {}
    for name, project in map(_pair, pairs):
        if name in projects:
            raise InvalidInput(f"environment {name} is given twice", fix="give each environment once")
        projects[name] = project
    return projects


def _pair(text: str) -> tuple[str, str]:
    name, separator, project = text.partition("=")
    if not separator or not name or not project:
        raise InvalidInput(f"'{text}' is not NAME=PROJECT", fix="write for example --environment dev=acme-churn-dev")
    return name, project
