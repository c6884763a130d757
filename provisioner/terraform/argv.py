"""Terraform's command lines, built by python-terraform and run by us.

python-terraform 0.10.1 builds argument vectors well and runs them badly (it asks for approval, treats exit code 2
of a plan as an error, leaves files with variables behind, turns every misspelt method into a command). So its one
subclass lives here, is used for ``generate_cmd_string`` only, and never starts a process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from python_terraform import IsFlagged, Terraform  # type: ignore[import-untyped] # it has no stubs

FLAG = IsFlagged
"""Value of an option without a value, such as ``-no-color``."""

Option = str | int | bool | type[IsFlagged] | None
"""What an option may be: ``None`` leaves it out, a bool is written as ``true`` or ``false``."""


class _Argv(Terraform):  # type: ignore[misc] # likewise
    """The argv builder without the runner."""

    def __getattr__(self, item: str) -> NoReturn:
        """Refuse what python-terraform would silently turn into a command."""
        raise AttributeError(item)

    def cmd(self, cmd: str, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse to run: processes are started by ``process.Executor`` only."""
        raise NotImplementedError(f"terraform {cmd} is built here, not run")


def build(program: tuple[str, ...], command: str, *arguments: str, **options: Option) -> tuple[str, ...]:
    """Return the argument vector of one command.

    ``program`` is what starts Terraform (one or several words), ``command`` the verb with its sub-verb
    (``"state push"``). Option names are written with underscores; their order is kept.
    """
    _refuse_collections(options)
    words: list[object] = _Argv(terraform_bin_path=program[-1]).generate_cmd_string(command, *arguments, **options)
    return (*program[:-1], *(str(word) for word in words))


def _refuse_collections(options: Mapping[str, object]) -> None:
    """Dictionaries would make python-terraform write temporary files with values and leave them behind."""
    for name, value in options.items():
        if isinstance(value, (dict, list)):
            raise TypeError(f"option {name}: {type(value).__name__} is not supported")
