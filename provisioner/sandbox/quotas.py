"""Quotas as the setting ``quotas`` says them: so many requests a minute, per project and group of methods.

Rules are separated by commas or spaces: ``acme-dev/run.*=60`` is 60 requests a minute of project acme-dev to methods
that match; ``*/storage.objects.*=1000`` counts each project by itself. A method without a project counts as ``-``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from provisioner.errors import InvalidInput

_RULE = re.compile(r"(?P<project>[a-z0-9*-]+)/(?P<methods>[A-Za-z0-9.*_-]+)=(?P<limit>\d+)")


@dataclass(frozen=True, slots=True)
class Quota:
    """One rule; ``limit`` is requests a minute."""

    project: str
    methods: str
    limit: int


def parse_quotas(text: str) -> tuple[Quota, ...]:
    """Read the setting. Raises InvalidInput."""
    return tuple(_rules(text))


def _rules(text: str) -> Iterator[Quota]:
    for part in re.split(r"[,\s]+", text.strip()):
        found = _RULE.fullmatch(part)
        if found:
            yield Quota(found["project"], found["methods"], int(found["limit"]))
        elif part:
            raise InvalidInput(f"{part!r} is no quota", fix="write PROJECT/METHODS=NUMBER, such as */run.*=60")


class QuotaCounters:
    """How many requests of the current minute each rule has seen. Not kept over a restart, as at Google."""

    def __init__(self) -> None:
        self._minute = 0
        self._seen: dict[tuple[Quota, str], int] = {}
        self._lock = threading.Lock()

    def exceeded(self, rules: tuple[Quota, ...], project: str, method: str, now: datetime) -> Quota | None:
        """Count a request; return the rule that it breaks, or None. A refused request is counted too."""
        with self._lock:
            minute = int(now.timestamp()) // 60
            if minute != self._minute:
                self._minute = minute
                self._seen.clear()
            broken = [rule for rule in rules if self._count(rule, project, method) > rule.limit]
        return broken[0] if broken else None

    def close(self) -> None:
        """Forget everything: the store was reset or the server ends."""
        with self._lock:
            self._seen.clear()

    def _count(self, rule: Quota, project: str, method: str) -> int:
        if not (fnmatchcase(project, rule.project) and fnmatchcase(method, rule.methods)):
            return 0
        key = (rule, project)
        self._seen[key] = self._seen.get(key, 0) + 1
        return self._seen[key]
