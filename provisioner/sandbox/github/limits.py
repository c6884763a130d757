"""The primary rate limit: counted per caller and hour in the store, shown in headers, enforced.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.store import Transaction

_COUNTS = "github/rate"
_HOUR = 3600
_PEOPLE, _ENTERPRISE, _ANONYMOUS = 5000, 15000, 60


@dataclass(frozen=True, slots=True)
class Budget:
    """What a caller has left; ``reset`` is in seconds since the epoch."""

    limit: int
    used: int
    reset: int

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the budget as GitHub's headers."""
        left = max(0, self.limit - self.used)
        values = {"Limit": self.limit, "Remaining": left, "Reset": self.reset, "Used": self.used, "Resource": "core"}
        return tuple((f"X-RateLimit-{name}", str(value)) for name, value in values.items())

    @property
    def document(self) -> dict[str, int]:
        """Return the budget as a member of ``GET /rate_limit``."""
        return {
            "limit": self.limit,
            "used": self.used,
            "remaining": max(0, self.limit - self.used),
            "reset": self.reset,
        }


def budget_of(tx: Transaction, caller: Caller, plan: str, now: datetime) -> Budget:
    """Return what a caller has used of its hour."""
    kept = tx.get(_COUNTS, caller.rate_key)
    seconds = int(now.timestamp())
    limit = _limit(caller, plan)
    if kept is None or kept["reset"] <= seconds:
        return Budget(limit, 0, seconds + _HOUR)
    return Budget(limit, kept["used"], kept["reset"])


def spend(tx: Transaction, caller: Caller, budget: Budget) -> Budget:
    """Count one request. Raises GithubError (403) when nothing is left."""
    if budget.used >= budget.limit:
        raise GithubError(403, f"API rate limit exceeded for {_whom(caller)}.", headers=budget.headers)
    counted = Budget(budget.limit, budget.used + 1, budget.reset)
    tx.put(_COUNTS, caller.rate_key, {"used": counted.used, "reset": counted.reset})
    return counted


def _limit(caller: Caller, plan: str) -> int:
    if caller.kind == "anonymous":
        return _ANONYMOUS
    return _ENTERPRISE if caller.kind == "installation" and plan == "enterprise" else _PEOPLE


def _whom(caller: Caller) -> str:
    if caller.kind == "installation":
        return f"installation ID {caller.installation_id}"
    return f"user ID {caller.account['id']}" if caller.is_person else "127.0.0.1"
