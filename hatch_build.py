"""Leaves a record in every built package that says what it was built from."""

from __future__ import annotations

import json
import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildRecord(BuildHookInterface):
    """Writes the record into source archives and wheels; a wheel made of a source archive keeps that one's."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the record to what is packed; an editable installation stays a checkout."""
        known = runpy.run_path(str(Path(self.root) / "provisioner" / "wiring" / "origin.py"))
        place = f"provisioner/{known['RECORD']}"
        if version == "editable" or (Path(self.root) / place).is_file():
            return
        self._folder = tempfile.TemporaryDirectory()
        record = Path(self._folder.name) / known["RECORD"]
        found = known["asked_of_git"](Path(self.root))
        record.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        build_data["force_include"][str(record)] = place
