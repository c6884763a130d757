"""Plans and states as Terraform prints them, made by hand."""

from __future__ import annotations

from typing import Any

from provisioner.terraform.plan import Plan
from provisioner.terraform.state import StateDocument


def change(
    address: str, actions: list[str], before: object = None, after: object = None, **rest: object
) -> dict[str, Any]:
    """One entry of ``resource_changes``; ``rest`` goes into ``change``."""
    *module, kind, name = address.split(".")
    return {
        "address": address,
        "module_address": ".".join(module) or None,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/google",
        "change": {"actions": actions, "before": before, "after": after, **rest},
    }


def document(*changes: dict[str, Any], **rest: object) -> dict[str, Any]:
    return {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": list(changes), **rest}


def plan(*changes: dict[str, Any], **rest: object) -> Plan:
    return Plan.from_json(document(*changes, **rest))


def state(*resources: dict[str, Any]) -> StateDocument:
    return StateDocument.from_json({"format_version": "1.0", "values": {"root_module": {"resources": list(resources)}}})


def resource(address: str, *, tainted: bool = False, **values: object) -> dict[str, Any]:
    kind, name = address.split(".")
    return {"address": address, "mode": "managed", "type": kind, "name": name, "values": values, "tainted": tainted}
