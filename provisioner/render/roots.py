"""Which Terraform roots a team has, and in which order they are applied."""

from __future__ import annotations

from provisioner.request.resolve import EnvironmentSpec, Team


def project_root(project: str) -> str:
    """Return the name of the root that holds the settings of a shared project."""
    return f"_project-{project}"


def shared_projects(team: Team) -> tuple[str, ...]:
    """Return the shared projects that the team's environments lie in; their roots are applied first."""
    return tuple(sorted({spec.project for spec in team.environments if not spec.manage_project}))


def linked(team: Team) -> bool:
    """Say whether the team has grants that cross environments."""
    return any(_reads_from_previous(team, spec) for spec in team.environments)


def root_names(team: Team) -> tuple[str, ...]:
    """Return the team's own roots: environments in the order of promotion, then the links root if there is one."""
    own = tuple(spec.names.root for spec in team.environments)
    return (*own, team.environments[0].names.links) if linked(team) else own


def waves(team: Team) -> tuple[tuple[str, ...], ...]:
    """Return all roots in the order of their application: shared projects, environments, what links them."""
    projects = tuple(project_root(project) for project in shared_projects(team))
    environments = tuple(spec.names.root for spec in team.environments)
    return tuple(wave for wave in (projects, environments, root_names(team)[len(environments) :]) if wave)


def state_prefix(team: Team, root: str) -> str:
    """Return where the state of one of the team's roots lies in the state bucket."""
    for spec in team.environments:
        if spec.names.root == root:
            return spec.names.state_prefix
    if root == team.environments[0].names.links:
        return f"{team.slug}/links"
    return f"_project/{root.removeprefix(project_root(''))}"


def _reads_from_previous(team: Team, spec: EnvironmentSpec) -> bool:
    return spec.previous is not None and bool(team.environment(spec.previous).registries)
