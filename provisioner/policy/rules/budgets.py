"""Budgets: somebody hears before the money is gone."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.view import UNKNOWN, PlanView, Resource

BUDGET = "google_billing_budget"
_THRESHOLDS = (0.5, 0.8, 1.0)


def _budgeted(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    budgets = tuple(plan.of(BUDGET))
    for budget in budgets:
        thresholds = tuple(_thresholds(budget))
        missing = [f"{100 * t:.0f} %" for t in _THRESHOLDS if (t, "CURRENT_SPEND") not in thresholds]
        if missing:
            yield budget.address, f"tells nobody at {', '.join(missing)}"
        if not any(basis == "FORECASTED_SPEND" for _, basis in thresholds):
            yield budget.address, "does not warn when the forecast exceeds the amount"
    if plan.manages_project and not budgets:
        yield "(plan)", "the project has no budget"


def _one_project(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for budget in plan.of(BUDGET):
        projects = budget.get("budget_filter", 0, "projects")
        if projects is UNKNOWN or not isinstance(projects, list) or len(projects) != 1:
            yield budget.address, "does not watch exactly one project"


def _thresholds(budget: Resource) -> Iterator[tuple[float, str]]:
    rules = budget.get("threshold_rules")
    for index in range(len(rules) if isinstance(rules, list) else 0):
        percent = budget.get("threshold_rules", index, "threshold_percent")
        basis = budget.get("threshold_rules", index, "spend_basis")
        if isinstance(percent, (int, float)):
            yield round(float(percent), 4), "CURRENT_SPEND" if basis is None else str(basis)


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-BUD-001",
        Severity.MEDIUM,
        "A project has a budget that warns at 50, 80 and 100 % and by forecast",
        "use the billing-budget module; platform.yaml has a default_budget",
        14,
        _budgeted,
    ),
    Rule(
        "PE-BUD-002",
        Severity.MEDIUM,
        "A budget watches one project",
        'write budget_filter { projects = ["projects/<number>"] }',
        14,
        _one_project,
    ),
)
