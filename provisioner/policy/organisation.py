"""Rules of the organisation beside ours, and rules that it switched off.

The files are code of the platform repository, read together with platform.yaml. Each is executed by itself, in a
namespace of its own: it is no module, nothing can import it, and the import path stays as it is.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

from provisioner.errors import InvalidInput
from provisioner.policy.model import Finding, PolicyContext, Rule, Severity
from provisioner.request.models import Platform
from provisioner.request.platform_parts import RuleFile

CANNOT_BE_OFF = "PE-WAIVER-005"
_ID = re.compile(r"(?!PE-|CKV)[A-Z][A-Z0-9]*(-[A-Z0-9]+)+")
_SETTINGS = range(1, 19)
_FIX = "write RULES, a tuple of provisioner.policy.model.Rule with ids of your own prefix, such as ACME-GCS-001"


class _Named(Protocol):
    """A rule over a plan or over source."""

    @property
    def id(self) -> str:
        """Its id."""


_Any = TypeVar("_Any", bound=_Named)


def organisation_rules(platform: Platform | None) -> tuple[Rule, ...]:
    """Return the rules in the files that platform.yaml names.

    Raises InvalidInput with file and line when a file cannot be executed or holds something other than rules.
    """
    return _loaded(platform.policy.files) if platform is not None and platform.policy.files else ()


def in_force(rules: Iterable[_Any], platform: Platform | None) -> tuple[_Any, ...]:
    """Return the rules that are not switched off."""
    off = {each.rule for each in platform.policy.switched_off} if platform is not None else set()
    return tuple(rule for rule in rules if rule.id not in off)


def not_switched_off(findings: Sequence[Finding], platform: Platform | None) -> tuple[Finding, ...]:
    """Return findings made elsewhere without those of rules that are switched off."""
    off = {each.rule for each in platform.policy.switched_off} if platform is not None else set()
    return tuple(finding for finding in findings if finding.rule not in off)


def wrongly_off(context: PolicyContext, may_be_excused: Callable[[str], bool | None]) -> Iterator[Finding]:
    """Yield a finding for each entry of ``switched_off`` that switches nothing off, or what nothing can excuse."""
    for each in context.platform.policy.switched_off if context.platform is not None else ():
        excusable = may_be_excused(each.rule)
        if not excusable:
            why = "there is no such rule" if excusable is None else "nothing excuses that rule"
            yield Finding(
                CANNOT_BE_OFF,
                Severity.HIGH,
                f"policy.switched_off: {each.rule}",
                f"{each.owner} switched off {each.rule}: {why}",
                "remove the entry from platform.yaml",
                "security baseline, waivers",
            )


@lru_cache(maxsize=16)
def _loaded(files: tuple[RuleFile, ...]) -> tuple[Rule, ...]:
    found = [(file.name, rule) for file in files for rule in _rules_of(file)]
    seen: dict[str, str] = {}
    for name, rule in found:
        if rule.id in seen:
            raise InvalidInput(f"{rule.id} is in {seen[rule.id]} already", fix="give each rule its own id", where=name)
        seen[rule.id] = name
    return tuple(rule for _, rule in found)


def _rules_of(file: RuleFile) -> tuple[Rule, ...]:
    namespace: dict[str, object] = {"__name__": __name__, "__file__": file.name}
    try:
        exec(compile(file.text, file.name, "exec"), namespace)  # noqa: S102 - the platform team's own code, by its own word
    except SyntaxError as error:
        raise InvalidInput(f"is not Python: {error.msg}", fix=_FIX, where=f"{file.name}:{error.lineno}") from error
    except Exception as error:
        raise InvalidInput(f"{type(error).__name__}: {error}", fix=_FIX, where=_place(file, error)) from error
    rules = namespace.get("RULES")
    if not isinstance(rules, tuple) or not rules:
        raise InvalidInput("has no tuple RULES with rules in it", fix=_FIX, where=file.name)
    for rule in rules:
        problem = _problem(rule)
        if problem:
            raise InvalidInput(problem, fix=_FIX, where=file.name)
    return rules


def _place(file: RuleFile, error: Exception) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file.name]
    return f"{file.name}:{lines[-1]}" if lines else file.name


def _problem(rule: object) -> str:
    if not isinstance(rule, Rule):
        return f"RULES holds {type(rule).__name__}, which is no Rule"
    if not isinstance(rule.id, str) or not _ID.fullmatch(rule.id):
        return f"the id {rule.id!r} is not PREFIX-NAME-001 with a prefix of your own (PE and CKV are taken)"
    if not isinstance(rule.severity, Severity) or not callable(rule.inspect) or not rule.title or not rule.fix:
        return f"{rule.id} needs a severity, a title, a fix and a function that looks"
    return "" if rule.setting in _SETTINGS else f"{rule.id} names setting {rule.setting}; the baseline has 1-18"
