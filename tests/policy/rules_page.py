"""The page about the rules, written from the rules.

usage: python -m tests.policy.rules_page
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from provisioner.policy import RULES, explanations
from provisioner.policy.baseline import SETTINGS
from provisioner.policy.checkov import SKIPPED
from provisioner.policy.duplicates import SAME
from provisioner.policy.source.rules import SOURCE_RULES

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
_HEAD = """# The rules

What `provision-env check` holds a plan or a root's source against; written from the rules themselves
(`python -m tests.policy.rules_page`). A value that is known only after apply counts as wrong wherever a rule looks at it.
How rules are added, switched off and waived: [ci.md](ci.md).
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join((_HEAD, *_settings(), *_rules(), *_checkov()))


def _settings() -> Iterator[str]:
    yield "## Settings of the baseline\n"
    yield "| setting | what it asks for | rules |\n|---|---|---|"
    for number, text in SETTINGS.items():
        ids = sorted({rule.id for rule in (*RULES, *SOURCE_RULES) if rule.setting == number})
        yield f"| {number} | {text} | {', '.join(ids)} |"
    yield ""


def _rules() -> Iterator[str]:
    yield "## Rules\n"
    yield "| rule | severity | looks at | what must hold | to mend it | waiver |\n|---|---|---|---|---|---|"
    for each in explanations():
        waiver = "yes" if each.waivable else "no"
        fix = each.fix.replace("|", "\\|")
        yield f"| {each.id} | {each.severity} | {each.looks_at} | {each.title} | {fix} | {waiver} |"
    yield ""


def _checkov() -> Iterator[str]:
    yield "## checkov\n"
    yield "With `--checkov`, or `require_checkov: true` in platform.yaml, checkov judges the plan too. Where a rule of ours"
    yield "has found the same thing on the same resource, its finding is left out:\n"
    yield "| checkov | ours |\n|---|---|"
    yield from (f"| {check} | {', '.join(rules)} |" for check, rules in SAME.items())
    yield "\nNot run:\n"
    yield "| checkov | why not |\n|---|---|"
    yield from (f"| {check} | {reason} |" for check, reason in SKIPPED.items())
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
