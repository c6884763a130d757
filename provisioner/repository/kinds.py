"""What a repository of ours is for: a team's product, or something else that is run in the same way.

A kind says what the repository is made of: its template (whose checks and actions its protection allows), its files
and the variables that are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.repository import names
from provisioner.repository.facts import EnvironmentOutputs, RepositoryFacts
from provisioner.repository.template import Files, render_template
from provisioner.request.resolve import Team

if TYPE_CHECKING:
    Render = Callable[[Team, RepositoryFacts, Mapping[str, EnvironmentOutputs]], Files]


@dataclass(frozen=True)
class Kind:
    """``template`` names a folder of the product's data; ``checks`` are jobs that a merge waits for.

    ``variables`` are more variables of the repository; ``defaults`` are written once, and are people's from then on.
    """

    template: str
    checks: tuple[str, ...]
    render: Render
    variables: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)


PRODUCT = Kind("repo-template", names.CHECKS, render_template)
"""A team's repository."""
