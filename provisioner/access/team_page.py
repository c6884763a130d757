"""Everything about a team as one self-contained page: no script, no request to anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.access.page import drawn, filled


def team_page(document: Mapping[str, Any]) -> str:
    """Return the HTML for the document that ``show`` prints as JSON; all that it holds is text in the page."""
    access = document["access"]
    return filled(
        "team.html.j2",
        **document,
        pictures={each.name: each for each in drawn(access)} if access else {},
        granted=_granted(access),
        total=_total(document["environments"]),
    )


def _granted(access: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return [row for row in access["rows"] if row["expected"] or not row["right"]] if access else []


def _total(environments: list[Mapping[str, Any]]) -> str:
    """Return what may be spent in a month, by currency."""
    sums: dict[str, int] = {}
    for each in environments:
        sums[each["budget"]["currency"]] = sums.get(each["budget"]["currency"], 0) + each["budget"]["amount"]
    return " and ".join(f"{amount:,} {currency}" for currency, amount in sums.items())
