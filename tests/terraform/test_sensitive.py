from __future__ import annotations

from provisioner.terraform.plan import Plan
from provisioner.terraform.sensitive import hiding, sensitive_texts


def plan() -> Plan:
    change = {
        "actions": ["update"],
        "before": {"password": "old-one", "rules": [{"key": "k-1", "name": "n-1"}]},
        "after": {"password": "new-one", "port": 5432, "rules": [{"key": "k-2", "name": "n-2"}], "nothing": ""},
        "after_unknown": {},
        "before_sensitive": {"password": True, "rules": [{"key": True}]},
        "after_sensitive": {"password": True, "port": True, "rules": [{"key": True}], "nothing": True},
    }
    resource = {"address": "a.b", "type": "a", "name": "b", "mode": "managed", "provider_name": "p", "change": change}
    output = {"actions": ["create"], "before": None, "after": {"deep": ["out-put"]}, "after_sensitive": True}
    return Plan.from_json(
        {
            "format_version": "1.2",
            "resource_changes": [resource],
            "output_changes": {"o": output},
            "variables": {"secret": {"value": "var-one"}, "plain": {"value": "var-two"}},
            "configuration": {"root_module": {"variables": {"secret": {"sensitive": True}, "plain": {}}}},
        }
    )


def test_every_marked_text_is_found_and_nothing_else() -> None:
    assert sensitive_texts(plan()) == {"old-one", "new-one", "5432", "k-1", "k-2", "out-put", "var-one"}


def test_values_are_hidden_the_longest_first() -> None:
    hide = hiding({"new-one", "new-one-more", "b"})
    assert (
        hide("says new-one-more and new-one, b but not bad")
        == "says (sensitive) and (sensitive), (sensitive) but not bad"
    )
    assert hiding(())("as it is") == "as it is"
