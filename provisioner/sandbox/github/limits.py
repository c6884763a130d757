"""Rate limits: primary ones counted per caller in the store, and secondary ones by points where they are switched on.

The primary limit of an hour is GitHub's unless the switch ``github_requests_per_hour`` says another number. The
secondary limit is off until ``github_points_per_minute`` is set (GitHub's is 900: one point for a read, five for a
write); it answers with the status of ``github_limit_status``, 403 or 429.
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.http import Request
from provisioner.sandbox.store import Transaction
from provisioner.sandbox.world import World

_COUNTS, _POINTS = "github/rate", "github/points"
_HOUR, _MINUTE = 3600, 60
_PEOPLE, _ENTERPRISE, _ANONYMOUS = 5000, 15000, 60
_SEARCH, _ANONYMOUS_SEARCH = 30, 10
RESOURCES = ("core", "search", "graphql")
_READING = ("GET", "HEAD", "OPTIONS")
_WRITE_POINTS = 5


@dataclass(frozen=True, slots=True)
class Budget:
    """What a caller has left of a resource; ``reset`` is in seconds since the epoch."""

    limit: int
    used: int
    reset: int
    resource: str = "core"

    @property
    def left(self) -> int:
        """Return how many requests are left."""
        return max(0, self.limit - self.used)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the budget as GitHub's headers."""
        values = {"Limit": self.limit, "Remaining": self.left, "Reset": self.reset, "Used": self.used}
        return tuple(
            (f"X-RateLimit-{name}", str(value)) for name, value in {**values, "Resource": self.resource}.items()
        )

    @property
    def document(self) -> dict[str, int]:
        """Return the budget as a member of ``GET /rate_limit``."""
        return {"limit": self.limit, "used": self.used, "remaining": self.left, "reset": self.reset}


def resource_of(path: str) -> str:
    """Return the resource that a path is counted under."""
    return "search" if path.startswith("/search/") else "graphql" if path == "/graphql" else "core"


def budget_of(world: World, tx: Transaction, caller: Caller, resource: str = "core") -> Budget:
    """Return what a caller has used of a resource."""
    kept = tx.get(_COUNTS, f"{caller.rate_key}/{resource}")
    seconds = int(world.clock.now().timestamp())
    limit = _limit(world, caller, resource)
    if kept is None or kept["reset"] <= seconds:
        return Budget(limit, 0, seconds + (_MINUTE if resource == "search" else _HOUR), resource)
    return Budget(limit, kept["used"], kept["reset"], resource)


def spend(world: World, tx: Transaction, caller: Caller, request: Request) -> Budget:
    """Count one request. Raises GithubError (403 or 429) when nothing is left, or all comes too fast."""
    budget = budget_of(world, tx, caller, resource_of(request.path))
    if budget.used >= budget.limit:
        message = f"API rate limit exceeded for {_whom(caller)}."
        raise GithubError(_status(world), message, headers=budget.headers)
    _spend_points(world, tx, caller, request, budget)
    return _counted(tx, caller, replace(budget, used=budget.used + 1))


def refund(tx: Transaction, caller: Caller, budget: Budget) -> Budget:
    """Take back the count of a request that was answered by 304."""
    return _counted(tx, caller, replace(budget, used=max(0, budget.used - 1)))


def _counted(tx: Transaction, caller: Caller, budget: Budget) -> Budget:
    tx.put(_COUNTS, f"{caller.rate_key}/{budget.resource}", {"used": budget.used, "reset": budget.reset})
    return budget


def _spend_points(world: World, tx: Transaction, caller: Caller, request: Request, budget: Budget) -> None:
    most = int(world.settings["github_points_per_minute"])
    if not most:
        return
    seconds = world.clock.now().timestamp()
    kept = tx.get(_POINTS, caller.rate_key)
    if kept is None or kept["ends"] <= seconds:
        kept = {"used": 0, "ends": seconds + _MINUTE}
    kept["used"] += 1 if request.method in _READING else _WRITE_POINTS
    if kept["used"] > most:
        raise _too_fast(world, ceil(kept["ends"] - seconds), budget)
    tx.put(_POINTS, caller.rate_key, kept)


def _too_fast(world: World, seconds: int, budget: Budget) -> GithubError:
    message = (
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. For more on "
        "scraping GitHub and how it may affect your rights, please review our Terms of Service "
        "(https://docs.github.com/en/site-policy/github-terms/github-terms-of-service)."
    )
    return GithubError(_status(world), message, headers=(("Retry-After", str(seconds)), *budget.headers))


def _status(world: World) -> int:
    return 429 if world.settings["github_limit_status"] == 429 else 403  # noqa: PLR2004 - the two that GitHub uses


def _limit(world: World, caller: Caller, resource: str) -> int:
    anonymous = caller.kind == "anonymous"
    if resource == "search":
        return _ANONYMOUS_SEARCH if anonymous else _SEARCH
    chosen = int(world.settings["github_requests_per_hour"])
    if chosen:
        return chosen
    enterprise = caller.kind == "installation" and world.settings["github_plan"] == "enterprise"
    return _ANONYMOUS if anonymous else _ENTERPRISE if enterprise else _PEOPLE


def _whom(caller: Caller) -> str:
    if caller.kind == "installation":
        return f"installation ID {caller.installation_id}"
    return f"user ID {caller.account['id']}" if caller.is_person else "127.0.0.1"
