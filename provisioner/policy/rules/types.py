"""Types that nobody here has heard of: what they are cannot be judged."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.policy.known_types import LAST, is_known
from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.view import PlanView


def _known(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    last = ".".join(map(str, LAST))
    for resource in plan.resources:
        if resource.mode in {"managed", "data"} and not is_known(resource.provider, resource.mode, resource.type):
            yield (
                resource.address,
                f"{resource.type} is no type of Google's provider up to {last}, so no rule can judge it",
            )


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-HCL-008",
        Severity.HIGH,
        "Resources are of types that the rules know",
        "use a newer provision-env, or have the platform team waive it for this resource",
        16,
        _known,
    ),
)
