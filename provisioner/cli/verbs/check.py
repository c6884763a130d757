"""``check``: hold a plan or a root against the rules."""

from __future__ import annotations

from pathlib import Path

import click

from provisioner.cli.inputs import platform_option
from provisioner.cli.output import emit, output_option
from provisioner.errors import RefusedByPolicy
from provisioner.policy import PolicyContext, check_path
from provisioner.policy.report import document, text
from provisioner.request.loading import load_platform
from provisioner.runs.progress import counted


@click.command()
@click.argument("path", metavar="PLAN_JSON|ROOT", type=click.Path(path_type=Path))
@platform_option
@output_option
def command(path: Path, platform_file: Path | None, output: str) -> None:
    """Hold a plan (what `terraform show -json` prints) or the source of a root against the rules.

    Exit code 3 when a rule refuses it, 2 when it cannot be read.

    \b
    Examples:
      terraform show -json my.tfplan > plan.json && provision-env check plan.json
      provision-env check terraform/envs/churn-dev
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    platform = load_platform(platform_file) if platform_file else None
    verdict = check_path(path, PolicyContext(platform), platform.waivers if platform else ())
    emit(document(verdict), output, lambda: text(verdict).splitlines())
    if not verdict.passed:
        reason = counted(len(verdict.blocking), "finding", "block")
        raise RefusedByPolicy(reason, fix="mend the plan, or ask for a waiver", where=str(path))
