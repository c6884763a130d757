"""``completion``: the script that lets a shell complete this program."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from provisioner.cli.output import emit, output_option

_SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
_NAME, _VARIABLE = "provision-env", "_PROVISION_ENV_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@output_option
def command(shell: str, output: str) -> None:
    """Print the script that lets SHELL complete verbs, options, teams, environments, runs and rules.

    \b
    Once and for all:
      bash   echo 'eval "$(provision-env completion bash)"' >> ~/.bashrc
      zsh    echo 'eval "$(provision-env completion zsh)"' >> ~/.zshrc
             (behind the line with compinit)
      fish   provision-env completion fish \\
               > ~/.config/fish/completions/provision-env.fish
    Then open a new shell. bash needs version 4.4 or newer.
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    # Not `source()`, which starts bash to look at its version: this one may be installed elsewhere.
    script = _script(_SHELLS[shell](click.Command(_NAME), {}, _NAME, _VARIABLE))
    emit({"shell": shell, "script": script}, output, lambda: [script])


def _script(kind: ShellComplete) -> str:
    script = (kind.source_template % kind.source_vars()).strip("\n")
    return script.replace('string split ","', 'string split -m 1 ","')  # fish: what is said of a name may have commas
