"""``new-platform``: the folder a platform team begins with."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from provisioner.cli.output import emit, good, output_option

# option -> (question, default); the defaults are those of an invented company, which the sandbox plays.
_QUESTIONS = {
    "organisation_id": ("Google Cloud organisation id", "123456789012"),
    "domain": ("Its domain", "example.com"),
    "github_owner": ("GitHub organisation", "example-ml"),
    "project": ("Project for Terraform's state", "example-ml-platform"),
    "billing_account": ("Billing account", "01AB23-CD45EF-678901"),
    "region": ("Region", "europe-west1"),
}


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--organisation-id", metavar="DIGITS", help="Id of the Google Cloud organisation.")
@click.option("--domain", metavar="DOMAIN", help="The organisation's domain.")
@click.option("--folder", "below", metavar="DIGITS", default="", help="Folder of the organisation that projects go to.")
@click.option("--github-owner", metavar="LOGIN", help="GitHub organisation of the repositories.")
@click.option(
    "--github-plan",
    type=click.Choice(["free", "team", "enterprise"]),
    default="enterprise",
    show_default=True,
    help="What GitHub is paid for; it decides which protections there are.",
)
@click.option("--project", metavar="ID", help="Project that holds Terraform's state.")
@click.option("--state-bucket", metavar="NAME", help="Bucket of the states [default: PROJECT-terraform-state]")
@click.option("--billing-account", metavar="ID", help="Billing account of the teams' projects.")
@click.option("--region", metavar="REGION", help="Where things are when a team does not say.")
@click.option("--contact", metavar="EMAIL", help="Who answers for the platform [default: platform@DOMAIN]")
@click.option("--approver", "approvers", metavar="LOGIN", multiple=True, help="Who approves; may be repeated.")
@click.option("--defaults", is_flag=True, help="Ask nothing: an invented company, which the sandbox plays.")
@output_option
def command(folder: Path, *, below: str, defaults: bool, output: str, **given: Any) -> None:  # noqa: ANN401 - one value per option
    """Write a platform repository to begin with into DIR, a new or empty folder.

    It holds platform.yaml, an example request, and what editors need to complete both. `validate`, `render`,
    `up --sandbox` and `bootstrap --sandbox` take it as it is. What is not given as an option is asked for.

    \b
    Examples:
      provision-env new-platform my-platform --defaults
      provision-env new-platform ml-platform --github-owner acme --domain acme.com
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.repository.platform_folder import (  # noqa: PLC0415 - help does not pay for the templates
        Beginning,
        platform_folder,
        require_empty,
        write_folder,
    )

    require_empty(folder)  # before anybody answers questions in vain
    answers = _answers(given, defaults=defaults)
    files = platform_folder(Beginning(folder=below, **answers))
    write_folder(files, folder)
    document = {"folder": str(folder), "files": sorted(files)}
    emit(document, output, lambda: _told(folder, len(files)))


def _answers(given: dict[str, Any], *, defaults: bool) -> dict[str, Any]:
    """Fill up what was not given: with defaults, or by asking."""
    found = {name: value for name, value in given.items() if value}
    for name, (question, default) in _QUESTIONS.items():
        if name not in found:
            found[name] = default if defaults else click.prompt(question, default=default)
    found.setdefault("state_bucket", f"{found['project']}-terraform-state")
    for name, question, default in (
        ("contact", "E-mail address of who answers for it", f"platform@{found['domain']}"),
        ("approvers", "GitHub login of who approves", "platform-lead"),
    ):
        if name not in found:
            found[name] = default if defaults else click.prompt(question, default=default)
    approvers = found["approvers"]
    return {**found, "approvers": (approvers,) if isinstance(approvers, str) else tuple(approvers)}


def _told(folder: Path, count: int) -> Iterator[str]:
    yield f"{good('wrote')}  {folder.absolute()}: {count} files"
    yield ""
    yield "Next"
    if folder.resolve() != Path.cwd():
        yield f"  cd {shlex.quote(str(folder))}"
    yield "  provision-env up teams/example.yaml --sandbox"
