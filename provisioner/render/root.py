"""The files of one Terraform root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.render.imports import checked_imports
from provisioner.render.templates import Templates
from provisioner.render.values import Values, tfvars


@dataclass(frozen=True)
class Root:
    """One root: its name and the input file that its headers name as their source."""

    templates: Templates
    name: str
    source: str

    def folder(
        self,
        *,
        state: tuple[str, str],
        values: Values,
        variables: tuple[tuple[str, str], ...],
        main: tuple[str, Mapping[str, Any]],
        imports: Sequence[tuple[str, str]],
    ) -> dict[str, bytes]:
        """Return all files of the root by path.

        ``state`` is bucket and prefix; ``variables`` are names and types in the order they are written; ``main`` is the
        template of main.tf and what it is filled with; ``imports`` are addresses and ids.
        """
        template, context = main
        widest = max((len(name) for name, _ in variables), default=0)
        return {
            **self.file("versions"),
            **self.file("backend", state_bucket=state[0], state_prefix=state[1]),
            **self.file("providers", project=bool(variables)),
            **self.file("main", template=template, variables=variables, width=widest, **context),
            **(self.file("variables", variables=variables) if variables else {}),
            **(self.file("imports", imports=checked_imports(imports)) if imports else {}),
            f"envs/{self.name}/terraform.tfvars.json": tfvars(values),
        }

    def file(self, name: str, *, template: str | None = None, **context: Any) -> dict[str, bytes]:  # noqa: ANN401 - a template's own variables
        """Return one file of the root by path; ``template`` is named like the file when not given."""
        text = self.templates.fill(template or name, self.source, context)
        return {f"envs/{self.name}/{name}.tf": text.encode()}
