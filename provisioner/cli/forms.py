"""What ``check`` found, in every form it can be given in."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping

from provisioner.cli.output import written
from provisioner.cli.tables import flat
from provisioner.policy.formats import comment, junit, sarif, workflow_commands
from provisioner.policy.report import document, text
from provisioner.wiring.checking import Checked

FORMS: Mapping[str, Callable[[Checked, str], str]] = {
    "text": lambda found, _: text(found.verdict),
    "json": lambda found, _: written(document(found.verdict), "json") + "\n",
    "yaml": lambda found, _: written(document(found.verdict), "yaml") + "\n",
    "table": lambda found, _: "\n".join(flat(document(found.verdict))) + "\n",
    "sarif": lambda found, _: written(sarif(found.verdict, found.places, _version()), "json") + "\n",
    "junit": lambda found, name: junit(found.verdict, name, found.looked_at),
    "github": lambda found, _: workflow_commands(found.verdict, found.places),
    "markdown": lambda found, name: "\n".join(comment(found.verdict, found.changes, name, found.access)),
}


def _version() -> str:
    return importlib.metadata.version("provision-env")
