"""The form asks for what a request takes, no more and no less, and the committed template is made from the schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from provisioner.cli.backstage import template_text
from provisioner.request.data import data_folder
from provisioner.request.form import LEFT_OUT, PAGES, backstage_template
from provisioner.request.loading import load_platform
from provisioner.request.models import Platform
from provisioner.request.parsing import parse
from provisioner.request.schema import json_schema
from tests.backstage.answers import PROJECT, answers, without_what_is_left_out, words
from tests.cli.conftest import Cli, cli, person

__all__ = ["cli", "person"]

EXAMPLES = sorted(path for path in (PROJECT / "examples").glob("*.yaml") if path.name != "platform.yaml")
PLATFORM = PROJECT / "examples" / "platform.yaml"
DEFINITIONS = json_schema("request")["$defs"]
MINIMAL: dict[str, Any] = {
    "team": "shop",
    "owner": "shop@example.com",
    "cost_center": "cc-1",
    "data_class": "internal",
    "environments": [{"name": "dev", "project": "example-shop-dev"}],
}


Problems = Callable[[dict[str, Any]], list[str]]


@pytest.fixture(scope="module")
def platform() -> Platform:
    return load_platform(PLATFORM)


@pytest.fixture(scope="module")
def problems(platform: Platform) -> Problems:
    return held_against(pages(platform))


@pytest.fixture(scope="module")
def plain_problems() -> Problems:
    """Hold answers against the form of no platform in particular."""
    return held_against(pages(None))


def pages(platform: Platform | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = backstage_template(platform)["spec"]["parameters"]
    return found


def held_against(form: list[dict[str, Any]]) -> Problems:
    """Hold answers against every page, as Backstage's backend does."""
    validators = [Draft7Validator(page) for page in form]
    return lambda given: [error.message for each in validators for error in each.iter_errors(given)]


def fields(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield every field of a request, named without the names of entries."""
    for inner in (*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])):
        yield from fields(inner, path)
    if "$ref" in schema:
        yield from fields(DEFINITIONS[schema["$ref"].rpartition("/")[2]], path)
    for value in (*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")):
        if isinstance(value, dict) and "$ref" in value:
            yield from fields(value, path)
    for name, value in schema.get("properties", {}).items():
        full = f"{path}.{name}".lstrip(".")
        yield full
        if full not in LEFT_OUT:
            yield from fields(value, full)


def asked(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    for inner in (*schema.get("oneOf", []), schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from asked(inner, path)
    for name, value in schema.get("properties", {}).items():
        full = f"{path}.{name}".lstrip(".")
        yield full
        yield from asked(value, full)


def test_the_committed_template_is_current() -> None:
    committed = (data_folder("backstage") / "template.yaml").read_text(encoding="utf-8")
    assert committed == template_text(), "run: provision-env schema backstage > backstage/template.yaml"


def test_every_field_of_a_request_is_asked_for_or_left_out_for_a_reason(platform: Platform) -> None:
    generous = platform.model_copy(
        update={"role_allow_list": platform.role_allow_list.model_copy(update={"plan": ("roles/viewer",)})}
    )
    every = set(fields(json_schema("request")))
    shown = {name for page in pages(generous) for name in asked(page)} - {"plan_only"}
    named = {f"{collection}.name" for collection in ("environments", "services", "buckets", "registries")}
    assert every - shown == set(LEFT_OUT)
    assert shown - every == named


def test_the_form_holds_nothing_that_a_form_cannot_draw(platform: Platform) -> None:
    """Backstage resolves no references between pages, and draws an object with patterns as nothing at all."""
    for page in (*pages(None), *pages(platform)):
        assert {"$ref", "$defs", "anyOf", "patternProperties", "propertyNames"} & set(words(page)) == set()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_can_be_asked_for(path: Path, problems: Problems) -> None:
    request = without_what_is_left_out(parse(path.read_text(), path.name).value)
    assert problems(answers(request)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"team": "Shop"}, "'Shop' does not match"),
        ({"team": None}, "None is not of type 'string'"),
        ({"environments": []}, "[] should be non-empty"),
        ({"environments": [{"name": "dev"}]}, "'project' is a required property"),
        ({"environments": [{"name": "Dev", "project": "p"}]}, "'Dev' does not match"),
        ({"environments": [{"name": "dev", "project": "p", "region": "us-east1"}]}, "'us-east1' is not one of"),
        ({"environments": [{"name": "dev", "project": "p", "owner": "me"}]}, "Additional properties"),
        (
            {"environments": [{"name": "dev", "project": "p", "roles": {"runtime": ["roles/owner"]}}]},
            "'roles/owner' is",
        ),
        ({"environments": [{"name": "dev", "project": "p", "reviewers": [{"user": "a", "team": "b"}]}]}, "not valid"),
        ({"services": [{"name": "scoring", "port": 70000}]}, "70000 is greater than the maximum"),
        ({"buckets": [{"name": "data", "location": "US"}]}, "'US' is not one of"),
        ({"repository": {"mode": "existing"}}, "Additional properties"),
    ],
)
def test_answers_that_no_request_takes_are_refused_at_their_place(
    change: dict[str, Any], said: str, problems: Problems
) -> None:
    assert problems(MINIMAL) == []
    assert any(said in message for message in problems({**MINIMAL, **change}))


@pytest.mark.parametrize("name", ["team", "owner", "cost_center", "data_class", "environments"])
def test_what_a_request_needs_the_form_needs(name: str, plain_problems: Problems) -> None:
    assert plain_problems({key: value for key, value in MINIMAL.items() if key != name}) == [
        f"'{name}' is a required property"
    ]


def test_an_object_that_stands_by_itself_may_be_empty(plain_problems: Problems) -> None:
    """A form sends ``{}`` for each; requiring a field there would ask everybody for it."""
    environment = {**MINIMAL["environments"][0], "budget": {}, "roles": {}}
    sent = {**MINIMAL, "environments": [environment], "budget": {"currency": "EUR"}, "repository": {}}
    assert plain_problems(sent) == []


def test_without_a_platform_no_role_is_offered_and_every_region_is_possible(plain_problems: Problems) -> None:
    names = {name for page in pages(None) for name in asked(page)}
    assert not [name for name in names if name.startswith("environments.roles.")]
    elsewhere = {**MINIMAL, "environments": [{"name": "dev", "project": "p", "region": "asia-east1"}]}
    assert plain_problems(elsewhere) == []


def test_approval_by_the_platform_is_offered_where_somebody_approves(platform: Platform, problems: Problems) -> None:
    mine = {**MINIMAL, "environments": [{"name": "dev", "project": "p", "approval": "platform"}]}
    assert problems(mine) == []
    nobody = held_against(pages(platform.model_copy(update={"approvers": ()})))
    assert nobody(mine) == ["'platform' is not one of ['github']"]


def test_every_answer_reaches_the_action() -> None:
    steps = {step["id"]: step for step in backstage_template()["spec"]["steps"]}
    names = [name for page in PAGES.values() for name in page]
    for step in ("plan", "up"):
        assert steps[step]["input"]["request"] == {name: f"${{{{ parameters.{name} }}}}" for name in names}
    assert steps["plan"]["if"] == "${{ parameters.plan_only }}"
    assert steps["up"]["if"] == steps["register"]["if"] == "${{ not parameters.plan_only }}"


def test_the_verb_prints_the_form_of_a_platform(cli: Cli) -> None:
    ended = cli("schema", "backstage", "--platform", PLATFORM)
    assert ended.out == template_text(load_platform(PLATFORM))
    assert json.loads(cli("schema", "backstage", "-o", "json").out) == backstage_template()
    refused = cli("schema", "request", "--platform", PLATFORM)
    assert refused.code == 2
    assert "schema backstage" in refused.err


def test_the_verb_writes_all_that_an_adopter_copies(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "backstage"
    assert cli("schema", "backstage", "--platform", PLATFORM, "--into", folder).code == 0
    assert (folder / "template.yaml").read_text() == template_text(load_platform(PLATFORM))
    for name in ("catalog-info.yaml", "scaffolder-module/index.cjs", "minimal/package-lock.json"):
        assert (folder / name).read_bytes() == (PROJECT / "backstage" / name).read_bytes()
    again = cli("schema", "backstage", "--into", folder)
    assert again.code == 2
    assert "something is there already" in again.err
