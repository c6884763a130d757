"""JUnit XML, as CI systems read it: one test case per rule, one failure per rule that blocks."""

from __future__ import annotations

import re
from collections.abc import Collection
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from provisioner.policy.catalogue import explanations
from provisioner.policy.model import Finding, Verdict
from provisioner.policy.report import ordered

# What XML 1.0 cannot carry, even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(verdict: Verdict, checked: str, looked_at: Collection[str]) -> str:
    """Return the report; ``checked`` names what was checked, ``looked_at`` is ``plan``, ``source`` or both.

    Rules that could look and found nothing are passed cases, waived findings skipped ones; advice is in the output of
    its case.
    """
    ran = (each.id for each in explanations() if any(part in each.looks_at for part in looked_at))
    found: dict[str, list[Finding]] = {rule: [] for rule in ran}
    for finding in ordered(verdict):
        found.setdefault(finding.rule, []).append(finding)
    titles = {each.id: each.title for each in explanations()}
    failures = sum(any(f.blocks for f in findings) for findings in found.values())
    skipped = sum(_is_skipped(findings) for findings in found.values())
    counts = {"tests": str(len(found)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}
    suites = Element("testsuites", {"name": "provision-env check", **counts})
    suite = SubElement(suites, "testsuite", {"name": _clean(checked), **counts})
    for rule, findings in found.items():
        _case(suite, rule, titles.get(rule, rule), findings)
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _case(suite: Element, rule: str, title: str, findings: list[Finding]) -> None:
    case = SubElement(suite, "testcase", {"classname": rule, "name": _clean(title), "time": "0"})
    blocking = [finding for finding in findings if finding.blocks]
    if blocking:
        failure = SubElement(case, "failure", {"type": blocking[0].severity, "message": _clean(_short(blocking))})
        failure.text = _clean("\n".join(map(_told, blocking)))
    elif _is_skipped(findings):
        owners = ", ".join(sorted({finding.waived_by for finding in findings if finding.waived_by}))
        SubElement(case, "skipped", {"message": _clean(f"waived by {owners}")})
    others = [finding for finding in findings if not finding.blocks]
    if others:
        SubElement(case, "system-out").text = _clean("\n".join(map(_told, others)))


def _is_skipped(findings: list[Finding]) -> bool:
    return any(finding.waived_by for finding in findings) and not any(finding.blocks for finding in findings)


def _short(findings: list[Finding]) -> str:
    more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
    return f"{findings[0].resource}: {findings[0].reason}{more}"


def _told(finding: Finding) -> str:
    return f"{finding.resource}: {finding.reason}. To mend it: {finding.fix}. {finding.reference}."


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
