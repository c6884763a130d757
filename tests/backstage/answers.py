"""What a person would answer in the form to get a request, and where Node is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.request.form import LEFT_OUT

PROJECT = Path(__file__).parents[2]
MODULE = PROJECT / "backstage" / "scaffolder-module"
NAMED = ("environments", "services", "buckets", "registries")
NODE = shutil.which("node")

needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed; it is optional")


def answers(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request (as in a file) as the form would send it."""
    lists = {name: [{"name": key, **each} for key, each in request[name].items()] for name in NAMED if name in request}
    return {**request, **lists}


def without_what_is_left_out(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request without the fields that the form does not ask for."""
    environments = {
        name: {key: each for key, each in settings.items() if f"environments.{key}" not in LEFT_OUT}
        for name, settings in request["environments"].items()
    }
    return {**request, "environments": environments}


def words(node: Any) -> Iterator[str]:
    """Yield every key of a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from words(value)
    elif isinstance(node, list):
        for value in node:
            yield from words(value)
