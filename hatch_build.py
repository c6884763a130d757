"""Packs what ships without what tools left there, with a record of what it was made from."""

from __future__ import annotations

import json
import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_LITTER = {"__pycache__", "node_modules", ".terraform"}


class Packing(BuildHookInterface):
    """Serves source archives and wheels; a wheel made of a source archive keeps the record of that one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the record to what is packed; an editable installation reads everything from the checkout."""
        packed = _without_litter(self.build_config.force_include)
        if version == "editable":
            return
        build_data["force_include"].update(packed)
        known = runpy.run_path(str(Path(self.root) / "provisioner" / "wiring" / "origin.py"))
        place = f"provisioner/{known['RECORD']}"
        if (Path(self.root) / place).is_file():
            return
        self._folder = tempfile.TemporaryDirectory()
        record = Path(self._folder.name) / known["RECORD"]
        found = known["asked_of_git"](Path(self.root))
        record.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        build_data["force_include"][str(record)] = place


def _without_litter(folders: dict[str, str]) -> dict[str, str]:
    """Replace folders by their files but what tools left there, as in a checkout at work; empties ``folders``."""
    files = {
        str(path): f"{target}/{path.relative_to(source).as_posix()}"
        for source, target in folders.items()
        for path in sorted(Path(source).rglob("*"))
        if path.is_file() and not _LITTER & set(path.relative_to(source).parts)
    }
    folders.clear()
    return files
