"""Every rule over a plan, one file per family; the order is the order of reports."""

from __future__ import annotations

from provisioner.policy.model import Rule
from provisioner.policy.rules import (
    accounts,
    buckets,
    budgets,
    configuration,
    deletes,
    iam,
    keys,
    labels,
    registry,
    run,
    services,
    state,
    types,
    wif,
)

RULES: tuple[Rule, ...] = (
    *wif.RULES,
    *iam.RULES,
    *accounts.RULES,
    *buckets.RULES,
    *state.RULES,
    *registry.RULES,
    *run.RULES,
    *services.RULES,
    *labels.RULES,
    *budgets.RULES,
    *keys.RULES,
    *deletes.RULES,
    *configuration.RULES,
    *types.RULES,
)
