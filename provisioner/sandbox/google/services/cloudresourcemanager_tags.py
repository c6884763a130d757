"""Tag keys and values of Resource Manager v3."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import failed_precondition, invalid_argument
from provisioner.sandbox.google.hierarchy import parent_policies, project_policies, project_resource
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.resourcemanager import tags
from provisioner.sandbox.google.resourcemanager.containers import container_resource
from provisioner.sandbox.google.resourcemanager.projects import known, stamp
from provisioner.sandbox.google.wire import check_etag, fresh_etag, page, random_number
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "cloudresourcemanager"
_SERVICE = "cloudresourcemanager.googleapis.com"
_TYPE = "type.googleapis.com/google.cloud.resourcemanager.v3"
_CHANGEABLE = frozenset(("description", "allowedValuesRegex"))


def tag_resource(call: Call, name: str) -> Resource:
    """Return a key or value as a thing that permissions are asked for: its own policy, its key's, what is above."""
    own = [f"//{_SERVICE}/{name}"]
    if name.startswith("tagValues/"):
        name = tags.find_value(call.tx, name)["parent"]
        own.append(f"//{_SERVICE}/{name}")
    parent = tags.find_key(call.tx, name)["parent"]
    if parent.startswith("projects/"):
        above = project_policies(call.tx, known(call.tx, parent.partition("/")[2], call.now))
    else:
        above = parent_policies(call.tx, parent)
    kind = "TagValue" if len(own) > 1 else "TagKey"
    return Resource(own[0].rpartition(".com/")[2], f"{_SERVICE}/{kind}", _SERVICE, (*own, *above))


def _parent(call: Call) -> Resource:
    """Return where a new key or value goes, or whose are listed."""
    parent = call.body.get("parent") or call.params.get("parent") or ""
    if parent.startswith("tagKeys/"):
        return tag_resource(call, parent)
    tags.namespace_of(call.tx, parent)
    if parent.startswith("projects/"):
        return project_resource(call.tx, parent.partition("/")[2])
    return container_resource(call.tx, parent)


def _tag(call: Call) -> Resource:
    return tag_resource(call, call.params.get("name") or call.params["resource"])


def _named_key(call: Call) -> Resource:
    return tag_resource(call, tags.named_key(call.tx, call.params.get("name") or "")["name"])


def _named_value(call: Call) -> Resource:
    return tag_resource(call, tags.named_value(call.tx, call.params.get("name") or "")["name"])


@method(f"{_API}.tagKeys.create", permission="resourcemanager.tagKeys.create", on=_parent)
def create_key(call: Call) -> Json:
    """Create a key under an organisation or project."""
    parent = _canonical_parent(call)
    tags.check_texts(call.body)
    namespace = tags.namespace_of(call.tx, parent)
    tags.check_unique([key for _, key in call.tx.scan(tags.KEYS) if key["parent"] == parent], call.body["shortName"])
    number = tags.new_number()
    facts = {"name": f"tagKeys/{number}", "parent": parent, "namespacedName": f"{namespace}/{call.body['shortName']}"}
    return _kept(call, tags.KEYS, number, facts, "TagKey")


@method(f"{_API}.tagValues.create", permission="resourcemanager.tagValues.create", on=_parent)
def create_value(call: Call) -> Json:
    """Create a value of a key."""
    key = tags.find_key(call.tx, call.body.get("parent", ""))
    tags.check_texts(call.body)
    place = key["name"].removeprefix("tagKeys/")
    tags.check_unique([value for _, value in call.tx.scan(tags.VALUES, f"{place}/")], call.body["shortName"])
    number = tags.new_number()
    name = f"{key['namespacedName']}/{call.body['shortName']}"
    facts = {"name": f"tagValues/{number}", "parent": key["name"], "namespacedName": name}
    if not call.params.get("validateOnly"):
        call.tx.put(tags.VALUE_NUMBERS, number, {"tagKey": place})
    return _kept(call, tags.VALUES, f"{place}/{number}", facts, "TagValue")


@method(f"{_API}.tagKeys.get", permission="resourcemanager.tagKeys.get", on=_tag)
def get_key(call: Call) -> Json:
    """Return a key."""
    return tags.find_key(call.tx, call.params["name"])


@method(f"{_API}.tagKeys.getNamespaced", permission="resourcemanager.tagKeys.get", on=_named_key)
def get_named_key(call: Call) -> Json:
    """Return a key by its namespaced name."""
    return tags.named_key(call.tx, call.params.get("name") or "")


@method(f"{_API}.tagValues.get", permission="resourcemanager.tagValues.get", on=_tag)
def get_value(call: Call) -> Json:
    """Return a value."""
    return tags.find_value(call.tx, call.params["name"])


@method(f"{_API}.tagValues.getNamespaced", permission="resourcemanager.tagValues.get", on=_named_value)
def get_named_value(call: Call) -> Json:
    """Return a value by its namespaced name."""
    return tags.named_value(call.tx, call.params.get("name") or "")


@method(f"{_API}.tagKeys.list", permission="resourcemanager.tagKeys.list", on=_parent)
def list_keys(call: Call) -> Json:
    """Return a page of the keys right under an organisation or project."""
    parent = _canonical_parent(call)
    rows = ((number, key) for number, key in call.tx.scan(tags.KEYS) if key["parent"] == parent)
    found, token = page(call, rows)
    return ({"tagKeys": found} if found else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.tagValues.list", permission="resourcemanager.tagValues.list", on=_parent)
def list_values(call: Call) -> Json:
    """Return a page of a key's values."""
    key = tags.find_key(call.tx, call.params.get("parent") or "")
    found, token = page(call, call.tx.scan(tags.VALUES, f"{key['name'].removeprefix('tagKeys/')}/"))
    return ({"tagValues": found} if found else {}) | ({"nextPageToken": token} if token else {})


@method(f"{_API}.tagKeys.patch", permission="resourcemanager.tagKeys.update", on=_tag)
def patch_key(call: Call) -> Json:
    """Change a key's description."""
    found = tags.find_key(call.tx, call.params["name"])
    return _changed(call, tags.KEYS, found["name"].removeprefix("tagKeys/"), found, "TagKey")


@method(f"{_API}.tagValues.patch", permission="resourcemanager.tagValues.update", on=_tag)
def patch_value(call: Call) -> Json:
    """Change a value's description."""
    found = tags.find_value(call.tx, call.params["name"])
    return _changed(call, tags.VALUES, _value_place(found), found, "TagValue")


@method(f"{_API}.tagKeys.delete", permission="resourcemanager.tagKeys.delete", on=_tag)
def delete_key(call: Call) -> Json:
    """Delete a key that has no values."""
    found = tags.find_key(call.tx, call.params["name"])
    number = found["name"].removeprefix("tagKeys/")
    if next(call.tx.scan(tags.VALUES, f"{number}/"), None) is not None:
        raise failed_precondition(f"Cannot delete tag key, {found['name']}, because it still has tag values.")
    return _deleted(call, tags.KEYS, number, found, "TagKey")


@method(f"{_API}.tagValues.delete", permission="resourcemanager.tagValues.delete", on=_tag)
def delete_value(call: Call) -> Json:
    """Delete a value that is bound to nothing and held by nobody."""
    found = tags.find_value(call.tx, call.params["name"])
    held = next(call.tx.scan(tags.HOLDS, f"{found['name'].removeprefix('tagValues/')}/"), None)
    if held is not None or tags.bound_anywhere(call.tx, found["name"]):
        raise failed_precondition(
            f"Cannot delete tag value, {found['name']}, because it is still attached to resources in 'global' region. "
            "To delete this tag value, remove all holds and then remove the tag value from all resources."
        )
    call.tx.delete(tags.VALUE_NUMBERS, found["name"].removeprefix("tagValues/"))
    return _deleted(call, tags.VALUES, _value_place(found), found, "TagValue")


@method(
    f"{_API}.tagKeys.getIamPolicy",
    f"{_API}.tagValues.getIamPolicy",
    permission=lambda call: (f"resourcemanager.{call.method.split('.')[1]}.getIamPolicy",),
    on=_tag,
)
def get_policy(call: Call) -> Json:
    """Return who may use a key or value."""
    return get_iam_policy(call, _tag(call))


@method(
    f"{_API}.tagKeys.setIamPolicy",
    f"{_API}.tagValues.setIamPolicy",
    permission=lambda call: (f"resourcemanager.{call.method.split('.')[1]}.setIamPolicy",),
    on=_tag,
)
def set_policy(call: Call) -> Json:
    """Replace who may use a key or value."""
    return set_iam_policy(call, _tag(call))


@method(f"{_API}.tagKeys.testIamPermissions", f"{_API}.tagValues.testIamPermissions", on=_tag)
def test_permissions(call: Call) -> Json:
    """Return those of the permissions asked for that the caller holds."""
    return test_iam_permissions(call, _tag(call))


def _canonical_parent(call: Call) -> str:
    parent = str(call.body.get("parent") or call.params.get("parent") or "")
    kind, _, key = parent.partition("/")
    return f"projects/{known(call.tx, key, call.now)['projectNumber']}" if kind == "projects" else parent


def _value_place(value: Document) -> str:
    return f"{value['parent'].removeprefix('tagKeys/')}/{value['name'].removeprefix('tagValues/')}"


def _kept(call: Call, collection: str, place: str, facts: Json, kind: str) -> Json:
    taken = {key: value for key, value in call.body.items() if value and key not in {"name", "etag", "parent"}}
    times = {"createTime": stamp(call.now), "updateTime": stamp(call.now), "etag": fresh_etag(call.tx)}
    made = taken | facts | times
    if not call.params.get("validateOnly"):
        call.tx.put(collection, place, made)
    return _done(call, made, kind)


def _changed(call: Call, collection: str, place: str, found: Document, kind: str) -> Json:
    check_etag(call.body.get("etag", ""), found["etag"])
    mask = call.params.get("updateMask") or ",".join(sorted(_CHANGEABLE & set(call.body)))
    paths = read_update_mask(mask, kind, call.schemas)
    if any(path[0] not in _CHANGEABLE for path in paths):
        raise invalid_argument(f"Invalid field mask: {mask}", ("update_mask", "only description can be changed"))
    changed = apply_update(found, call.body, paths)
    tags.check_texts(changed)
    changed |= {"updateTime": stamp(call.now), "etag": fresh_etag(call.tx)}
    if not call.params.get("validateOnly"):
        call.tx.put(collection, place, changed)
    return _done(call, changed, kind)


def _deleted(call: Call, collection: str, place: str, found: Document, kind: str) -> Json:
    check_etag(call.params.get("etag") or "", found["etag"])
    if not call.params.get("validateOnly"):
        call.tx.delete(collection, place)
        delete_policy(call.tx, f"//{_SERVICE}/{found['name']}")
    return _done(call, found, kind)


def _done(call: Call, made: Document, kind: str) -> Json:
    return operations.succeeded(call, f"operations/rctk.{random_number(19)}", {"@type": f"{_TYPE}.{kind}"} | made)
