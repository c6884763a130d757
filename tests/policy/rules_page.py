"""The page about the rules, written from the rules.

usage: python -m tests.policy.rules_page
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from provisioner.bootstrap.rules import OWN
from provisioner.policy import RULES, explanations
from provisioner.policy.checkov import SKIPPED
from provisioner.policy.duplicates import SAME
from provisioner.policy.source.rules import SOURCE_RULES

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
SETTINGS: Mapping[int, str] = {
    1: "one pool for each environment, with GitHub's provider and no other",
    2: "trust by equality of owner, repository and events, on claims that nobody chooses",
    3: "a pool's principals are bound to one account, by repository, environment, branch and event",
    4: "no keys of service accounts",
    5: "additive, narrow grants; each account holds what its work needs",
    6: "plan, deploy and runtime are three accounts, and deploy acts as runtime only",
    7: "default service accounts without power",
    8: "buckets: closed, versioned, recoverable, cleaned up, at home",
    9: "state: versioned, readable by its own environment's plan account only",
    10: "registries: tags that stay, scanned, cleaned up, readers and writers apart",
    11: "services: own account, known image, bounded, called by named callers",
    12: "APIs stay on when a root is destroyed",
    13: "labels on everything that takes them",
    14: "a budget for each project",
    15: "what holds data is deleted on purpose only",
    16: "source that nobody here wrote is read before it runs",
    17: "data access at IAM and STS is logged",
    18: "keys of our own, where wanted, near the data and with Google's agents only",
}
_HEAD = """# The rules

What `provision-env check` holds a plan or a root's source against; written from the rules themselves
(`python -m tests.policy.rules_page`). A value that is known only after apply counts as wrong wherever a rule looks at
it.
How rules are added, switched off and waived: [ci.md](ci.md).
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join((_HEAD, *_settings(), *_rules(), *_checkov()))


def settings() -> Iterator[tuple[str, int]]:
    """Yield each rule, over plans, over the platform's own plan and over source, with the number of its setting."""
    yield from ((rule.id, rule.setting) for rule in (*RULES, *OWN))
    yield from ((rule.id, rule.setting) for rule in SOURCE_RULES)


def _settings() -> Iterator[str]:
    yield "## Settings of the baseline\n"
    yield "| setting | what it asks for | rules |\n|---|---|---|"
    for number, text in SETTINGS.items():
        ids = sorted({rule for rule, setting in settings() if setting == number})
        yield f"| {number} | {text} | {', '.join(ids)} |"
    yield ""


def _rules() -> Iterator[str]:
    yield "## Rules\n"
    yield "| rule | severity | looks at | what must hold | to mend it | waiver |\n|---|---|---|---|---|---|"
    for each in explanations(bootstrap=OWN):
        waiver = "yes" if each.waivable else "no"
        fix = each.fix.replace("|", "\\|")
        looks_at = "plan of `bootstrap`" if each.bootstrap else each.looks_at
        yield f"| {each.id} | {each.severity} | {looks_at} | {each.title} | {fix} | {waiver} |"
    yield ""


def _checkov() -> Iterator[str]:
    yield "## checkov\n"
    yield "With `--checkov`, or `require_checkov: true` in platform.yaml, checkov judges the plan too. Where a rule of"
    yield "ours has found the same thing on the same resource, its finding is left out:\n"
    yield "| checkov | ours |\n|---|---|"
    yield from (f"| {check} | {', '.join(rules)} |" for check, rules in SAME.items())
    yield "\nNot run:\n"
    yield "| checkov | why not |\n|---|---|"
    yield from (f"| {check} | {reason} |" for check, reason in SKIPPED.items())
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
