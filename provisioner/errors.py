"""Every error that reaches a person.

    ProvisionError            1  something failed; the run can be resumed
    +-- Blocked               1  preflight found what a person has to mend first
    +-- InvalidInput          2  the request, the platform file or the command line is wrong
    +-- RefusedByPolicy       3  a rule said no
    +-- LockedByAnotherRun    4  somebody else holds the lease or the state lock
    +-- NeedsApproval         5  a person has to agree first
    +-- Interrupted         130  the user asked to stop

An error carries what was wrong, where, and what to do about it; the command line prints exactly that.
"""

from __future__ import annotations

from typing import ClassVar


class ProvisionError(Exception):
    """Base of all errors with advice.

    ``reason`` says what was wrong, ``fix`` what to do, ``where`` the file:line:column, field path,
    resource address or URL it concerns (empty when there is none).
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, reason: str, *, fix: str = "", where: str = "", problems: tuple[ProvisionError, ...] = ()
    ) -> None:
        """Keep the parts apart, so that JSON output can show them as fields.

        ``problems`` holds every finding where there are several, so that a person mends them in one go.
        """
        super().__init__(reason)
        self.reason = reason
        self.fix = fix
        self.where = where
        self.problems = problems

    def __str__(self) -> str:
        """Return one readable line: place, reason, advice."""
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.fix})" if self.fix else ""
        return f"{place}{self.reason}{advice}"


class InvalidInput(ProvisionError):
    """The request, the platform file or the command line is wrong."""

    exit_code = 2


class RefusedByPolicy(ProvisionError):
    """A rule refused the change."""

    exit_code = 3


class LockedByAnotherRun(ProvisionError):
    """Another run holds the environment."""

    exit_code = 4


class NeedsApproval(ProvisionError):
    """A person has to approve before the run goes on."""

    exit_code = 5


class Interrupted(ProvisionError):
    """The user interrupted; everything made so far is recorded."""

    exit_code = 130


class Blocked(ProvisionError):
    """The run cannot start yet; ``problems`` lists everything a person has to mend first."""
