"""Run the rules over a plan; nothing that goes wrong on the way counts as a pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from provisioner.policy.duplicates import without_duplicates
from provisioner.policy.model import Finding, PolicyContext, Rule, Severity, Verdict
from provisioner.policy.organisation import in_force, not_switched_off, organisation_rules, wrongly_off
from provisioner.policy.rules import RULES
from provisioner.policy.source.rules import SOURCE_RULES
from provisioner.policy.view import PlanView, view
from provisioner.policy.waivers import apply_waivers
from provisioner.request.platform_parts import Waiver
from provisioner.terraform.plan import Plan
from provisioner.terraform.sensitive import hiding, sensitive_texts

COULD_NOT_RUN = "PE-CHECK-001"
INCOMPLETE = "PE-CHECK-002"
_CHECKOV = re.compile(r"CKV2?_[A-Z]+_[0-9]+")
_REFERENCE = "security baseline, waivers"


def check(
    plan: Plan,
    context: PolicyContext,
    waivers: Sequence[Waiver] = (),
    *,
    rules: Sequence[Rule] = RULES,
    more: Sequence[Finding] = (),
) -> Verdict:
    """Judge a plan; the verdict is bound to the digest of the plan's file.

    ``waivers`` are the platform's; ``more`` are findings made elsewhere about the same plan (a source scan, checkov)
    that the same waivers apply to. Rules of the organisation join ``rules`` (where there are any: source alone has no
    plan to look at), and those that platform.yaml switches off leave. No reason quotes a value that the plan marks as
    sensitive. Raises InvalidInput when a file of the organisation's rules is none.
    """
    hide = hiding(sensitive_texts(plan))
    theirs = organisation_rules(context.platform)
    known = _waivable((*rules, *theirs), more)
    used = in_force((*rules, *(theirs if rules else ())), context.platform)
    judged = tuple(replace(finding, reason=hide(finding.reason)) for finding in _run(used, view(plan), context))
    others = without_duplicates(judged, not_switched_off(more, context.platform))
    waiving = apply_waivers((*_incomplete(plan), *judged, *others), waivers, context.today, known)
    return Verdict(plan.digest, (*waiving.findings, *waiving.about_waivers, *wrongly_off(context, known)))


def _incomplete(plan: Plan) -> Iterator[Finding]:
    if plan.errored or not plan.complete:
        reason = "the plan ended in an error" if plan.errored else "the plan leaves changes out"
        fix = "mend the cause and plan again"
        yield Finding(
            INCOMPLETE, Severity.CRITICAL, "(plan)", f"{reason}: it was not judged as a whole", fix, _REFERENCE
        )


def _run(rules: Sequence[Rule], plan: PlanView, context: PolicyContext) -> Iterator[Finding]:
    for rule in rules:
        yield from _guarded(rule, plan, context)


def _guarded(rule: Rule, plan: PlanView, context: PolicyContext) -> tuple[Finding, ...]:
    try:
        return tuple(dict.fromkeys(rule.findings(plan, context)))
    except Exception as error:  # noqa: BLE001 - whatever a rule trips over, the plan was not checked and must not pass
        reason = f"{rule.id} could not run: {type(error).__name__}"
        fix = "report this with the plan's shape; until then the change cannot be applied"
        return (Finding(COULD_NOT_RUN, Severity.CRITICAL, "(plan)", reason, fix, rule.reference),)


def _waivable(rules: Sequence[Rule], more: Sequence[Finding]) -> Callable[[str], bool | None]:
    in_source = {rule.id: rule.waivable for rule in SOURCE_RULES}
    in_plan = {rule.id: rule.waivable for rule in (*RULES, *rules)}
    elsewhere = {finding.rule: True for finding in more}
    known = elsewhere | in_source | in_plan | {COULD_NOT_RUN: False, INCOMPLETE: False}
    return lambda rule: known.get(rule, True if _CHECKOV.fullmatch(rule) else None)
