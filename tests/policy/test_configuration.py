"""The configuration inside a plan is judged like source text."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.policy import PolicyContext, check
from provisioner.terraform.plan import Plan

GOOGLE = {"google": {"name": "google", "full_name": "registry.terraform.io/hashicorp/google"}}


def found(**configuration: Any) -> set[str]:
    plan = Plan(changes=(), configuration={"provider_config": GOOGLE, **configuration})
    return {finding.rule for finding in check(plan, PolicyContext()).blocking}


def test_a_plain_configuration_passes() -> None:
    inner = {"resources": [{"address": "data.google_project.this", "mode": "data", "type": "google_project"}]}
    calls = {"environment": {"source": "../../modules/team-environment", "module": inner}}

    assert found(root_module={"module_calls": calls}) == set()


@pytest.mark.parametrize(
    ("rule", "configuration"),
    [
        ("PE-HCL-001", {"provider_config": {"null": {"full_name": "registry.terraform.io/hashicorp/null"}}}),
        ("PE-HCL-001", {"provider_config": {"google": {"full_name": "example.com/hashicorp/google"}}}),
        ("PE-HCL-002", {"root_module": {"resources": [{"address": "x", "mode": "data", "type": "external"}]}}),
        ("PE-HCL-003", {"root_module": {"resources": [{"address": "x", "provisioners": [{"type": "local-exec"}]}]}}),
        (
            "PE-HCL-004",
            {"provider_config": {"google": GOOGLE["google"] | {"expressions": {"sts_custom_endpoint": {}}}}},
        ),
        ("PE-HCL-005", {"root_module": {"module_calls": {"x": {"source": "terraform-aws-modules/vpc/aws"}}}}),
    ],
)
def test_what_must_not_run_is_found(rule: str, configuration: dict[str, Any]) -> None:
    assert found(**configuration) == {rule}


def test_it_is_found_in_a_module_of_a_module() -> None:
    inner = {"resources": [{"address": "data.http.x", "mode": "data", "type": "http"}]}
    outer = {"module_calls": {"b": {"source": "./b", "module": inner}}}
    plan = Plan(changes=(), configuration={"root_module": {"module_calls": {"a": {"source": "./a", "module": outer}}}})

    verdict = check(plan, PolicyContext())

    assert [finding.resource for finding in verdict.blocking] == ["module.a.module.b.data.http.x"]
