"""A finding that somebody has to solve, kept apart from the exception that reports it."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.errors import InvalidInput


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding of validation or preflight.

    ``where`` is a file:line:column, a field path, a resource or a URL; ``reason`` says what was found;
    ``fix`` what to write, the command to run or the person to ask. A problem that is not ``blocking``
    is shown and the run goes on.
    """

    where: str
    reason: str
    fix: str = ""
    blocking: bool = True

    def __str__(self) -> str:
        """Return one readable line."""
        return str(self.as_error())

    def as_error(self) -> InvalidInput:
        """Return the finding as an error, for a list of several."""
        return InvalidInput(self.reason, fix=self.fix, where=self.where)


def refuse(problems: tuple[Problem, ...], what: str) -> None:
    """Raise one InvalidInput that holds every blocking problem; do nothing when there is none.

    ``what`` names the thing that was looked at, such as a file name.
    """
    blocking = tuple(problem for problem in problems if problem.blocking)
    if not blocking:
        return
    if len(blocking) == 1:
        only = blocking[0]
        raise InvalidInput(only.reason, fix=only.fix, where=only.where, problems=(only.as_error(),))
    raise InvalidInput(
        f"{len(blocking)} problems",
        fix="mend each of them and try again",
        where=what,
        problems=tuple(problem.as_error() for problem in blocking),
    )
