"""The language of subscriptions' filters."""

from __future__ import annotations

import pytest

from provisioner.sandbox.google.messaging.filters import FilterError, parse_filter


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", True),
        ("attributes:kind", True),
        ("attributes:other", False),
        ('attributes.kind != "x"', False),
        ('attributes.other != "x"', True),
        ('hasPrefix(attributes.region, "eu-")', True),
        ('NOT hasPrefix(attributes.region, "eu-")', False),
        ('attributes:kind AND -attributes.region = "us"', True),
        ('(attributes.kind = "y" OR attributes.region = "eu-1") AND attributes:kind', True),
        ('attributes."a key" = "a \\"quoted\\" value"', True),
    ],
)
def test_the_language_of_filters(text: str, *, wanted: bool) -> None:
    attributes = {"kind": "x", "region": "eu-1", "a key": 'a "quoted" value'}
    assert parse_filter(text)(attributes) is wanted


@pytest.mark.parametrize(
    "text",
    [
        "kind",
        "attributes.",
        "attributes.kind = x",
        'attributes.kind > "x"',
        "(attributes:kind",
        "attributes:a AND attributes:b OR attributes:c",
        "attributes:a attributes:b",
        "attributes:" + "a" * 256,
        "attributes:a and attributes:b",
        "hasPrefix(attributes.a)",
        "?",
    ],
)
def test_what_is_no_filter(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text)
