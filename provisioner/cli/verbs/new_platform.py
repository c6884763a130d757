"""``new-platform``: the folder a platform team begins with."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provisioner.cli.output import emit, good, output_option
from provisioner.errors import InvalidInput

if TYPE_CHECKING:
    from provisioner.repository.platform_folder import Beginning

# option -> (question, default); the defaults are those of an invented company, which the sandbox plays.
_QUESTIONS = {
    "organisation_id": ("Google Cloud organisation id", "123456789012"),
    "domain": ("Its domain", "example.com"),
    "github_owner": ("GitHub organisation", "example-ml"),
    "project": ("Project for Terraform's state", "example-ml-platform"),
    "billing_account": ("Billing account", "01AB23-CD45EF-678901"),
    "region": ("Region", "europe-west1"),
    "contact": ("E-mail address of who answers for it", "platform@{domain}"),
    "approvers": ("GitHub login of who approves", "platform-lead"),
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
        platform_folder,
        require_empty,
        write_folder,
    )

    require_empty(folder)  # before anybody answers questions in vain
    found = {"folder": below, **{name: value for name, value in given.items() if value}}
    files = platform_folder(_beginning(found))  # what the options say must hold before anything is asked
    if not defaults:
        files = platform_folder(_beginning(_asked(found)))
    write_folder(files, folder)
    document = {"folder": str(folder), "files": sorted(files)}
    emit(document, output, lambda: _told(folder, len(files)))


def _asked(found: dict[str, Any]) -> dict[str, Any]:
    """Ask for what is not there, in the order of the questions; an answer that would be refused is asked for again."""
    for name, (question, default) in _QUESTIONS.items():
        if name not in found:
            shown = default.format(domain=found.get("domain"))
            found[name] = click.prompt(question, default=shown, value_proc=partial(_acceptable, found, name))
    return found


def _acceptable(found: dict[str, Any], name: str, answer: str) -> str:
    from provisioner.repository.platform_folder import platform_folder  # noqa: PLC0415 - as above

    try:
        platform_folder(_beginning({**found, name: answer.strip()}))
    except InvalidInput as error:
        problems = error.problems or (error,)
        told = "; ".join(f"{each.reason}, {each.fix}" for each in problems)
        raise click.UsageError(told) from error  # click says it, and asks again
    return answer.strip()


def _beginning(found: Mapping[str, Any]) -> Beginning:
    """Return everything that is known, with defaults for what is not."""
    from provisioner.repository.platform_folder import Beginning  # noqa: PLC0415 - as above

    known = {name: found.get(name) or default for name, (_, default) in _QUESTIONS.items()}
    known["contact"] = known["contact"].format(domain=known["domain"])
    approvers = known.pop("approvers")
    bucket = found.get("state_bucket") or f"{known['project']}-terraform-state"
    return Beginning(
        folder=found["folder"],
        github_plan=found["github_plan"],
        state_bucket=bucket,
        approvers=(approvers,) if isinstance(approvers, str) else tuple(approvers),
        **known,
    )


def _told(folder: Path, count: int) -> Iterator[str]:
    yield f"{good('wrote')}  {folder.absolute()}: {count} files"
    yield ""
    yield "Next"
    if folder.resolve() != Path.cwd():
        yield f"  cd {shlex.quote(str(folder))}"
    yield "  provision-env up teams/example.yaml --sandbox"
