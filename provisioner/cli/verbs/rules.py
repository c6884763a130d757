"""``rules``: what a plan or a root is held against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from provisioner.cli import candidates
from provisioner.cli.inputs import given_platform_option
from provisioner.cli.output import emit, faint, folded, output_option, table

if TYPE_CHECKING:
    from provisioner.policy.catalogue import Explanation
    from provisioner.policy.model import Rule
    from provisioner.request.models import Platform


@click.group()
def command() -> None:
    """List the rules, or have one explained."""


@command.command("list")
@given_platform_option
@output_option
def list_(platform_file: Path | None, output: str) -> None:
    """List every rule that a check can report, with --platform the organisation's own and what is switched off."""
    from provisioner.policy import explanations  # noqa: PLC0415 - help does not pay for the rules

    found = explanations(_platform(platform_file), _of_bootstrap())
    rows = [(each.id, "off" if each.off else each.severity.value, _looks_at(each), each.title) for each in found]
    documents = [each.document() for each in found]
    emit(documents, output, lambda: table(("RULE", "SEVERITY", "LOOKS AT", "WHAT MUST HOLD"), rows))


@command.command("explain")
@click.argument("rule_id", metavar="RULE", shell_complete=candidates.rules)
@given_platform_option
@output_option
def explain_(rule_id: str, platform_file: Path | None, output: str) -> None:
    """Say what one rule wants, why it is there, how to mend a finding, and whether a waiver can excuse it."""
    from provisioner.policy import explain  # noqa: PLC0415 - help does not pay for the rules

    found = explain(rule_id, _platform(platform_file), _of_bootstrap())

    def text() -> list[str]:
        waiver = "can be waived in platform.yaml" if found.waivable else "nothing excuses it"
        return [
            f"{found.id}  {found.severity.value}",
            found.title,
            "",
            *folded("to mend it   ", found.fix),
            f"looks at     {_looks_at(found)}",
            f"waiver       {waiver}",
            *([f"switched off by {found.off}"] if found.off else []),
            f"{faint(found.reference)}",
        ]

    emit(found.document(), output, text)


def _platform(file: Path | None) -> Platform | None:
    from provisioner.request.loading import load_platform  # noqa: PLC0415 - help reads no file

    return load_platform(file) if file else None


def _of_bootstrap() -> tuple[Rule, ...]:
    from provisioner.bootstrap.rules import OWN  # noqa: PLC0415 - the help does not pay for it

    return OWN


def _looks_at(each: Explanation) -> str:
    return "plan of bootstrap" if each.bootstrap else each.looks_at
