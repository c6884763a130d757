"""Whether download rules let a package out. The rule of the package comes before the rule of the whole repository."""

from __future__ import annotations

from provisioner.sandbox.store import Transaction

RULES = "google/artifactregistry.rules"  # by name


def may_download(tx: Transaction, repository: str, package: str) -> bool:
    """Tell whether rules allow the download of a package; without a rule they do. A denial wins over an allowance."""
    rules = [rule for _, rule in tx.scan(RULES, f"{repository}/")]
    own = [rule for rule in rules if rule.get("packageId") == package]
    counted = own or [rule for rule in rules if not rule.get("packageId")]
    return not any(rule["action"] == "DENY" for rule in counted)
