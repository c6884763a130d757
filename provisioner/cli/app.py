"""The group of all verbs, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import difflib
import importlib
import logging
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise

import click

from provisioner import settings
from provisioner.cli.output import print_error
from provisioner.errors import Interrupted, InvalidInput, ProvisionError

# verb -> (section, one line of help); a verb's code is in cli/verbs/<verb>.py (with _ for -) and is read only when the
# verb is used.
VERBS: dict[str, tuple[str, str]] = {
    "up": ("Environments", "Make a team's environments and repository what the request says."),
    "status": ("Environments", "Show what exists for a team."),
    "access": ("Environments", "Show who reaches which identity, and why the others do not."),
    "destroy": ("Environments", "Take a team's environments down; data is kept unless you say otherwise."),
    "bootstrap": ("Platform", "Lay the ground: state bucket, the toolkit's identities, the platform repository."),
    "new-platform": ("Platform", "Write the folder that a platform repository begins with."),
    "init": ("Requests", "Answer a few questions and get a request file."),
    "validate": ("Requests", "Check a request and show the names that follow from it."),
    "schema": ("Requests", "Print the JSON Schema of the request or of platform.yaml."),
    "render": ("Terraform", "Write the Terraform roots of a request."),
    "plan": ("Terraform", "Show what `up` would change; creates nothing anywhere."),
    "check": ("Terraform", "Hold a plan or a root against the rules."),
    "rules": ("Terraform", "List the rules, or have one explained."),
    "repo": ("Repositories", "Set up or verify only the repository."),
    "runs": ("Operations", "List, show and resume runs."),
    "doctor": ("Operations", "Find out why something does not work."),
    "audit": ("Operations", "Show, verify and export who did what."),
    "sandbox": ("Operations", "Start, stop and use the embedded Google Cloud and GitHub."),
    "version": ("Operations", "Show the versions of everything that takes part."),
}

_EXAMPLES = """\b
Examples:
  provision-env up teams/churn.yaml --sandbox   try it, no account needed
  provision-env up teams/churn.yaml             the real clouds
  provision-env status churn                    what exists, with links
"""


class Verbs(click.Group):
    """Knows all verbs by name, imports one only to run it, and suggests the nearest for a typo."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs in the order of the help text."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the verb's module and return its command."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"provisioner.cli.verbs.{_module(cmd_name)}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one was probably meant."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else " See 'provision-env --help'."
            raise click.UsageError(f"There is no verb '{args[0]}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the verbs by section, without importing any."""
        for section in dict.fromkeys(section for section, _ in VERBS.values()):
            rows = [(verb, text) for verb, (part, text) in VERBS.items() if part == section]
            with formatter.section(section):
                formatter.write_dl(rows)


def _module(verb: str) -> str:
    return verb.replace("-", "_")


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXAMPLES)
@click.version_option(package_name="provision-env", prog_name="provision-env")
@click.option("--debug", is_flag=True, help="Show a traceback when something unexpected happens.")
@click.pass_context
def program(ctx: click.Context, *, debug: bool) -> None:
    """From a team's request to a proven environment on Google Cloud and a living repository."""
    ctx.color = False if settings.read().no_color else None
    if debug:
        logging.getLogger().setLevel(logging.DEBUG)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave with the exit code of architecture.md: 0, 1, 2, 3, 4, 5 or 130."""
    # Libraries warn about answers that are asked for here (a 404, a 403); what matters becomes an error of ours.
    logging.disable(logging.CRITICAL)
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_outcome(given))


def _outcome(given: list[str]) -> int:
    if "--debug" not in given:
        logging.getLogger().addHandler(logging.NullHandler())  # people read our messages, not the libraries' logs
    try:
        # Without standalone mode click returns the code of `ctx.exit` instead of leaving.
        code = program.main(given, prog_name="provision-env", standalone_mode=False)
    except click.ClickException as error:
        return _misused(error, given)
    except (click.Abort, KeyboardInterrupt) as error:
        return _fail(_stopped(error), given)
    except ProvisionError as error:
        return _fail(error, given)
    except Exception as error:  # noqa: BLE001 - the last resort for people: no traceback unless asked for
        if "--debug" in given:
            traceback.print_exc()
        fix = "run it again with `provision-env --debug …` and report what it prints"
        return _fail(ProvisionError(f"unexpected {type(error).__name__}: {error}", fix=fix), given)
    return code if isinstance(code, int) else 0


def _misused(error: click.ClickException, given: list[str]) -> int:
    """Tell what is wrong with the command line; for people click shows the usage too."""
    if not _wants_json(given):
        error.show()
        return InvalidInput.exit_code
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "provision-env"
    return _fail(InvalidInput(error.format_message(), fix=f"see `{command} --help`"), given)


def _stopped(error: BaseException) -> ProvisionError:
    """Tell Ctrl-C from an input that ended before every question had its answer."""
    if isinstance(error.__context__, EOFError):
        return InvalidInput("the input ended before every question was answered", fix="give the answers as options")
    return Interrupted("interrupted", fix="run the same command again; it goes on where it stopped")


def _fail(error: ProvisionError, given: list[str]) -> int:
    print_error(error, as_json=_wants_json(given), color=False if settings.read().no_color else None)
    return error.exit_code


def _wants_json(given: list[str]) -> bool:
    """Tell whether the output is for a program, also where the command line cannot be understood."""
    asked = any(option in {"-o", "--output"} and value == "json" for option, value in pairwise(given))
    return asked or "-ojson" in given or "--output=json" in given
