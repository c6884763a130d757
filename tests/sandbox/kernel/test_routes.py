"""Every method of every document is found by its own URL; everything else is refused by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import googleapiclient  # type: ignore[import-untyped]
import pytest

from provisioner.sandbox.google.catalog import SERVICES
from provisioner.sandbox.google.coverage import coverage
from provisioner.sandbox.google.discovery import load
from tests.sandbox.core.cloud import PROJECT, GoogleCloud

DOCUMENTS = sorted({document for service in SERVICES for document in service.documents.values()} - {"compute.v1"})
FOLDER = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"


def methods(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from node.get("methods", {}).values()
    for child in node.get("resources", {}).values():
        yield from methods(child)


def example(pattern: str) -> str:
    """A value that fits a path parameter's pattern."""
    return pattern.strip("^$").replace(".*", "rest/of/it").replace("[^/]+", "some-thing")


def path_of(method: dict[str, Any]) -> str:
    def value(part: re.Match[str]) -> str:
        return example(method["parameters"][part[2]].get("pattern", "[^/]+"))

    return re.sub(r"\{(\+?)([^}]+)\}", value, method["path"])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_method_is_found(name: str) -> None:
    document = json.loads((FOLDER / f"{name}.json").read_text())
    api = load(name)
    wrong = []
    for method in methods(document):
        path = "/" + document.get("servicePath", "") + path_of(method)
        match = api.match(method["httpMethod"], path)
        # A few documents have two methods with one URL; either will do.
        same = [
            other["id"]
            for other in methods(document)
            if other["httpMethod"] == method["httpMethod"]
            and re.sub(r"\{[^}]*\}", "", other["path"]) == re.sub(r"\{[^}]*\}", "", method["path"])
        ]
        if match is None or match.spec.id not in same:
            wrong.append((method["id"], path, match.spec.id if match else None))
    assert not wrong


def test_descriptions_are_dropped_and_properties_called_so_are_not() -> None:
    schema = load("iam.v1").schemas["ServiceAccount"]
    assert schema["properties"]["description"] == {"type": "string"}
    assert "description" not in schema


def test_a_method_without_a_handler_is_named(cloud: GoogleCloud) -> None:
    answer = cloud.call("POST", f"compute.googleapis.com/compute/v1/projects/{PROJECT}/zones/z/instances", {})
    assert answer.status == 501
    assert "compute.instances.insert" in answer.message


def test_a_path_that_nobody_knows_is_named(cloud: GoogleCloud) -> None:
    answer = cloud.call("GET", "run.googleapis.com/v9/projects")
    assert answer.status == 501
    assert "GET https://run.googleapis.com/v9/projects" in answer.message
    assert cloud.call("GET", "translate.googleapis.com/v3/x").status == 501


def test_what_is_refused_is_what_coverage_lists(cloud: GoogleCloud) -> None:
    listed = {entry.document: entry for entry in coverage()}
    assert "storage.buckets.insert" in listed["storage.v1"].answered
    assert "compute.instances.insert" in listed["compute.v1"].refused
    assert "iam.projects.locations.workloadIdentityPools.operations.get" in listed["iam.v1"].answered
    refused = cloud.call("DELETE", f"compute.googleapis.com/compute/v1/projects/{PROJECT}/zones/z/instances/i")
    assert refused.status == 501


def test_a_trailing_slash_and_either_spelling_of_parameters_are_fine(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data")
    assert cloud.call("GET", "storage.googleapis.com/storage/v1/b/acme-data/").status == 200
    listed = cloud.call(
        "GET", "storage.googleapis.com/storage/v1/b/acme-data/o?max_results=1&$alt=json&prettyPrint=false"
    )
    assert listed.status == 200
