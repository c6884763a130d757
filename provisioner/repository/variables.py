"""Actions variables: where the workflows find their environment. None of them is a secret.

Other variables of the team are left alone.
"""

from __future__ import annotations

from functools import partial

from provisioner.repository import names
from provisioner.repository.api import gather, part
from provisioner.repository.setting import Setting, Target


def variable_settings(target: Target) -> list[list[Setting]]:
    """Compare the variables of the repository and of every environment, a group for each."""
    specs = [spec for spec in target.team.environments if spec.name in target.outputs]
    wanted = {
        f"{target.path}/actions": {
            names.MARKER_VARIABLE: target.team.slug,
            **{
                name: value
                for spec in specs
                for name, value in names.repository_variables(spec, target.outputs[spec.name]).items()
            },
            **target.kind.variables,
        },
        **{
            f"{target.path}/environments/{part(spec.name)}": names.environment_variables(
                spec, target.outputs[spec.name]
            )
            for spec in specs
        },
    }
    found = gather([partial(_read, target, place) for place in wanted])
    repository = found[0]
    wanted[f"{target.path}/actions"].update(
        {name: repository.get(name, value) for name, value in target.kind.defaults.items()}
    )
    return [
        [
            Setting(
                _where(target, place, name), value, had.get(name), partial(write_variable, target, place, name, value)
            )
            for name, value in values.items()
        ]
        for (place, values), had in zip(wanted.items(), found, strict=True)
    ]


def write_variable(target: Target, place: str, name: str, value: str) -> None:
    """Create a variable, or change it when it exists."""
    body = {"name": name, "value": value}
    if not target.api.create(f"{place}/variables", body):
        target.api.write("PATCH", f"{place}/variables/{part(name)}", body)


def _read(target: Target, place: str) -> dict[str, str]:
    rows = target.api.pages(f"{place}/variables", "variables", missing_ok=True)
    return {row["name"]: row["value"] for row in rows}


def _where(target: Target, place: str, name: str) -> str:
    owner = place.removeprefix(target.path).removeprefix("/environments/")
    return f"variable {name}" if owner == "/actions" else f"environment {owner}: variable {name}"
