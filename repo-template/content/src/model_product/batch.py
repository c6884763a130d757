"""Batch scoring: a sample is checked and scored first, and only then the rest."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from model_product.contract import Contract, ContractBroken, check
from model_product.model import Model
from model_product.table import Table

SAMPLE = 50


def predict(model: Model, table: Table, contract: Contract, as_of: datetime) -> Table:
    """Return the table with a column ``score``. Raises ContractBroken before any work on bad data."""
    if missing := [name for name in model.features if name not in contract.features]:
        raise ContractBroken(f"the model wants inputs the contract does not have: {', '.join(missing)}")
    sample = table.head(SAMPLE)
    check(sample, contract, as_of, labelled=False)
    if not np.isfinite(model.score(sample.numbers(model.features))).all():
        raise ContractBroken("the sample got a score that is not a number")
    check(table, contract, as_of, labelled=False)
    scores = model.score(table.numbers(model.features))
    rows = tuple((*row, f"{score:.6f}") for row, score in zip(table.rows, scores, strict=True))
    return Table((*table.header, "score"), rows)
