"""Who trusts whom: pools, providers, accounts and grants, read from a plan or a state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from provisioner.terraform.plan import Plan
from provisioner.terraform.state import StateDocument

UNKNOWN = "(known after apply)"
"""Stands for a value that a plan does not know yet."""
SENSITIVE = "(sensitive)"
"""Stands for a value that a plan marks as sensitive, where a model is made to be shown."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An OIDC provider of a pool. ``number`` is the project's, empty when nothing tells it."""

    address: str
    project: str
    number: str
    pool: str
    id: str
    issuer: str
    audiences: tuple[str, ...]
    mapping: Mapping[str, str]
    condition: str
    disabled: bool

    @property
    def name(self) -> str:
        """Return the full name, by number where it is known."""
        project = self.number or self.project
        return f"projects/{project}/locations/global/workloadIdentityPools/{self.pool}/providers/{self.id}"


@dataclass(frozen=True, slots=True)
class Grant:
    """One role for one member. ``scope`` is ``account:<e-mail>``, ``project:<id>`` or ``<type>:<name>``.

    What stands above projects is ``folder:folders/<number>``, ``organization:<number>`` or ``billing:<account>``.
    ``condition`` is the expression under which it counts, empty where there is none or nobody knows it yet.
    """

    address: str
    scope: str
    role: str
    member: str
    conditional: bool
    condition: str = ""


@dataclass(frozen=True, slots=True)
class AccessModel:
    """Everything that decides which job becomes which account."""

    providers: tuple[Provider, ...] = ()
    grants: tuple[Grant, ...] = ()
    disabled_accounts: frozenset[str] = frozenset()

    @classmethod
    def from_plan(cls, plan: Plan) -> AccessModel:
        """Read what will exist after the apply; values not known yet are UNKNOWN and decide nothing in our favour."""
        staying = (c for c in plan.managed() if c.after is not None or c.after_unknown)
        items = [_Item(c.address, c.type, _known(c.after or {}, c.after_unknown)) for c in staying]
        return _model(items, _numbers_of(plan))

    @classmethod
    def shown(cls, plan: Plan) -> tuple[AccessModel, AccessModel]:
        """Return what a plan finds and what it leaves, fit to be shown: values it marks as sensitive are SENSITIVE."""
        before, after = [], []
        for each in plan.managed():
            if each.before is not None:
                before.append(_Item(each.address, each.type, _known(each.before, each.before_sensitive, SENSITIVE)))
            if each.after is not None or each.after_unknown:
                known = _known(each.after or {}, each.after_unknown)
                after.append(_Item(each.address, each.type, _known(known, each.after_sensitive, SENSITIVE)))
        numbers = _numbers_of(plan)
        return _model(before, numbers), _model(after, numbers)

    @classmethod
    def from_state(cls, state: StateDocument) -> AccessModel:
        """Read what exists."""
        items = [_Item(each.address, each.type, each.values) for each in state.resources()]
        return _model(items, dict(_numbers((each.type, each.values) for each in state.items)))

    @classmethod
    def merged(cls, models: Iterable[AccessModel]) -> AccessModel:
        """Join the models of several environments: an account of one may trust the pool of another."""
        several = tuple(models)
        return cls(
            tuple(provider for model in several for provider in model.providers),
            tuple(grant for model in several for grant in model.grants),
            frozenset(chain.from_iterable(model.disabled_accounts for model in several)),
        )


@dataclass(frozen=True, slots=True)
class _Item:
    address: str
    type: str
    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return value if isinstance(value, str) else ""


def _model(items: list[_Item], numbers: Mapping[str, str]) -> AccessModel:
    pools = {
        (item.text("project"), item.text("workload_identity_pool_id")): item
        for item in items
        if item.type == "google_iam_workload_identity_pool"
    }
    closed = {key for key, item in pools.items() if item.values.get("disabled") not in (None, False)}
    return AccessModel(
        tuple(_provider(i, numbers, closed) for i in items if i.type == "google_iam_workload_identity_pool_provider"),
        tuple(chain.from_iterable(_grants(item) for item in items)),
        frozenset(
            _email(item) for item in items if item.type == "google_service_account" and item.values.get("disabled")
        ),
    )


def _provider(item: _Item, numbers: Mapping[str, str], closed: set[tuple[str, str]]) -> Provider:
    project, pool = item.text("project"), item.text("workload_identity_pool_id")
    blocks = item.values.get("oidc")
    oidc = blocks[0] if isinstance(blocks, list) and blocks and isinstance(blocks[0], dict) else {}
    mapping = item.values.get("attribute_mapping")
    return Provider(
        address=item.address,
        project=project,
        number=_number_in(item.text("name")) or numbers.get(project, ""),
        pool=pool,
        id=item.text("workload_identity_pool_provider_id"),
        issuer=str(oidc.get("issuer_uri") or ""),
        audiences=tuple(str(audience) for audience in oidc.get("allowed_audiences") or ()),
        mapping=mapping if isinstance(mapping, dict) else {"google.subject": UNKNOWN},
        condition=item.text("attribute_condition"),
        disabled=item.values.get("disabled") not in (None, False) or (project, pool) in closed,
    )


_SCOPES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "google_service_account_iam": ("account", ("service_account_id",)),
    "google_project_iam": ("project", ("project",)),
    "google_storage_bucket_iam": ("bucket", ("bucket",)),
    "google_storage_managed_folder_iam": ("folder", ("bucket", "managed_folder")),
    "google_artifact_registry_repository_iam": ("registry", ("project", "location", "repository")),
    "google_cloud_run_v2_service_iam": ("service", ("project", "location", "name")),
    "google_secret_manager_secret_iam": ("secret", ("project", "secret_id")),
    "google_folder_iam": ("folder", ("folder",)),
    "google_organization_iam": ("organization", ("org_id",)),
    "google_billing_account_iam": ("billing", ("billing_account_id",)),
}
_LAST_PART = frozenset({"registry", "service", "secret"})


def _grants(item: _Item) -> Iterator[Grant]:
    kind, _, form = item.type.rpartition("_")
    if kind not in _SCOPES or form not in {"member", "binding"}:
        return
    scope, fields = _SCOPES[kind]
    # The provider keeps some names in full (projects/…/services/<name>); the last part is the name itself.
    parts = [item.text(field).rstrip("/") for field in fields]
    name = "/".join([*parts[:-1], parts[-1].rpartition("/")[2] if scope in _LAST_PART else parts[-1]])
    name = name.rsplit("/", 1)[-1] if scope == "account" else name.removeprefix("b/")
    members = [item.values.get("member")] if form == "member" else item.values.get("members") or [UNKNOWN]
    for member in members:
        yield Grant(
            item.address,
            f"{scope}:{name}",
            item.text("role") or UNKNOWN,
            member if isinstance(member, str) and member else UNKNOWN,
            bool(item.values.get("condition")),
            _expression(item.values.get("condition")),
        )


def _expression(blocks: object) -> str:
    block = blocks[0] if isinstance(blocks, list) and blocks else None
    return str(block.get("expression") or "") if isinstance(block, dict) else ""


def _email(item: _Item) -> str:
    known = item.text("email")
    if known and known != UNKNOWN:
        return known
    return f"{item.text('account_id')}@{item.text('project')}.iam.gserviceaccount.com"


def _numbers_of(plan: Plan) -> dict[str, str]:
    read = [(each.type, each.values) for each in plan.prior_state.items]
    read += [(change.type, change.after or {}) for change in plan.changes if change.mode == "data"]
    return dict(_numbers(read))


def _known(values: Mapping[str, Any], marks: object, mark: str = UNKNOWN) -> dict[str, Any]:
    """Put UNKNOWN (or another mark) where a plan marks a value, which it does by documents of the same shape."""
    marked = marks if isinstance(marks, dict) else {}
    return {**values, **{key: _marked(values.get(key), each, mark) for key, each in marked.items() if _any(each)}}


def _marked(value: object, marks: object, mark: str) -> Any:  # noqa: ANN401 - provider values have no narrower type
    if isinstance(marks, dict):
        return _known(value if isinstance(value, dict) else {}, marks, mark)
    if isinstance(marks, list):
        values = value if isinstance(value, list) else []
        return [_marked(values[i] if i < len(values) else None, each, mark) for i, each in enumerate(marks)]
    return mark if marks is True else value


def _any(mark: object) -> bool:
    if isinstance(mark, (dict, list)):
        return any(_any(each) for each in (mark.values() if isinstance(mark, dict) else mark))
    return mark is True


def _numbers(items: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
    for kind, values in items:
        if kind == "google_project" and values.get("number"):
            yield str(values.get("project_id")), str(values["number"])


def _number_in(name: str) -> str:
    parts = name.split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "projects" and parts[1].isdigit() else ""
