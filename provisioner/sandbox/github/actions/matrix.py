"""``strategy.matrix``: which combinations a job runs in.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategymatrix
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.github.actions.evaluation import to_text
from provisioner.sandbox.github.actions.expressions import ExpressionError

Combination = dict[str, Any]
MOST = 256


def combinations(section: object) -> list[Combination]:
    """Return the combinations of an evaluated matrix section. Raises ExpressionError in GitHub's words."""
    if section is None:
        return [{}]
    if not isinstance(section, Mapping):
        raise ExpressionError("Matrix must be a mapping")
    axes = {str(name): values for name, values in section.items() if name not in {"include", "exclude"}}
    for name, values in axes.items():
        if not isinstance(values, list) or not values:
            raise ExpressionError(f"Matrix vector '{name}' does not contain any values")
    rows = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())] if axes else []
    excluded = _rows(section.get("exclude"))
    rows = [row for row in rows if not any(_fits(row, wanted) for wanted in excluded)]
    rows = _included(rows, axes, _rows(section.get("include")))
    if not rows:
        raise ExpressionError("Matrix must define at least one combination")
    if len(rows) > MOST:
        raise ExpressionError(f"The matrix has {len(rows)} combinations, more than the {MOST} that are allowed")
    return rows


def _rows(section: object) -> list[Combination]:
    if not isinstance(section, list):
        return []
    return [{str(name): value for name, value in row.items()} for row in section if isinstance(row, Mapping)]


def _fits(row: Combination, wanted: Combination) -> bool:
    return all(name in row and row[name] == value for name, value in wanted.items())


def _included(rows: list[Combination], axes: Mapping[str, Any], included: list[Combination]) -> list[Combination]:
    """Add each included row to the combinations whose axes it does not change, else as one of its own."""
    original, out = len(rows), [dict(row) for row in rows]
    for extra in included:
        on_axes = {name: value for name, value in extra.items() if name in axes}
        fitting = [index for index in range(original) if _fits(rows[index], on_axes)]
        for index in fitting:
            out[index] |= extra
        if not fitting:
            out.append(dict(extra))
    return out


def label(row: Combination) -> str:
    """Return what stands in brackets behind the job's name."""
    return ", ".join(_shown(value) for value in row.values())


def _shown(value: Any) -> str:  # noqa: ANN401 - any value of a matrix
    if isinstance(value, Mapping):
        return ", ".join(_shown(inner) for inner in value.values())
    return ", ".join(map(_shown, value)) if isinstance(value, list) else to_text(value)
