"""A plan whose resources are of types that do not exist is a lie, unless a newer provider may have them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.errors import InvalidInput
from provisioner.policy import PolicyContext, check, read_document
from provisioner.policy.known_types import google_types
from provisioner.policy.rules.deletes import STATEFUL
from provisioner.request.platform_parts import Waiver
from provisioner.sandbox.provider.registry import load
from tests.policy.breaking import Json, resource
from tests.policy.conftest import TODAY
from tests.policy.type_names import LIST, main, names

GOOGLE, BETA = (f"registry.terraform.io/hashicorp/{name}" for name in ("google", "google-beta"))
SHARED = Path(__file__).parents[2].parent / "shared" / "google-provider" / "schema-7.45.json"
BUILT_IN = "terraform.io/builtin/terraform"


def planned(file: Path, kind: str, *constraints: str, provider: str = GOOGLE, mode: str = "managed") -> Path:
    """Write a plan of one resource; each constraint is of another module."""
    lead = "data." if mode == "data" else ""
    entry = resource(kind, {"name": "x"}) | {"provider_name": provider, "mode": mode, "address": f"{lead}{kind}.added"}
    configured = {
        f"module.m{index}:google": {"name": "google", "full_name": provider, "version_constraint": constraint}
        for index, constraint in enumerate(constraints)
    }
    document: Json = {"format_version": "1.2", "complete": True, "resource_changes": [entry]}
    file.write_text(json.dumps(document | {"configuration": {"provider_config": configured}}))
    return file


@pytest.mark.parametrize(
    ("kind", "constraints"),
    [
        ("google_storage_bukket", ()),
        ("google_storage_bukket", ("8.7.0",)),
        ("google_storage_bukket", ("= 8.7.3",)),
        ("google_storage_bukket", ("~> 8.7.0",)),
        ("google_storage_bukket", ("~> 7.45",)),
        ("google_storage_bukket", (">= 5.0, < 8.8.0",)),
        ("google_storage_bukket", (">= 6", "<= 8.7")),
        ("google_storage_bukket", (">= 6", "nonsense", "7.0.0")),
        ("aws_s3_bucket", (">= 9",)),
        ("googel_storage_bucket", (">= 9",)),
    ],
    ids=str,
)
def test_what_no_provider_has_is_refused_by_its_address(
    kind: str, constraints: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=rf"{kind}\.added is of a type that google does not have") as caught:
        read_document(planned(tmp_path / "plan.json", kind, *constraints))
    assert caught.value.where == str(tmp_path / "plan.json")
    assert "8.7.0" in caught.value.fix


@pytest.mark.parametrize(
    "constraints",
    [
        ("~> 8.7",),
        ("8.8.0",),
        (">= 7.0",),
        ("> 8.7.0, != 8.8.1",),
        ("~> 4.80",),
        ("4.1.0",),
        ("< 6",),
        (">= 6", "~> 9.1.2"),
    ],
    ids=str,
)
def test_what_a_newer_or_older_provider_may_have_is_a_finding(constraints: tuple[str, ...], tmp_path: Path) -> None:
    plan = read_document(planned(tmp_path / "plan.json", "google_new_thing", *constraints))
    found = check(plan, PolicyContext(today=TODAY))
    assert [(each.rule, each.resource) for each in found.blocking if each.rule.startswith("PE-HCL")] == [
        ("PE-HCL-008", "google_new_thing.added")
    ]
    agreed = Waiver(
        rule="PE-HCL-008", resource="google_new_thing.added", owner="maria", reason="new in 9.1", expires=TODAY
    )
    assert "PE-HCL-008" not in {each.rule for each in check(plan, PolicyContext(today=TODAY), (agreed,)).blocking}


@pytest.mark.parametrize(
    ("kind", "provider", "mode"),
    [
        ("google_storage_bucket", GOOGLE, "managed"),
        ("google_storage_bucket", BETA, "managed"),
        ("google_project", GOOGLE, "data"),
        ("google_data_catalog_entry", GOOGLE, "managed"),
        ("terraform_data", BUILT_IN, "managed"),
        ("random_bukket", "registry.terraform.io/hashicorp/random", "managed"),
    ],
)
def test_what_exists_or_is_of_others_is_judged_by_the_rules(
    kind: str, provider: str, mode: str, tmp_path: Path
) -> None:
    plan = read_document(planned(tmp_path / "plan.json", kind, provider=provider, mode=mode))
    assert "PE-HCL-008" not in {each.rule for each in check(plan, PolicyContext()).findings}


@pytest.mark.parametrize(
    ("kind", "provider", "mode"),
    [
        ("google_service_account_iam_member", GOOGLE, "data"),
        ("terraform_dater", BUILT_IN, "managed"),
        ("google_zebra", BETA, "data"),
    ],
)
def test_each_kind_has_its_own_types(kind: str, provider: str, mode: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        read_document(planned(tmp_path / "plan.json", kind, provider=provider, mode=mode))


def test_the_command_says_so_and_ends_with_2(tmp_path: Path) -> None:
    file = planned(tmp_path / "plan.json", "google_storage_bukket")
    program = Path(sys.executable).with_name("provision-env")
    done = subprocess.run([program, "check", file], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "google_storage_bukket.added" in done.stderr


def test_the_list_has_every_type_that_the_product_and_the_provider_know() -> None:
    made = load()
    assert len(made.resources) > 40
    assert set(made.resources) | STATEFUL <= google_types()
    assert {f"data.{name}" for name in made.data_sources} <= google_types()
    if not SHARED.is_file():
        pytest.skip("the provider's schema lies beside this repository")
    assert set(names(json.loads(SHARED.read_text()))) <= google_types()


def test_a_schema_adds_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied, schema = tmp_path / "list.txt", tmp_path / "schema.json"
    before = LIST.read_text()
    copied.write_text(before)
    new: Json = {"resource_schemas": {"google_a_new_one": {}}, "data_source_schemas": {"google_another": {}}}
    schema.write_text(json.dumps({"provider_schemas": {GOOGLE: new, "example.com/x/other": new}}))
    monkeypatch.setattr("tests.policy.type_names.LIST", copied)
    main([str(schema)])
    assert set(copied.read_text().splitlines()) - set(before.splitlines()) == {
        "google_a_new_one",
        "data.google_another",
    }
    monkeypatch.setattr("tests.policy.type_names.LIST", tmp_path / "again.txt")
    (tmp_path / "again.txt").write_text(before)
    main([])
    assert (tmp_path / "again.txt").read_text() == before
