"""fields and updateMask."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.google.discovery import load
from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.masks import apply_update, check_fields, parse_fields, read_update_mask, trim
from tests.sandbox.core.cloud import GoogleCloud

RUN = load("run.v2").schemas


@pytest.mark.parametrize(
    ("mask", "left"),
    [
        ("kind", {"kind": "k"}),
        ("items/name", {"items": [{"name": "a"}, {"name": "b"}]}),
        (
            "items(name,owner/email),kind",
            {"items": [{"name": "a", "owner": {"email": "e"}}, {"name": "b"}], "kind": "k"},
        ),
        ("items(owner(email))", {"items": [{"owner": {"email": "e"}}, {}]}),
        ("items.owner.id", {"items": [{"owner": {"id": 1}}, {}]}),
        ("items/*/email", {"items": [{"owner": {"email": "e"}, "name": "a"}, {"name": "b"}]}),
        ("absent", {}),
    ],
)
def test_fields(mask: str, left: dict[str, Any]) -> None:
    document = {"kind": "k", "items": [{"name": "a", "owner": {"email": "e", "id": 1}}, {"name": "b"}]}
    assert trim(document, parse_fields(mask)) == left


@pytest.mark.parametrize("mask", ["a(", "a)", "a(b", ",", "a//b", "a(b))", ""])
def test_a_mask_that_is_none(mask: str) -> None:
    with pytest.raises(ApiError):
        parse_fields(mask)


def test_a_mask_of_unknown_fields_is_refused(cloud: GoogleCloud) -> None:
    schemas = load("storage.v1").schemas
    check_fields(parse_fields("items(name,labels/env,lifecycle/rule/action/type)"), schemas["Buckets"], schemas)
    cloud.bucket("acme-data")
    url = "storage.googleapis.com/storage/v1/b/acme-data?fields="
    assert cloud.call("GET", f"{url}name,location").body == {"name": "acme-data", "location": "EUROPE-WEST1"}
    answer = cloud.call("GET", f"{url}nome")
    assert (answer.status, answer.reason) == (400, "invalidParameter")
    assert answer.message == "Invalid field selection nome"


def test_an_update_mask_may_be_spelled_either_way() -> None:
    mask = "template.service_account,template.scaling.maxInstanceCount,labels.cost-center,annotations.`a.b/c`"
    assert read_update_mask(mask, "GoogleCloudRunV2Service", RUN) == [
        ("template", "serviceAccount"),
        ("template", "scaling", "maxInstanceCount"),
        ("labels", "cost-center"),
        ("annotations", "a.b/c"),
    ]
    assert read_update_mask("*", "GoogleCloudRunV2Service", RUN) == [("*",)]


def test_an_update_mask_of_unknown_fields_is_refused() -> None:
    with pytest.raises(ApiError, match=r"cannot find path 'template\.nope'"):
        read_update_mask("template.nope", "GoogleCloudRunV2Service", RUN)


def test_an_update_takes_what_the_mask_names_and_clears_what_the_patch_lacks() -> None:
    current = {"a": 1, "b": {"c": 2, "d": 3}, "e": {"f": 4}, "g": 5}
    patch = {"a": 9, "b": {"c": 8}, "g": 7}
    paths = [("b", "c"), ("b", "d"), ("e", "f"), ("g",), ("h", "i")]
    assert apply_update(current, patch, paths) == {"a": 1, "b": {"c": 8}, "g": 7}
    assert current["b"] == {"c": 2, "d": 3}
    assert apply_update(current, patch, [("*",)]) == {"a": 9, "b": {"c": 8}, "e": {"f": 4}, "g": 7}
