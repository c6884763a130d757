"""The files that bring the toolkit into a Backstage: the template as text, and the folder that an adopter copies."""

from __future__ import annotations

import shutil
from pathlib import Path

from provisioner.cli.yamls import yaml_text
from provisioner.errors import InvalidInput
from provisioner.request.data import data_folder
from provisioner.request.form import backstage_template
from provisioner.request.models import Platform

_TEMPLATE = "template.yaml"
_HEAD = """\
# Made from the schema of a request; make it again rather than change it here:
#   provision-env schema backstage --platform platform.yaml > template.yaml
"""


def template_text(platform: Platform | None = None) -> str:
    """Return the template as the file that a catalog reads."""
    return f"{_HEAD}{yaml_text(backstage_template(platform))}\n"


def write_folder(folder: Path, platform: Platform | None = None) -> list[str]:
    """Write the template, the catalog's entities, the module and the minimal backend; returns the files, by path.

    InvalidInput for a folder that holds something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput("something is there already", fix="name a folder that is new or empty", where=str(folder))
    # What a try of the backend leaves in a checkout is not ours to hand on.
    ignored = shutil.ignore_patterns("node_modules", _TEMPLATE)
    shutil.copytree(data_folder("backstage"), folder, ignore=ignored, dirs_exist_ok=True)
    (folder / _TEMPLATE).write_text(template_text(platform), encoding="utf-8")
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
