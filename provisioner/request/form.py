"""The Backstage form of a request: a software template whose pages come from the request's JSON Schema.

A form asks for lists where the file has maps: ``environments`` becomes a list whose entries carry their ``name``, so
that people add, remove and order them. The scaffolder module turns them back. Formats:
https://backstage.io/docs/features/software-templates/writing-templates, https://json-schema.org/draft-07.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from provisioner.request.models import Platform
from provisioner.request.schema import json_schema

Schema = dict[str, Any]

PAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Team": ("team", "owner", "cost_center", "data_class", "description", "owner_group"),
        "Environments": ("environments", "budget"),
        "Services and data": ("services", "buckets", "registries"),
        "Repository": ("repository",),
    }
)
"""The pages of the form, and which fields of a request each asks for."""

LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "version": "there is one",
        "vcs": "there is one",
        "trusted_workflows": "for experts, who write a file",
        "self_hosted_runners": "loosens trust: belongs into a file that is reviewed",
        "repository.mode": "a form makes new repositories",
        "repository.path": "reserved",
        "environments.buckets": "the team's own hold for every environment",
        "environments.registries": "likewise",
        "environments.services": "likewise",
        "environments.existing": "what was made elsewhere is described in a file, for repo bootstrap",
    }
)
"""What the form does not ask for, and why; everything else in the schema is on a page."""

_NAMED = {
    "environments": ("Environment", r"^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$"),
    "services": ("Service", ""),
    "buckets": ("Bucket", ""),
    "registries": ("Registry", ""),
}
_LOOKS: Mapping[str, Schema] = MappingProxyType(
    {
        "team": {"ui:autofocus": True, "ui:placeholder": "fraud-detection"},
        "owner": {"ui:placeholder": "fraud-detection@example.com"},
        "description": {"ui:widget": "textarea"},
        "data_class": {"ui:widget": "radio"},
        "environments": {"ui:options": {"orderable": True}},
        "environments.project": {"ui:placeholder": "example-fraud-dev"},
        "repository.description": {"ui:widget": "textarea"},
        "services.public_reason": {"ui:widget": "textarea"},
    }
)
_REVIEWERS = {"team": "A GitHub team", "user": "A GitHub user"}
_SPELT = {"Cpu": "CPU", "Kms key": "KMS key", "Env": "Environment variables"}
_ONLY_PLAN: Schema = {
    "title": "Only show what would change",
    "description": "Nothing is made; the log says what would be.",
    "type": "boolean",
    "default": False,
}
_WANTED = "${{ not parameters.plan_only }}"


def backstage_template(platform: Platform | None = None) -> Schema:
    """Return the template entity; a platform's regions, locations and roles become choices of its form."""
    asked = [name for names in PAGES.values() for name in names]
    request = {name: f"${{{{ parameters.{name} }}}}" for name in asked}
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": {
            "name": "model-platform",
            "title": "Model platform for a team",
            "description": "Environments on Google Cloud, a repository that deploys into them without key files, and "
            "proof of who reaches what.",
            "tags": ["machine-learning", "google-cloud", "terraform"],
        },
        "spec": {
            "owner": "group:default/platform",
            "type": "service",
            "parameters": list(_pages(platform)),
            "steps": [
                _step("plan", "Show what would change", "${{ parameters.plan_only }}", {"request": request}),
                _step("up", "Make the environments and the repository", _WANTED, {"request": request}),
                {
                    "id": "register",
                    "name": "Register the repository in the catalog",
                    "if": _WANTED,
                    "action": "catalog:register",
                    # The catalog reads GitHub with credentials of its own; without them the entity comes later.
                    "input": {"catalogInfoUrl": "${{ steps.up.output.catalogInfoUrl }}", "optional": True},
                },
            ],
            "output": _output(),
        },
    }


def shown(path: str) -> bool:
    """Tell whether the form asks for a field, named as in ``LEFT_OUT``."""
    return path not in LEFT_OUT


def _step(name: str, title: str, condition: str, given: Schema) -> Schema:
    return {"id": name, "name": title, "if": condition, "action": f"provision-env:{name}", "input": given}


def _output() -> Schema:
    return {
        "links": [
            {"title": "Repository", "icon": "github", "url": "${{ steps.up.output.repositoryUrl }}", "if": _WANTED},
            {"title": "In the catalog", "icon": "catalog", "entityRef": "${{ steps.up.output.entityRef }}"}
            | {"if": _WANTED},
        ],
        "text": [
            {"title": "What was made", "content": "${{ steps.up.output.summary }}", "if": _WANTED},
            {
                "title": "What would change",
                "content": "${{ steps.plan.output.summary }}",
                "if": "${{ parameters.plan_only }}",
            },
        ],
    }


def _pages(platform: Platform | None) -> Iterator[Schema]:
    schema = json_schema("request")
    form = _Form(schema["$defs"], _choices(platform))
    for title, names in PAGES.items():
        fields = {name: form.field(name, schema["properties"][name]) for name in names}
        if title == list(PAGES)[-1]:
            fields["plan_only"] = _ONLY_PLAN
        # No `additionalProperties: false` here: Backstage holds the answers of all pages against each page.
        page: Schema = {"title": title, "type": "object", "properties": fields}
        required = [name for name in schema["required"] if name in names]
        yield page | ({"required": required} if required else {})


def _choices(platform: Platform | None) -> dict[str, tuple[str, ...]]:
    """Return the values that a platform allows, by the field; no entry where everything well-formed is."""
    if platform is None:
        return {}
    places = (*platform.regions, *platform.locations)
    roles = {f"environments.roles.{name}": tuple(each) for name, each in platform.role_allow_list}
    currency = (platform.default_budget.currency,)
    approvals = ("github", "platform") if platform.approvers else ("github",)
    return {
        "environments.region": tuple(platform.regions),
        "environments.approval": approvals,
        "buckets.location": places,
        "registries.location": places,
        "budget.currency": currency,
        "environments.budget.currency": currency,
        **roles,
    }


class _Form:
    """Turns parts of the request's schema into parts of a form: references resolved, no null, lists for maps."""

    def __init__(self, definitions: Mapping[str, Schema], choices: Mapping[str, tuple[str, ...]]) -> None:
        self._definitions = definitions
        self._choices = choices

    def field(self, path: str, schema: Schema) -> Schema:
        """Return how the form asks for one field; ``path`` names it without the names of entries."""
        plain = self._plain(schema)
        if path in _NAMED:
            made = self._list(path, plain)
        elif "properties" in plain:
            made = self._object(path, plain)
        else:
            made = self._leaf(path, plain)
        name = path.rpartition(".")[2].replace("_", " ").capitalize()
        return {"title": _SPELT.get(name, name), **made, **_LOOKS.get(path, {})}

    def _leaf(self, path: str, plain: Schema) -> Schema:
        made = {key: value for key, value in plain.items() if key not in {"title", "default"}}
        if plain.get("default") not in (None, []):  # a null or an empty list says what no answer says
            made["default"] = plain["default"]
        if "items" in plain:
            item = self._plain(plain["items"])
            made["items"] = self._item(path, item)
            if path in self._choices:
                made |= {"uniqueItems": True, "ui:widget": "checkboxes"}
        elif isinstance(plain.get("additionalProperties"), dict):
            made["additionalProperties"] = self._item(path, self._plain(plain["additionalProperties"]))
        elif path in self._choices:
            made = {key: value for key, value in made.items() if key != "pattern"} | self._choice(path, made)
        return made

    def _choice(self, path: str, made: Schema) -> Schema:
        allowed = list(self._choices[path])
        return {"enum": allowed} | ({"default": allowed[0]} if "default" in made else {})

    def _item(self, path: str, item: Schema) -> Schema:
        if path == "environments.reviewers":
            return {"oneOf": [self._reviewer(kind, item["properties"][kind]) for kind in _REVIEWERS]}
        if "properties" in item:
            return self._entry(path, item)
        made = {key: value for key, value in item.items() if key != "title"}
        return made | ({"enum": list(self._choices[path])} if path in self._choices else {})

    def _reviewer(self, kind: str, schema: Schema) -> Schema:
        """Return one of the two kinds; the request wants exactly one, which this says in a form's own way."""
        field = self.field(f"environments.reviewers.{kind}", schema)
        return {
            "title": _REVIEWERS[kind],
            "type": "object",
            "required": [kind],
            "additionalProperties": False,
            "properties": {kind: field},
        }

    def _object(self, path: str, plain: Schema) -> Schema:
        fields = {name: f"{path}.{name}" for name in plain["properties"] if shown(f"{path}.{name}")}
        kept = {name: full for name, full in fields.items() if self._choices.get(full, ("any",))}
        if path == "environments.roles" and not self._choices:
            kept = {}  # without a platform's list no role is allowed
        made = {name: self.field(full, plain["properties"][name]) for name, full in kept.items()}
        described = {"description": plain["description"]} if "description" in plain else {}
        return {"type": "object", **described, "additionalProperties": False, "properties": made}

    def _entry(self, path: str, plain: Schema) -> Schema:
        """Return an object that people add to a list; only there fields can be required.

        A form sends each object that stands by itself, if only ``{}``: what it requires would be asked of everybody.
        """
        return self._object(path, plain) | ({"required": plain["required"]} if plain.get("required") else {})

    def _list(self, path: str, plain: Schema) -> Schema:
        noun, pattern = _NAMED[path]
        value = plain.get("additionalProperties")
        if not isinstance(value, dict):
            ((pattern, value),) = plain["patternProperties"].items()
        entry = self._entry(path, self._plain(value))
        name = {"title": "Name", "type": "string", "pattern": pattern}
        entry["properties"] = {"name": name, **entry["properties"]}
        entry["required"] = ["name", *entry.get("required", [])]
        sizes = {"minItems": plain.get("minProperties"), "maxItems": plain.get("maxProperties")}
        limits = {key: size for key, size in sizes.items() if size is not None}
        return {"type": "array", "description": plain["description"], **limits, "items": {"title": noun, **entry}}

    def _plain(self, schema: Schema) -> Schema:
        """Return a schema without references and without the choice of null, which a form says by no answer."""
        if "$ref" in schema:
            found = self._definitions[schema["$ref"].rpartition("/")[2]]
            return found | {key: value for key, value in schema.items() if key != "$ref"}
        if "anyOf" in schema:
            (inner,) = (each for each in schema["anyOf"] if each.get("type") != "null")
            outer = {key: value for key, value in schema.items() if key != "anyOf"}
            return {**self._plain(inner), **outer}
        return schema
