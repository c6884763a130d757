"""Requests written in a test, loaded as from a file."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from provisioner.errors import InvalidInput
from provisioner.request.loading import load_platform, parse_platform, parse_request
from provisioner.request.models import Platform, Request

EXAMPLES = Path(__file__).parents[2] / "examples"
HEAD = "team: churn\nowner: a@example.com\ncost_center: cc-1\ndata_class: internal\n"
ENVIRONMENTS = "environments:\n  dev: {project: example-churn-dev}\n"


def platform(**changes: object) -> Platform:
    return load_platform(EXAMPLES / "platform.yaml").model_copy(update=changes)


def request(text: str, settings: Platform | None = None) -> Request:
    return parse_request(dedent(text), "t.yaml", settings or platform())


def problems(text: str, settings: Platform | None = None) -> list[str]:
    """Return the problems of a request as people read them."""
    with pytest.raises(InvalidInput) as caught:
        request(text, settings)
    return [str(problem) for problem in caught.value.problems] or [str(caught.value)]


def platform_problems(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse_platform(dedent(text), "platform.yaml")
    return [str(problem) for problem in caught.value.problems] or [str(caught.value)]
