"""Put the roots of a team together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.render.forgetting import kept_parts
from provisioner.render.ids import RepositoryIds
from provisioner.render.links import link_values
from provisioner.render.modules import ModuleSource, module_source
from provisioner.render.project import PROJECT_VARIABLES, project_values
from provisioner.render.root import Root
from provisioner.render.roots import linked, project_root, shared_projects, state_prefix
from provisioner.render.templates import Templates
from provisioner.render.tree import Tree
from provisioner.render.values import ENVIRONMENT_VARIABLES, environment_values
from provisioner.request.resolve import EnvironmentSpec, Team, require_ours

_ENVIRONMENT_MODULES = (
    "artifact-registry", "billing-budget", "cloud-run", "gcs-bucket",
    "project-services", "service-account", "team-environment", "workload-identity",
)  # fmt: skip

Addresses = Mapping[str, Sequence[str]]
Imports = Mapping[str, Sequence[tuple[str, str]]]


def render(  # noqa: PLR0913 - the variants of a run; each is named at the call
    team: Team,
    ids: RepositoryIds,
    *,
    protection: bool = True,
    delete_data: bool = False,
    kept: Addresses | None = None,
    imports: Imports | None = None,
) -> Tree:
    """Return all roots of a team and the modules they use, below one base folder; pure but for reading modules.

    The keyword arguments are variants for runs: ``protection`` false is the first plan of a destroy run,
    ``delete_data`` lets buckets go with their objects, ``kept`` (root -> addresses of buckets and registries)
    leaves the state without being deleted, ``imports`` (root -> address and id) takes in what an earlier run
    could not record. Raises InvalidInput where an environment was made elsewhere.
    """
    require_ours(team)
    variant = _Variant(protection, delete_data, kept or {}, imports or {})
    writer = _Writer(Templates(), module_source(team.platform.modules))
    files: dict[str, bytes] = writer.modules.files(_ENVIRONMENT_MODULES)
    for project in shared_projects(team):
        files |= writer.project(team, project, variant)
    for spec in team.environments:
        files |= writer.environment(team, spec, ids, variant)
    if linked(team):
        files |= writer.links(team, variant)
    return Tree(dict(sorted(files.items())))


@dataclass(frozen=True)
class _Variant:
    protection: bool = True
    delete_data: bool = False
    kept: Addresses = field(default_factory=dict)
    imports: Imports = field(default_factory=dict)


@dataclass(frozen=True)
class _Writer:
    templates: Templates
    modules: ModuleSource

    def environment(self, team: Team, spec: EnvironmentSpec, ids: RepositoryIds, variant: _Variant) -> dict[str, bytes]:
        kept = kept_parts(variant.kept.get(spec.names.root, ()))
        values = environment_values(team, spec, ids, protection=variant.protection)
        values["delete_data"] = variant.delete_data
        for part in kept:
            values[part.collection].pop(part.key, None)
        root = Root(self.templates, spec.names.root, f"teams/{team.slug}.yaml")
        return root.folder(
            state=(team.platform.state.bucket, state_prefix(team, spec.names.root)),
            values=values,
            variables=ENVIRONMENT_VARIABLES,
            main=("environment", {"modules": self.modules}),
            imports=variant.imports.get(spec.names.root, ()),
        ) | (root.file("kept", kept=kept) if kept else {})

    def links(self, team: Team, variant: _Variant) -> dict[str, bytes]:
        names = team.environments[0].names
        return Root(self.templates, names.links, f"teams/{team.slug}.yaml").folder(
            state=(team.platform.state.bucket, state_prefix(team, names.links)),
            values={"readers": link_values(team)},
            variables=(),
            main=("links", {}),
            imports=variant.imports.get(names.links, ()),
        )

    def project(self, team: Team, project: str, variant: _Variant) -> dict[str, bytes]:
        name = project_root(project)
        return Root(self.templates, name, "platform.yaml").folder(
            state=(team.platform.state.bucket, state_prefix(team, name)),
            values=project_values(team.platform, project),
            variables=PROJECT_VARIABLES,
            main=("project", {"modules": self.modules}),
            imports=variant.imports.get(name, ()),
        )
