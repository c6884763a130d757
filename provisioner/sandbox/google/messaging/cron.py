"""Schedules of Cloud Scheduler: five cron fields in a time zone, or ``every …`` of App Engine's older form.

https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules. When both the day of the month and the day of
the week are restricted, either is enough. A local time that the change to summer time leaves out does not happen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_EVERY_FEW = re.compile(r"every (\d+) (minutes|mins|hours)")
_EVERY_DAY = re.compile(r"every ([a-z]+(?:,[a-z]+)*) (\d\d):(\d\d)")
_ITEM = re.compile(r"(?P<first>\*|[0-9a-z]+)(?:-(?P<last>[0-9a-z]+))?(?:/(?P<step>\d+))?")
_HORIZON = 366 * 8 + 2  # days to look ahead: 29 February may be eight years away


class ScheduleError(ValueError):
    """The schedule or the time zone is not valid."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Minutes, hours, days and months at which something happens; ``either_day`` joins the two kinds of day by OR."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime | None:
        """Return the first instant (UTC) later than a moment, None when there is none for years."""
        today = moment.astimezone(self.zone).date()
        for offset in range(-1, _HORIZON):  # the day before: an hour may happen twice
            day = today + timedelta(days=offset)
            if self._on(day):
                found = [each for each in self._instants(day) if each > moment]
                if found:
                    return min(found)
        return None

    def _on(self, day: date) -> bool:
        by_month = day.day in self.days
        by_week = day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (by_month or by_week if self.either_day else by_month and by_week)

    def _instants(self, day: date) -> list[datetime]:
        found = []
        for hour in self.hours:
            for minute in self.minutes:
                local = datetime.combine(day, time(hour, minute), self.zone)
                instant = local.astimezone(UTC)
                if instant.astimezone(self.zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                    found.append(instant)
        return found


@lru_cache(maxsize=256)
def parse_schedule(text: str, zone: str) -> Schedule:
    """Return a schedule. Raises ScheduleError."""
    place = _zone(zone)
    plain = text.strip().lower()
    if plain.startswith("every "):
        return parse_schedule(_as_cron(plain), zone)
    fields = plain.split()
    if len(fields) != 5:  # noqa: PLR2004 - minute, hour, day, month, weekday
        raise ScheduleError(f"{text!r} has not five fields")
    minute, hour, day, month, weekday = fields
    return Schedule(
        tuple(sorted(_values(minute, 0, 59))),
        tuple(sorted(_values(hour, 0, 23))),
        frozenset(_values(day, 1, 31)),
        frozenset(_values(month, 1, 12, _MONTHS, 1)),
        frozenset(value % 7 for value in _values(weekday, 0, 7, _DAYS)),
        either_day=not day.startswith("*") and not weekday.startswith("*"),
        zone=place,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(f"{name!r} is no time zone") from None


def _values(field: str, low: int, high: int, names: list[str] | None = None, first_name: int = 0) -> set[int]:
    values: set[int] = set()
    for item in field.split(","):
        found = _ITEM.fullmatch(item)
        if found is None:
            raise ScheduleError(f"{item!r} is no part of a schedule")
        start = low if found["first"] == "*" else _number(found["first"], names, first_name)
        whole = found["first"] == "*" or (found["step"] and not found["last"])
        end = _number(found["last"], names, first_name) if found["last"] else high if whole else start
        step = int(found["step"] or 1)
        if not (low <= start <= end <= high) or not step:
            raise ScheduleError(f"{item!r} is out of range")
        values |= set(range(start, end + 1, step))
    return values


def _number(text: str, names: list[str] | None, first_name: int) -> int:
    if text.isdigit():
        return int(text)
    if names and text in names:
        return names.index(text) + first_name
    raise ScheduleError(f"{text!r} is no part of a schedule")


def _as_cron(text: str) -> str:
    few = _EVERY_FEW.fullmatch(text)
    if few:
        number = int(few[1])
        step_of = {"hours": ("0 */{} * * *", 24)}.get(few[2], ("*/{} * * * *", 60))
        if not number or step_of[1] % number:
            raise ScheduleError(f"{text!r} does not divide the day evenly")
        return step_of[0].format(number) if number < step_of[1] else step_of[0].replace("*/{}", "0")
    daily = _EVERY_DAY.fullmatch(text)
    if daily is None:
        raise ScheduleError(f"{text!r} is no schedule that is understood here; use the five fields of cron")
    days = "*" if daily[1] == "day" else ",".join(name[:3] for name in daily[1].split(","))
    return f"{int(daily[3])} {int(daily[2])} * * {days}"
