"""Schemas, examples and the first request of a newcomer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from ruamel.yaml import YAML

from provisioner.request.data import data_folder
from provisioner.request.init import Answers, minimal_request
from provisioner.request.loading import load_request, parse_request
from provisioner.request.parsing import parse
from provisioner.request.schema import Kind, json_schema, schema_text
from tests.request.inputs import EXAMPLES, HEAD, platform

TEAMS = sorted(path for path in EXAMPLES.glob("*.yaml") if path.name != "platform.yaml")
ANSWERS = Answers("churn", "a@example.com", "cc-1", "internal", {"dev": "example-churn-dev"})


@pytest.mark.parametrize("kind", ["request", "platform"])
def test_the_committed_schema_is_current(kind: Kind) -> None:
    committed = (data_folder("schemas") / f"{kind}.schema.json").read_text()
    assert committed == schema_text(kind), "run: python -m tests.render.regenerate"
    Draft202012Validator.check_schema(json.loads(committed))


@pytest.mark.parametrize("path", TEAMS, ids=lambda path: path.stem)
def test_an_example_fits_the_schema_and_loads(path: Path) -> None:
    document = parse(path.read_text(), path.name).value
    Draft202012Validator(json_schema("request")).validate(document)
    assert load_request(path, platform()).team == path.stem


def test_an_editor_finds_the_schema_of_each_example() -> None:
    for path in EXAMPLES.glob("*.yaml"):
        first = path.read_text().splitlines()[0]
        address = first.removeprefix("# yaml-language-server: $schema=")
        kind = "platform" if path.stem == "platform" else "request"
        assert (path.parent / address).resolve() == (data_folder("schemas") / f"{kind}.schema.json").resolve()


def test_the_schema_refuses_what_loading_refuses() -> None:
    wrong = parse(HEAD + "environments: {dev: {project: example-churn-dev, regin: x}}\n", "x").value
    with pytest.raises(ValidationError):
        Draft202012Validator(json_schema("request")).validate(wrong)


def test_the_smallest_example_has_eight_lines() -> None:
    assert len((EXAMPLES / "churn.yaml").read_text().splitlines()) == 8


def test_a_first_request_is_valid_and_small() -> None:
    text = minimal_request(ANSWERS, schema="../schemas/request.schema.json")
    assert text.startswith("# yaml-language-server: $schema=../schemas/request.schema.json\nteam: churn\n")
    assert parse_request(text, "x", platform()).environments["dev"].project == "example-churn-dev"


@given(st.text(min_size=1, max_size=30, alphabet=st.characters(codec="utf-8", exclude_categories=["C"])))
def test_an_answer_is_read_back_as_it_was_given(text: str) -> None:
    answers = Answers(text, "a@example.com", "on", "0123", {"dev": "no"})
    written = minimal_request(answers)
    assert parse(written, "x").value["team"] == text
    assert YAML(typ="safe", pure=True).load(written) == {
        "team": text,
        "owner": "a@example.com",
        "cost_center": "on",
        "data_class": "0123",
        "environments": {"dev": {"project": "no"}},
    }
