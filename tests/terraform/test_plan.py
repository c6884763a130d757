"""The plan and the state as values: what counts as a change, what people see, what is not believed."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import InvalidInput
from provisioner.terraform import document as reading
from provisioner.terraform.changes import ChangeSet
from provisioner.terraform.plan import Plan
from provisioner.terraform.state import StateDocument
from tests.terraform.plans import change, document, plan, resource, state


def test_only_what_has_an_effect_is_a_change() -> None:
    data = {**change("data.x", ["read"]), "mode": "data"}
    moved = {**change("a.moved", ["no-op"]), "previous_address": "a.old"}
    given_plan = plan(
        change("a.same", ["no-op"], {"x": 1}, {"x": 1}),
        data,
        moved,
        change("a.imported", ["no-op"], {}, {}, importing={"id": "the-id"}),
        change("a.new", ["create"]),
        change("a.other", ["update"]),
        change("a.again", ["delete", "create"]),
        change("a.kept", ["forget"]),
    )
    assert [each.name for each in given_plan.changed()] == ["moved", "imported", "new", "other", "again", "kept"]
    assert str(given_plan.summary()) == "1 to import, 2 to add, 1 to change, 1 to destroy, 1 to forget"
    assert given_plan.changes[6].is_replacement
    assert not given_plan.is_empty


def test_drift_and_prior_state_are_kept_apart_from_changes() -> None:
    drifted = change("a.b", ["update"], {"x": 1}, {"x": 2})
    prior = {"format_version": "1.0", "values": {"root_module": {"resources": [resource("a.b", x=1)]}}}
    read = plan(resource_drift=[drifted], prior_state=prior, variables={"v": {"value": 3}}, configuration={"c": 1})
    assert read.is_empty
    assert read.drift[0].address == "a.b"
    assert read.prior_state.find("a.b") is not None
    assert (read.variables, read.configuration) == ({"v": 3}, {"c": 1})


def test_an_output_alone_makes_a_plan_that_changes_something() -> None:
    read = plan(output_changes={"o": {"actions": ["update"], "before": 1, "after": 2}})
    assert not read.is_empty
    assert not read.changed()
    assert read.redacted().as_json() == [
        {"address": "output.o", "actions": ["update"], "before": {"value": 1}, "after": {"value": 2}}
    ]


def test_the_redacted_form_shows_what_differs_and_no_secret() -> None:
    before = {"same": 1, "name": "old", "list": [{"key": "s1", "n": 1}], "secret": "s2", "gone": True}
    after = {"same": 1, "name": "new", "list": [{"key": "s3", "n": 2}], "secret": "s4"}
    marks = {"list": [{"key": True}], "secret": True}
    marked = {"before_sensitive": marks, "after_sensitive": marks, "after_unknown": {"id": True}}
    shown = plan(change("a.b", ["update"], before, after, **marked)).redacted()
    assert shown.as_json() == [
        {
            "address": "a.b",
            "actions": ["update"],
            "before": {"name": "old", "list": [{"key": "(sensitive)", "n": 1}], "secret": "(sensitive)", "gone": True},
            "after": {
                "name": "new",
                "list": [{"key": "(sensitive)", "n": 2}],
                "secret": "(sensitive)",
                "id": "(known after apply)",
            },
        }
    ]


def test_what_is_sensitive_in_one_place_is_hidden_in_every_other() -> None:
    after = {"labels": {"word": "hunter22"}, "effective_labels": {"word": "hunter22", "hunter22": "of hunter22!"}}
    shown = plan(change("a.b", ["create"], None, after, after_sensitive={"labels": {"word": True}})).redacted()
    (entry,) = shown.entries
    assert entry.after["effective_labels"] == {"word": "(sensitive)", "hunter22": "of (sensitive)!"}


def test_a_secret_that_is_wholly_marked_shows_nothing() -> None:
    read = plan(change("a.b", ["create"], None, {"x": "s"}, before_sensitive=False, after_sensitive=True))
    assert read.redacted().as_json() == [{"address": "a.b", "actions": ["create"], "after": {"value": "(sensitive)"}}]


def test_unknown_parts_are_told() -> None:
    unknown = {"id": True, "list": [{"a": False}, {"b": True}], "known": [{"a": False}]}
    each = plan(change("a.b", ["create"], None, {"list": [{}, {}]}, after_unknown=unknown)).changes[0]
    assert [each.is_unknown(name) for name in ("id", "list", "known", "absent")] == [True, True, False, False]


def test_a_change_set_survives_being_stored_and_keeps_its_digest() -> None:
    changes = plan(change("b.b", ["create"], None, {"x": [1]}), change("a.a", ["delete"], {"x": 1})).redacted()
    stored = json.loads(json.dumps(changes.as_json()))
    assert ChangeSet.from_json(stored) == changes
    assert ChangeSet.from_json(stored).digest() == changes.digest()
    assert [entry.address for entry in changes.entries] == ["a.a", "b.b"]


def test_a_preview_equals_the_real_plan_apart_from_the_repository_id() -> None:
    def bound(repository: str, branch: str = "main") -> ChangeSet:
        after = {"member": f"x/{repository}::refs/heads/{branch}", "mapping": {f"k{repository}": 10}, "size": "10"}
        return plan(change("a.b", ["create"], None, after)).redacted()

    preview, real = bound("0"), bound("987654321")
    assert real != preview
    assert real.replacing({"987654321": "0"}) == preview
    assert bound("987654321", "other").replacing({"987654321": "0"}).differences(preview) == ("a.b",)
    assert bound("1987654321").replacing({"987654321": "0"}) != preview
    assert real.replacing({}) == real


def test_differences_name_what_only_one_side_has() -> None:
    one = plan(change("a.a", ["create"]), change("b.b", ["create"])).redacted()
    other = plan(change("b.b", ["create"]), change("c.c", ["create"])).redacted()
    assert one.differences(other) == ("a.a", "c.c")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff{}", "is not UTF-8"),
        (b"[]", "is not a JSON object"),
        (b"{}", "has format_version None"),
        (b'{"format_version": "2.0"}', "has format_version '2.0'"),
        (b'{"format_version": 1}', "has format_version 1"),
        (b'{"format_version": "1.2", "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "nested too deeply"),
        (b'{"format_version": "1.2", "x": ' + b"[" * 400 + b"]" * 400 + b"}", "nested too deeply"),
        (b'{"format_version": "1.2", "resource_changes": {}}', "not a list of objects"),
        (b'{"format_version": "1.2", "resource_changes": [1]}', "not a list of objects"),
        (b'{"format_version": "1.2", "resource_changes": [{"address": 1}]}', "is not a string"),
        (b'{"format_version": "1.2", "resource_changes": [{"change": {"actions": []}}]}', "has no actions"),
        (b'{"format_version": "1.2", "output_changes": {"a": 1}}', "is not an object"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        Plan.from_bytes(content)


def test_a_document_that_is_too_large_is_not_even_parsed() -> None:
    with pytest.raises(InvalidInput, match="has 3 MB, more than 2 MB"):
        reading.read(b"x" * 3 * 1024**2, what="the plan", limit=2 * 1024**2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(st.sampled_from(["resource_changes", "output_changes", "prior_state", "planned_values", "variables"]), JSON)
def test_any_content_is_read_or_refused(key: str, content: Any) -> None:
    with suppress(InvalidInput):
        assert Plan.from_json({"format_version": "1.2", key: content}).redacted().digest()


@given(JSON, JSON, JSON)
def test_a_fully_sensitive_value_never_shows(before: Any, after: Any, unknown: Any) -> None:
    marked = {"before_sensitive": {"k": True}, "after_sensitive": {"k": True}, "after_unknown": unknown}
    shown = plan(change("a.b", ["update"], {"k": before}, {"k": after}, **marked)).redacted().as_json()[0]
    assert {shown.get(side, {}).get("k", "(sensitive)") for side in ("before", "after")} == {"(sensitive)"}


def test_a_state_is_walked_through_its_modules() -> None:
    inner = {"address": "module.a.module.b", "resources": [{**resource("x.y"), "address": "module.a.module.b.x.y"}]}
    outer = {"address": "module.a", "child_modules": [inner]}
    data = {**resource("d.e"), "mode": "data"}
    read = StateDocument.from_json(
        {
            "format_version": "1.0",
            "values": {"outputs": {"o": {"value": 1}}, "root_module": {"resources": [data], "child_modules": [outer]}},
        }
    )
    assert [(each.module, each.address) for each in read.resources()] == [
        ("module.a.module.b", "module.a.module.b.x.y")
    ]
    assert read.outputs == {"o": 1}
    assert [each.type for each in state(resource("a.b"), resource("c.d")).resources("c")] == ["c"]


def test_an_empty_state_is_empty() -> None:
    assert StateDocument.from_json({"format_version": "1.0"}).is_empty


def test_modules_nested_without_end_are_refused() -> None:
    module: dict[str, Any] = {}
    for _ in range(60):
        module = {"child_modules": [module]}
    with pytest.raises(InvalidInput, match="modules are nested"):
        Plan.from_json(document(planned_values={"root_module": module}))
