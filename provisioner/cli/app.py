"""The group of all verbs, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import difflib
import importlib
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from provisioner import settings
from provisioner.cli.habits import Habits, equip, options
from provisioner.cli.letters import tolerate
from provisioner.cli.misuse import reason_of, show_misuse
from provisioner.cli.output import FORMS, print_error
from provisioner.errors import Interrupted, InvalidInput, ProvisionError

if TYPE_CHECKING:
    from provisioner.cli.report import LastLines

# verb -> (section, one line of help); a verb's code is in cli/verbs/<verb>.py (with _ for -) and is read only when the
# verb is used.
VERBS: dict[str, tuple[str, str]] = {
    "up": ("Environments", "Make a team's environments and repository what the request says."),
    "status": ("Environments", "Show what exists for a team."),
    "show": ("Environments", "Show everything about a team, or write it as one page."),
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
    "locks": ("Operations", "List and break the locks of environments."),
    "doctor": ("Operations", "Check what a run needs, or why a token is refused."),
    "audit": ("Operations", "Show, verify and export who did what."),
    "sandbox": ("Operations", "Start, stop and use the embedded Google Cloud and GitHub."),
    "version": ("Operations", "Show the versions of everything that takes part."),
    "completion": ("Operations", "Let your shell complete verbs, teams, environments, runs."),
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
        return equip(command, cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the verbs without importing any."""
        verbs = [CompletionItem(verb, help=text) for verb, (_, text) in VERBS.items() if verb.startswith(incomplete)]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one was probably meant."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"There is no verb '{args[0]}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the verbs by section, without importing any."""
        width = max(map(len, VERBS))
        for section in dict.fromkeys(section for section, _ in VERBS.values()):
            rows = [(verb.ljust(width), text) for verb, (part, text) in VERBS.items() if part == section]
            with formatter.section(section):
                formatter.write_dl(rows)


def _module(verb: str) -> str:
    return verb.replace("-", "_")


@click.group(
    cls=Verbs,
    params=options(),
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EXAMPLES,
)
@click.version_option(package_name="provision-env", prog_name="provision-env")
@click.pass_context
def program(ctx: click.Context) -> None:
    """From a team's request to a proven environment on Google Cloud and a living repository.

    The options below stand before or behind any verb.
    """
    if settings.read().no_color:
        ctx.color = False


@dataclass(slots=True)
class _Call:
    """One use of the program: what was typed, what its options said, what went wrong."""

    given: list[str]
    habits: Habits = field(default_factory=Habits)
    error: BaseException | None = None
    log: LastLines | None = None

    @property
    def debug(self) -> bool:
        """Tell whether a report is wanted; also where the command line could not be read to its end."""
        # What stands behind `--` or `sandbox shell` is another program's.
        ends = [self.given.index(word) for word in ("--", "shell") if word in self.given]
        return self.habits.debug or "--debug" in self.given[: min(ends, default=None)]

    @property
    def color(self) -> bool | None:
        """Return False where colour is unwanted, None where the stream decides."""
        unwanted = self.habits.no_color or "--no-color" in self.given or settings.read().no_color
        return False if unwanted else None

    @property
    def output(self) -> str:
        """Return the form of the output, also where the command line cannot be understood."""
        asked = [value for option, value in pairwise(self.given) if option in {"-o", "--output"} and value in FORMS]
        asked += [form for form in FORMS if {f"-o{form}", f"--output={form}"} & set(self.given)]
        return asked[0] if asked else "text"


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave with the exit code of architecture.md: 0, 1, 2, 3, 4, 5 or 130."""
    tolerate()
    call = _Call(list(sys.argv[1:] if arguments is None else arguments))
    if call.debug:
        from provisioner.cli.report import listen  # noqa: PLC0415 - only a report needs it

        call.log = listen()
    else:
        # Libraries warn about answers that are asked for here (a 404, a 403); what matters becomes an error of ours.
        logging.disable(logging.CRITICAL)
        logging.getLogger().addHandler(logging.NullHandler())
    code = _outcome(call)
    if call.debug:
        _report(call, code)
    sys.exit(code)


def _outcome(call: _Call) -> int:
    try:
        # Without standalone mode click returns the code of `ctx.exit` instead of leaving.
        code = program.main(call.given, prog_name="provision-env", standalone_mode=False, obj=call.habits)
    except click.ClickException as error:
        return _misused(error, call)
    except (click.Abort, KeyboardInterrupt) as error:
        return _fail(_stopped(error), call)
    except ProvisionError as error:
        return _fail(error, call)
    except Exception as error:  # noqa: BLE001 - the last resort for people: no traceback unless asked for
        return _unexpected(error, call)
    return code if isinstance(code, int) else 0


def _unexpected(error: Exception, call: _Call) -> int:
    from provisioner.cli.report import redactor, traceback_of  # noqa: PLC0415 - only what fails needs it

    if call.debug:
        click.echo(traceback_of(error), err=True, nl=False)
    fix = "run it again with `--debug` and send the report that it writes"
    told = _of_the_machine(error) or ProvisionError(
        f"unexpected {type(error).__name__}: {redactor()(str(error))}", fix=fix
    )
    told.__cause__ = error
    return _fail(told, call)


def _of_the_machine(error: Exception) -> ProvisionError | None:
    """Tell errors that are nobody's mistake in the program: a folder that cannot be used, a book that is damaged."""
    state = settings.read().state_folder
    if type(error).__module__ == "sqlite3":
        return ProvisionError(
            f"the run book cannot be used: {error}", fix="see `provision-env doctor`", where=str(state)
        )
    if not isinstance(error, OSError) or not error.filename:
        return None
    ours = str(error.filename).startswith(str(state))
    fix = "give it to your user, or name another folder in PROVISION_ENV_STATE" if ours else "mend what stands there"
    return ProvisionError(str(error.strerror), fix=fix, where=str(error.filename))


def _misused(error: click.ClickException, call: _Call) -> int:
    """Tell what is wrong with the command line; for people click shows the usage too."""
    call.error = error
    if call.output in {"text", "table"}:
        show_misuse(error, color=call.color)
        return InvalidInput.exit_code
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "provision-env"
    return _fail(InvalidInput(reason_of(error), fix=f"see `{command} --help`"), call)


def _stopped(error: BaseException) -> ProvisionError:
    """Tell Ctrl-C from an input that ended before every question had its answer."""
    if isinstance(error.__context__, EOFError):
        return InvalidInput("the input ended before every question was answered", fix="give the answers as options")
    return Interrupted("interrupted", fix="run the same command again; it goes on where it stopped")


def _fail(error: ProvisionError, call: _Call) -> int:
    call.error = call.error or error
    print_error(error, output=call.output, color=call.color)
    return error.exit_code


def _report(call: _Call, code: int) -> None:
    from provisioner.cli.report import write_report  # noqa: PLC0415 - only a report needs it

    try:
        file = write_report(call.given, code, call.error, call.log)
    except OSError as error:
        click.echo(f"no report was written: {error}", err=True)
        return
    click.echo(f"report: {file}", err=True)
