"""``rules``: what a plan or a root is held against."""

from __future__ import annotations

import click

from provisioner.cli.output import emit, faint, output_option, table
from provisioner.policy import explain, explanations


@click.group()
def command() -> None:
    """List the rules, or have one explained."""


@command.command("list")
@output_option
def list_(output: str) -> None:
    """List every rule that a check can report."""
    found = explanations()
    rows = [(each.id, each.severity.value, each.looks_at, each.title) for each in found]
    documents = [each.document() for each in found]
    emit(documents, output, lambda: table(("RULE", "SEVERITY", "LOOKS AT", "WHAT MUST HOLD"), rows))


@command.command("explain")
@click.argument("rule_id", metavar="RULE")
@output_option
def explain_(rule_id: str, output: str) -> None:
    """Say what one rule wants, why it is there, how to mend a finding, and whether a waiver can excuse it."""
    found = explain(rule_id)

    def text() -> list[str]:
        waiver = "can be waived in platform.yaml" if found.waivable else "nothing excuses it"
        return [
            f"{found.id}  {found.severity.value}",
            found.title,
            "",
            f"to mend it   {found.fix}",
            f"looks at     {found.looks_at}",
            f"waiver       {waiver}",
            f"{faint(found.reference)}",
        ]

    emit(found.document(), output, text)
