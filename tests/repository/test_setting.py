"""Comparing what should be with what is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.repository.facts import Difference, EnvironmentOutputs
from provisioner.repository.setting import Setting, covers, differences, mend
from provisioner.repository.tokens import NEEDED, Token, lacking, lacking_scopes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_everything_covers_itself(value: object) -> None:
    assert covers(value, value)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4), st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_defaults_that_github_adds_are_no_difference(expected: dict[str, Any], more: dict[str, Any]) -> None:
    assert covers(expected, {**more, **expected})


@given(st.lists(JSON, max_size=5), st.randoms())
def test_the_order_of_a_list_is_no_difference(expected: list[Any], random: Any) -> None:
    assert covers(expected, random.sample(expected, len(expected)))


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"a": 1}, {}),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, None),
        ([1], [1, 2]),
        ([1, 2], [1]),
        ([1, 1], [1, 2]),
        ([{"type": "deletion"}], [{"type": "update"}]),
        (True, 1),
        (1, True),
        ("x", None),
        ({"a": []}, {"a": None}),
    ],
)
def test_what_is_missing_other_or_more_is_a_difference(expected: object, found: object) -> None:
    assert not covers(expected, found)


def test_only_what_differs_is_written_and_named() -> None:
    written: list[str] = []
    settings = [
        Setting("same", 1, 1, lambda: written.append("same")),
        Setting("other", {"a": True}, {"a": False}, lambda: written.append("other")),
        Setting("absent", "x", None, lambda: written.append("absent")),
    ]
    assert differences(settings) == (
        Difference("other", '{"a": true}', '{"a": false}'),
        Difference("absent", "x", "nothing"),
    )
    assert mend(settings) == ("other", "absent")
    assert written == ["other", "absent"]


def test_long_values_are_cut_for_people() -> None:
    assert len(Setting("x", "y" * 1000, None, lambda: None).difference().expected) == 200


def test_outputs_are_read_completely_or_not_at_all() -> None:
    value = {
        "project_id": "p",
        "project_number": 12,
        "region": "r",
        "workload_identity_provider": "w",
        "plan_service_account": "a",
        "deploy_service_account": "b",
        "runtime_service_account": "c",
        "buckets": {"data": "d"},
        "registries": {},
        "services": {"s": {"name": "n", "uri": "u"}},
    }
    read = EnvironmentOutputs.from_output(value)
    assert (read.project_number, read.buckets, read.services) == ("12", {"data": "d"}, {"s": {"name": "n", "uri": "u"}})
    for name in value:
        with pytest.raises(Exception, match=name):
            EnvironmentOutputs.from_output({key: kept for key, kept in value.items() if key != name})


@pytest.mark.parametrize(
    ("secret", "kind"),
    [
        ("ghs_x", "installation"),
        ("ghu_x", "user of an App"),
        ("github_pat_x", "fine-grained"),
        ("ghp_x", "classic"),
        ("gho_x", "classic"),
        ("something", "unknown"),
    ],
)
def test_the_kind_of_a_token_is_its_prefix(secret: str, kind: str) -> None:
    token = Token(secret)
    assert token.kind == kind
    assert secret not in repr(token)


def test_permissions_that_lack_are_named() -> None:
    assert lacking(NEEDED) == []
    assert lacking({**NEEDED, "members": "write", "contents": "admin"}) == []
    assert lacking({**NEEDED, "workflows": "read"}) == ["workflows: write"]
    assert lacking({name: level for name, level in NEEDED.items() if name != "members"}) == ["members: read"]


def test_scopes_of_classic_tokens() -> None:
    assert lacking_scopes("repo, workflow, read:org") == []
    assert lacking_scopes("repo, workflow, admin:org, gist") == []
    assert lacking_scopes("public_repo") == ["read:org", "repo", "workflow"]
