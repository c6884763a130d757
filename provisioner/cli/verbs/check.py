"""``check``: hold a plan or a root against the rules, for people and for CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from provisioner import settings
from provisioner.cli.inputs import given_platform_option
from provisioner.cli.output import FORMS, write_file, written
from provisioner.errors import InvalidInput, RefusedByPolicy
from provisioner.runs.progress import counted

if TYPE_CHECKING:
    from provisioner.wiring.checking import Checked

_FORMS = (*FORMS, "sarif", "junit", "github", "markdown")


@click.command()
@click.argument("path", metavar="PLAN|ROOT", type=click.Path(path_type=Path))
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The plan's root: its source is scanned too, reports point at its lines, a saved plan needs it.",
)
@given_platform_option
@click.option("--checkov", "with_checkov", is_flag=True, help="Run checkov too, even where platform.yaml does not ask.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(_FORMS),
    default="text",
    show_default=True,
    help="For people, programs, code scanning, test reports, workflow annotations or a comment.",
)
@click.option(
    "--write",
    "further",
    metavar="FORM=FILE",
    multiple=True,
    help="Write a further form into a file; may be given several times.",
)
@click.option(
    "--out-changes",
    "out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the plan's redacted changes, for people to review and for --expect-changes.",
)
@click.option(
    "--expect-changes",
    "expected",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Accept only a plan that changes what this file of --out-changes says.",
)
@click.option("--comment", "thread", metavar="OWNER/REPO#NUMBER", help="Write or update the comment of a pull request.")
@click.option(
    "--name",
    help="What reports and reviewed changes call it, and by what the comment is found again [default: the path].",
)
def command(  # noqa: PLR0913, PLR0917 - one argument per option
    path: Path,
    root: Path | None,
    platform_file: Path | None,
    output: str,
    further: tuple[str, ...],
    out: Path | None,
    expected: Path | None,
    thread: str | None,
    name: str | None,
    *,
    with_checkov: bool,
) -> None:
    """Hold a plan or the source of a root against the rules.

    A plan is what `terraform show -json` prints, or a saved plan with its --root. Values that the plan marks as
    sensitive are in no report. Exit code 3 when a rule refuses it, 5 when it is not what --expect-changes holds, 2
    when it cannot be read.

    \b
    Examples:
      provision-env check terraform/envs/churn-dev
      terraform show -json my.tfplan > plan.json && provision-env check plan.json
      provision-env check my.tfplan --root . -o github --write sarif=report.sarif
      provision-env check my.tfplan --root . --expect-changes reviewed.json
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    from provisioner.cli.forms import FORMS as FOUND  # noqa: PLC0415 - help does not pay for the rules
    from provisioner.request.loading import load_platform  # noqa: PLC0415 - likewise
    from provisioner.wiring.checking import (  # noqa: PLC0415 - likewise
        Subject,
        changes_document,
        check_subject,
        require_changes,
    )

    files = [_form_and_file(each) for each in further]
    if out or expected:
        _require_plan(path)
    platform = load_platform(platform_file) if platform_file else None
    found = check_subject(settings.read(), Subject(path, root), platform, with_checkov=with_checkov)
    shown = name or str(path)
    for form, file in files:
        write_file(file, FOUND[form](found, shown))
    key = name or str(root or path)
    if out:
        write_file(out, written(changes_document(found, key), "json") + "\n")
    click.echo(FOUND[output](found, shown).rstrip("\n"))
    if thread:
        _publish(thread, shown, found)
    if not found.verdict.passed:
        reason = counted(len(found.verdict.blocking), "finding", "block")
        raise RefusedByPolicy(reason, fix="mend the plan, or ask for a waiver", where=str(path))
    if expected:
        require_changes(found, key, expected)


def _form_and_file(text: str) -> tuple[str, Path]:
    form, sign, file = text.partition("=")
    if not sign or not file or form not in _FORMS:
        raise InvalidInput(f"--write {text} names no form and file", fix=f"write FORM=FILE; forms: {', '.join(_FORMS)}")
    return form, Path(file)


def _require_plan(path: Path) -> None:
    if path.is_dir():
        fix = "give a plan: the source of a root does not say what it would change"
        raise InvalidInput("--out-changes and --expect-changes are about a plan", fix=fix, where=str(path))


def _publish(thread: str, name: str, found: Checked) -> None:
    from provisioner.policy.formats import comment  # noqa: PLC0415 - help does not pay for it
    from provisioner.wiring.comments import publish_comment  # noqa: PLC0415 - a check by itself needs no GitHub client

    url = publish_comment(settings.read(), thread, comment(found.verdict, found.changes, name, found.access))
    click.echo(f"comment: {url}", err=True)
