"""The rules for people: a list, and one explained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from provisioner.errors import InvalidInput
from provisioner.policy.engine import COULD_NOT_RUN, INCOMPLETE
from provisioner.policy.model import Rule, Severity
from provisioner.policy.organisation import organisation_rules
from provisioner.policy.rules import RULES
from provisioner.policy.source.rules import SOURCE_RULES
from provisioner.policy.waivers import titles
from provisioner.request.models import Platform


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one id means. ``looks_at`` is ``plan``, ``source`` or both; ``off`` says who switched it off and why.

    ``bootstrap`` marks what only the plan of the platform's own root is held against.
    """

    id: str
    severity: Severity
    title: str
    fix: str
    reference: str
    looks_at: str
    waivable: bool
    off: str = ""
    bootstrap: bool = False

    def document(self) -> dict[str, object]:
        """Return the JSON shape: the fields by name."""
        return asdict(self)


def explanations(platform: Platform | None = None, bootstrap: Iterable[Rule] = ()) -> tuple[Explanation, ...]:
    """Return every id that a check can report, sorted; with the organisation's where platform.yaml is given.

    ``bootstrap`` are the rules over the platform's own root, which this room does not know. Raises InvalidInput when a
    file of the organisation's rules is none.
    """
    rules = (*RULES, *organisation_rules(platform))
    in_plan, in_source = {r.id: r for r in rules}, {r.id: r for r in SOURCE_RULES}
    off = (
        {each.rule: f"{each.owner}: {each.reason}" for each in platform.policy.switched_off}
        if platform is not None
        else {}
    )
    found = [
        Explanation(
            rule.id,
            rule.severity,
            rule.title,
            rule.fix,
            rule.reference,
            _looks_at(rule.id in in_plan, rule.id in in_source),
            rule.waivable,
            off.get(rule.id, ""),
        )
        for rule in (in_source | in_plan).values()
    ]
    ground = (_of_bootstrap(rule) for rule in bootstrap)
    return tuple(sorted((*found, *ground, *_about_the_check()), key=lambda explanation: explanation.id))


def explain(rule_id: str, platform: Platform | None = None, bootstrap: Iterable[Rule] = ()) -> Explanation:
    """Return one explanation; raises InvalidInput with ids that look alike. Parameters as in ``explanations``."""
    found = {explanation.id: explanation for explanation in explanations(platform, bootstrap)}
    if rule_id.upper() in found:
        return found[rule_id.upper()]
    family = "-".join(rule_id.upper().split("-")[:2])
    near = [known for known in found if known.startswith(family)] or sorted(found)[:5]
    raise InvalidInput(f"there is no rule {rule_id}", fix=f"try one of {', '.join(near)}")


def _of_bootstrap(rule: Rule) -> Explanation:
    return Explanation(
        rule.id, rule.severity, rule.title, rule.fix, rule.reference, "plan", waivable=rule.waivable, bootstrap=True
    )


def _looks_at(plan: bool, source: bool) -> str:  # noqa: FBT001 - two plain facts, named at the call
    return "plan and source" if plan and source else "plan" if plan else "source"


def _about_the_check() -> tuple[Explanation, ...]:
    reference = "security baseline, waivers"
    critical = (
        (COULD_NOT_RUN, "Every rule could run", "report it; a check that could not run is a failure"),
        (INCOMPLETE, "The plan is complete", "mend what stopped the plan and plan again"),
    )
    own = tuple(Explanation(i, Severity.CRITICAL, t, f, reference, "plan", waivable=False) for i, t, f in critical)
    waivers = tuple(
        Explanation(
            i, _waiver_severity(i), t, "mend or remove the waiver in platform.yaml", reference, "plan", waivable=False
        )
        for i, t in titles()
    )
    return own + waivers


def _waiver_severity(rule_id: str) -> Severity:
    return Severity.ADVICE if rule_id == "PE-WAIVER-004" else Severity.HIGH
