"""The configuration inside a plan: what had to be true of its source, seen from the other side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.policy.model import Complaint, PolicyContext, Rule
from provisioner.policy.source.allowed import data_problem, module_problem, provider_problem
from provisioner.policy.source.rules import SOURCE_RULES
from provisioner.policy.view import PlanView

_DEPTH = 20
_TEXTS = {rule.id: rule for rule in SOURCE_RULES}


def _providers(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for key, provider in (plan.configuration.get("provider_config") or {}).items():
        problem = provider_problem(str(provider.get("full_name") or key))
        if problem:
            yield f"provider {key}", problem
    for resource in plan.resources:
        problem = provider_problem(resource.provider)
        if problem:
            yield resource.address, problem


def _data(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for address, resource in _configured(plan):
        problem = data_problem(str(resource.get("type"))) if resource.get("mode") == "data" else ""
        if problem:
            yield address, problem


def _provisioners(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for address, resource in _configured(plan):
        if resource.get("provisioners"):
            yield address, "a provisioner runs commands where Terraform runs"


def _provider_settings(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for key, provider in (plan.configuration.get("provider_config") or {}).items():
        for name in provider.get("expressions") or {}:
            if name in {"credentials", "access_token", "universe_domain"} or name.endswith("_custom_endpoint"):
                yield f"provider {key}", f"{name} decides which credentials go where; the runner alone does that"


def _modules(plan: PlanView, _context: PolicyContext) -> Iterator[Complaint]:
    for address, call in _module_calls(plan.configuration.get("root_module") or {}):
        problem = module_problem(call.get("source"))
        if problem:
            yield address, problem


def _configured(plan: PlanView) -> Iterator[tuple[str, Mapping[str, Any]]]:
    root = plan.configuration.get("root_module") or {}
    modules = [("", root), *((f"{path}.", call.get("module") or {}) for path, call in _module_calls(root))]
    for prefix, module in modules:
        for resource in module.get("resources") or ():
            yield f"{prefix}{resource.get('address')}", resource


def _module_calls(module: Mapping[str, Any], path: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if depth > _DEPTH:
        raise ValueError("modules are nested too deeply to be looked at")
    for name, call in (module.get("module_calls") or {}).items():
        address = f"{path}module.{name}"
        yield address, call
        yield from _module_calls(call.get("module") or {}, f"{address}.", depth + 1)


def _rule(rule_id: str, inspect: Any) -> Rule:  # noqa: ANN401 - Inspect, which mypy checks at Rule's field
    text = _TEXTS[rule_id]
    return Rule(text.id, text.severity, text.title, text.fix, text.setting, inspect, text.waivable)


RULES: tuple[Rule, ...] = (
    _rule("PE-HCL-001", _providers),
    _rule("PE-HCL-002", _data),
    _rule("PE-HCL-003", _provisioners),
    _rule("PE-HCL-004", _provider_settings),
    _rule("PE-HCL-005", _modules),
)
