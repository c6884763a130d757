"""operations.yaml: which model version serves where. Planned offline, from files alone.

    python -m model_product.operations plan --before OLD --after NEW     what a merge would change, for people
    python -m model_product.operations changed --before OLD --after NEW  the environments it would change, as JSON
    python -m model_product.operations traffic --after NEW               what each environment wants, as JSON

Only the meaning counts: another order, a comment or a blank line is no change.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LATEST = "latest"
VERSION = re.compile(r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$")
FIELDS = {"publish_primary", "rollback_primary", "challenger"}
WHOLE = 100


class WrongShape(ValueError):
    """operations.yaml is not what it should be; the message lists every finding."""


@dataclass(frozen=True)
class Desired:
    """What one environment should serve. ``percent`` of the traffic goes to the challenger."""

    champion: str
    challenger: str = ""
    percent: int = 0

    def traffic(self) -> str:
        """Return the split as ``tag=percent`` pairs, or ``latest``."""
        if self.champion == LATEST:
            return LATEST
        parts = [(self.champion, WHOLE - self.percent), *([(self.challenger, self.percent)] if self.challenger else [])]
        return ",".join(f"{revision_tag(version)}={percent}" for version, percent in parts)


def revision_tag(version: str) -> str:
    """Return the Cloud Run revision tag of a version: ``1.4.0`` is ``v1-4-0``."""
    return "v" + version.replace(".", "-")


def load(path: Path, environments: frozenset[str]) -> dict[str, Desired]:
    """Read and check the file. Raises WrongShape; every environment of this repository must be in it, and no other."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as problem:
        raise WrongShape(f"{path}: {problem}") from problem
    if not isinstance(document, dict) or set(document) != {"version", "environments"} or document["version"] != 1:
        raise WrongShape(f"{path}: write version: 1 and environments:, nothing else")
    found = document["environments"]
    if not isinstance(found, dict) or set(found) != environments:
        raise WrongShape(f"{path}: environments must be exactly {', '.join(sorted(environments))}")
    findings = [text for name in sorted(found) for text in _findings(name, found[name])]
    if findings:
        raise WrongShape(f"{path}: " + "; ".join(findings))
    return {name: _desired(entry) for name, entry in found.items()}


def plan(before: Mapping[str, Desired], after: Mapping[str, Desired]) -> list[str]:
    """Return one line per change, environments in the order of the new file."""
    lines = []
    for name, wanted in after.items():
        had = before.get(name)
        if had == wanted:
            continue
        if had is None or had.champion != wanted.champion:
            lines.append(f"{name}: champion {had.champion if had else 'none'} -> {wanted.champion}")
        if had is None or (had.challenger, had.percent) != (wanted.challenger, wanted.percent):
            lines.append(f"{name}: challenger {_challenger(had)} -> {_challenger(wanted)}")
    return lines


def changed(before: Mapping[str, Desired], after: Mapping[str, Desired]) -> list[str]:
    """Return the environments whose meaning differs."""
    return [name for name, wanted in after.items() if before.get(name) != wanted]


def _challenger(desired: Desired | None) -> str:
    return f"{desired.challenger} ({desired.percent} %)" if desired and desired.challenger else "none"


def _desired(entry: Mapping[str, Any]) -> Desired:
    champion = entry.get("rollback_primary") or entry["publish_primary"]
    challenger = entry.get("challenger") or {}
    return Desired(str(champion), str(challenger.get("version", "")), int(challenger.get("percent", 0)))


def _findings(name: str, entry: object) -> list[str]:
    if not isinstance(entry, dict) or not set(entry) <= FIELDS or "publish_primary" not in entry:
        return [f"{name}: write publish_primary and, if wanted, {', '.join(sorted(FIELDS - {'publish_primary'}))}"]
    findings = [
        f"{name}.{field}: {entry[field]!r} is not a version such as 1.4.0"
        for field in ("publish_primary", "rollback_primary")
        if entry.get(field) is not None and not _is_version(entry[field], latest=field == "publish_primary")
    ]
    return findings + _challenger_findings(name, entry)


def _challenger_findings(name: str, entry: Mapping[str, Any]) -> list[str]:
    challenger = entry.get("challenger")
    if challenger is None:
        return []
    if not isinstance(challenger, dict) or set(challenger) != {"version", "percent"}:
        return [f"{name}.challenger: write version and percent"]
    percent = challenger["percent"]
    findings = []
    if not _is_version(challenger["version"], latest=False):
        findings.append(f"{name}.challenger.version: {challenger['version']!r} is not a version such as 1.4.0")
    if isinstance(percent, bool) or not isinstance(percent, int) or not 0 < percent < WHOLE:
        findings.append(f"{name}.challenger.percent: {percent!r} is not a whole number from 1 to 99")
    if (entry.get("rollback_primary") or entry["publish_primary"]) == LATEST:
        findings.append(f"{name}.challenger: a challenger needs a champion with a version, not {LATEST}")
    return findings


def _is_version(value: object, *, latest: bool) -> bool:
    return isinstance(value, str) and (VERSION.match(value) is not None or (latest and value == LATEST))


def main(argv: list[str] | None = None) -> int:
    """Run one command; 1 and the findings on standard error when a file has the wrong shape."""
    parser = argparse.ArgumentParser(prog="python -m model_product.operations")
    parser.add_argument("command", choices=("plan", "changed", "traffic"))
    parser.add_argument("--before", type=Path, help="the file as it is now")
    parser.add_argument("--after", type=Path, default=Path("operations.yaml"))
    parser.add_argument("--state", type=Path, default=Path("state"), help="folder with one file per environment")
    options = parser.parse_args(argv)
    try:
        print(_run(options))
    except WrongShape as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> str:
    environments = frozenset(path.stem for path in options.state.glob("*.yml"))
    after = load(options.after, environments)
    if options.command == "traffic":
        return json.dumps({name: desired.traffic() for name, desired in after.items()})
    before = _before(options.before, environments)
    if options.command == "changed":
        return json.dumps(changed(before, after))
    return "\n".join(plan(before, after)) or "no change"


def _before(path: Path | None, environments: frozenset[str]) -> dict[str, Desired]:
    """Read the old file; none, or one that was broken, means that everything is new."""
    if path is None or not path.exists() or not path.stat().st_size:
        return {}
    try:
        return load(path, environments)
    except WrongShape:
        return {}


if __name__ == "__main__":
    sys.exit(main())
