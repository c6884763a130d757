"""OASIS's own JSON Schema of SARIF 2.1.0; the Go module go-sarif carries it as a text."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

_MODULE = "github.com/owenrumney/go-sarif/v3@v3.3.1"
_FILE = "pkg/report/v210/sarif/schema.go"


def fetched(folder: Path) -> dict[str, Any] | None:
    """Return the schema; None where Go or its module proxy is absent."""
    go = shutil.which("go")
    if go is None:
        return None
    done = subprocess.run(
        [go, "mod", "download", "-json", _MODULE], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return None
    source = (Path(json.loads(done.stdout)["Dir"]) / _FILE).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(source.partition("`")[2].rpartition("`")[0])
    return schema
