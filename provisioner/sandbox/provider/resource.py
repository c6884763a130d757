"""A resource type: its table, and how the generated part of the real provider talks to a REST collection.

Most types need only a ``Spec``; the others subclass ``Resource`` and replace one step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

from provisioner.sandbox.provider import labels, mapping, validate
from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, PartialCreate, ProviderError
from provisioner.sandbox.provider.fields import Field, object_type, parse
from provisioner.sandbox.provider.plan import Path, planned_fields, replacing_paths
from provisioner.sandbox.provider.spec import (
    Spec,
    State,
    has_write_only,
    import_pattern,
    mask_of,
    reshape,
    sealed,
    waits_for,
)
from provisioner.sandbox.provider.suppress import last_part, plain_json
from provisioner.sandbox.provider.values import UNKNOWN, Type, Value, without_unknown

Json = Any  # JSON has no narrower type
NOT_FOUND: Final = 404
__all__ = ["NOT_FOUND", "Json", "Resource", "Spec", "State", "waits_for"]
_STATE_TEXT: Final[Mapping[str, Callable[[str], str]]] = {"upper": str.upper, "last": last_part, "json": plain_json}


class Resource:
    """One resource type behind the protocol."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Return the table with the ``id`` that every type has."""
        return (*parse("id str? virtual"), *parse(self.spec.table))

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the attribute names."""
        return frozenset(part.name for part in self.fields)

    @cached_property
    def type(self) -> Type:
        """Return Terraform's type of the whole state."""
        kind, attributes = object_type(self.fields)
        if self.spec.timeouts:
            attributes["timeouts"] = ("object", dict.fromkeys(self.spec.timeouts, "string"))
        return kind, attributes

    def with_config(self, planned: State, config: State, *, new: bool) -> State:
        """Return a plan with what only the configuration has: secrets, and a new object's own spelling."""
        taken = [part.name for part in self.fields if has_write_only(part) or (new and "state" in part.flags)]
        return {**planned, **{name: config.get(name) for name in taken}}

    def sealed(self, state: State) -> State:
        """Return a state without what may only be in the configuration."""
        return sealed(self.fields, state)

    def upgrade(self, version: int, state: State) -> State:
        """Return a stored state of an older version in today's shape: what is gone is dropped, what is new is null."""
        del version  # one rule is enough for all versions known here
        return reshape(self.fields, state) | ({"timeouts": state.get("timeouts")} if self.spec.timeouts else {})

    def validate(self, config: State) -> list[ProviderError]:
        """Return what is wrong with a configuration; unknown values are not judged."""
        return validate.problems(self.fields, config)

    def plan(self, configuration: Configuration, prior: State | None, config: State) -> tuple[State, list[Path]]:
        """Return the planned state and the paths that need a new object."""
        planned = planned_fields(self.fields, prior, config)
        for part in self.fields:
            if "state" in part.flags and isinstance(planned[part.name], str):
                planned[part.name] = _STATE_TEXT[part.flags["state"]](planned[part.name])
        if self.spec.timeouts:
            planned["timeouts"] = config.get("timeouts")
        self.customise(configuration, prior, planned, config)
        paths = [] if prior is None else replacing_paths(self.fields, prior, planned)
        return planned, paths

    def customise(self, configuration: Configuration, prior: State | None, planned: State, config: State) -> None:
        """Change a plan where the table is not enough: the provider's project, labels, annotations."""
        if "effective_labels" in self.names:
            labels.plan_labels(configuration, prior, planned)
        if "effective_annotations" in self.names:
            labels.plan_annotations(prior, planned)
        if "project" in self.names and self.spec.defaults_project and config.get("project") is None:
            planned["project"] = configuration.project or planned["project"]

    def create(self, configuration: Configuration, planned: State) -> State:
        """Make the object and return its state. Raises ProviderError; PartialCreate when something was made."""
        state = self.complete(configuration, planned)
        answer = self.send_create(configuration, state)
        state["id"] = self.identify(state, answer)
        try:
            self.finish(configuration, "create", state, answer)
            self.after_create(configuration, state)
            found = self.read(configuration, state)
        except ProviderError as error:
            raise PartialCreate(error, without_unknown(state)) from error
        if found is None:
            raise ProviderError(
                f"Error reading {self.spec.title} {state['id']!r}: it was not found after it was created"
            )
        return found

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Send the create call."""
        query = {key: value.format_map(state) for key, value in self.spec.query.items()}
        url = f"{self.spec.base}/{self.spec.parent.format_map(state)}"
        try:
            return self.call(configuration, "POST", url, body=self.body(state), query=query)
        except GoogleError as error:
            raise self.explained("Error creating {title}: {error}", state, error) from error

    def after_create(self, configuration: Configuration, state: State) -> None:
        """Do what has to follow a create before it is read."""

    def read(self, configuration: Configuration, state: State) -> State | None:
        """Return the state as it is now, None when the object is gone."""
        state = self.complete(configuration, state)
        try:
            document = self.call(configuration, "GET", self.url(state), query=self.read_query(state))
        except GoogleError as error:
            if self.is_gone(error):
                return None
            raise self.explained("Error when reading or editing {title} {id}: {error}", state, error) from error
        return None if self.is_deleted(document) else self.from_document(configuration, document, state)

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Change the object in place and return its state."""
        state = self.complete(configuration, {**planned, "id": prior["id"]})
        changed = self.changed(prior, planned)
        if changed:
            query = {"updateMask": ",".join(map(mask_of, changed))} if self.spec.mask else {}
            query |= self.update_query(state)
            try:
                body = self.body(state, update=True)
                answer = self.call(configuration, self.spec.update, self.url(prior), body=body, query=query)
            except GoogleError as error:
                raise self.explained("Error updating {title} {id}: {error}", state, error) from error
            self.finish(configuration, "update", state, answer)
        found = self.read(configuration, state)
        if found is None:
            raise ProviderError(f"{self.spec.title} {prior['id']!r} disappeared while it was updated")
        return found

    def delete(self, configuration: Configuration, state: State) -> None:
        """Delete the object; one that is gone already is fine."""
        state = self.complete(configuration, state)
        if self.keeps_object(configuration, state):
            return
        try:
            answer = self.send_delete(configuration, state)
        except GoogleError as error:
            if self.is_gone(error):
                return
            raise self.explained("Error when reading or editing {title} {id}: {error}", state, error) from error
        self.finish(configuration, "delete", state, answer)

    def send_delete(self, configuration: Configuration, state: State) -> Json:
        """Send the delete call."""
        return self.call(configuration, "DELETE", self.url(state))

    def finish(self, configuration: Configuration, step: str, state: State, answer: Json) -> None:
        """Wait for the operation of a create, update or delete where the API answers with one."""
        del state
        if step in self.spec.waits:
            configuration.client.finish(answer, self.spec.base, f"{step} {self.spec.title}")

    def import_state(self, configuration: Configuration, given: str) -> State:
        """Return the state that a read completes. Raises ProviderError when the id has another form."""
        for pattern in self.spec.imports:
            if found := import_pattern(pattern).fullmatch(given):
                return self._imported(configuration, found.groupdict())
        accepted = " ".join(self.spec.imports)
        raise ProviderError(
            f'Import id "{given}" doesn\'t match any of the accepted formats: [{accepted}]', path=("id",)
        )

    def read_query(self, state: State) -> dict[str, str]:
        """Return the query of a read."""
        del state
        return {}

    def update_query(self, state: State) -> dict[str, str]:
        """Return what an update's query has besides the mask."""
        del state
        return {}

    def url(self, state: State) -> str:
        """Return host and path of the object."""
        return f"{self.spec.base}/{self.spec.own.format_map(state)}"

    def body(self, state: State, *, update: bool = False) -> mapping.Document:
        """Return the JSON that a create or update sends."""
        return mapping.to_api(self.fields, state, update=update)

    def identify(self, state: State, answer: Json) -> str:
        """Return the ``id``; types whose name the server chooses take it from the answer."""
        if self.spec.own == "{name}":
            state["name"] = answer["name"]
        return self.spec.own.format_map(state)

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Return the state for an answer."""
        del configuration  # types that need it replace this step
        found = mapping.from_api(self.fields, document, state)
        found["id"] = state["id"]
        if self.spec.timeouts:
            found["timeouts"] = state.get("timeouts")
        labels.read_labels(found)
        return found

    def complete(self, configuration: Configuration, state: Mapping[str, Value]) -> State:
        """Return the state with what the provider block gives. Raises ProviderError when it gives nothing."""
        full = dict(state)
        for name in sorted({"project", "region", "location"} & self.names):
            if full.get(name) in {None, UNKNOWN, ""}:
                full[name] = configuration.project if name == "project" else configuration.region
                if not full[name]:
                    raise ProviderError(f"{name}: required field is not set", path=(name,))
        if full.get("deletion_policy") is UNKNOWN:
            full["deletion_policy"] = configuration.deletion_policy
        return full

    def changed(self, prior: State, planned: State) -> list[Field]:
        """Return the fields of the API that an update has to name."""
        return [
            part
            for part in self.fields
            if prior.get(part.name) != planned.get(part.name)
            and not part.flags.keys() & {"virtual", "unsupported"}
            and (part.settable or "send" in part.flags)
        ]

    def call(self, configuration: Configuration, method: str, url: str, **parts: Any) -> Json:  # noqa: ANN401 - passed on
        """Send a request in the style of this type's client."""
        return configuration.client.call(method, url, legacy=self.spec.legacy, **parts)

    def is_gone(self, error: GoogleError) -> bool:
        """Tell whether the answer means that the object is not there."""
        return error.status == NOT_FOUND

    def is_deleted(self, document: Json) -> bool:
        """Tell whether the object is only there as a soft-deleted one."""
        del document
        return False

    def keeps_object(self, configuration: Configuration, state: State) -> bool:
        """Apply ``deletion_policy``: True when the object is only forgotten. Raises ProviderError for PREVENT."""
        policy = state.get("deletion_policy") or configuration.deletion_policy
        if "deletion_policy" not in self.names or policy == "DELETE":
            return False
        if policy == "ABANDON":
            return True
        raise ProviderError(
            f'cannot destroy {self.spec.name} without setting deletion_policy="DELETE" and running `terraform apply`',
            path=("deletion_policy",),
        )

    def explained(self, text: str, state: State, error: ProviderError) -> ProviderError:
        """Return the error in the real provider's sentence, with the attribute that names the object."""
        named = next((part.name for part in self.fields if part.required), "id")
        sentence = text.format(title=self.spec.title, id=f'"{state.get("id")}"', error=error.summary)
        return ProviderError(sentence, error.detail, error.path or (named,))

    def _imported(self, configuration: Configuration, given: Mapping[str, str]) -> State:
        state: State = {part.name: part.default if "virtual" in part.flags else None for part in self.fields}
        state.update(given)
        state = self.complete(configuration, state)
        state["id"] = self.spec.own.format_map(state)
        return state
