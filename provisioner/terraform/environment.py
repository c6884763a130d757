"""The environment of a Terraform process, built from nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

_ALWAYS = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
_CLI_CONFIG = "TF_CLI_CONFIG_FILE"


def private_environment(given: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return all the variables of a child: what is given, and what Terraform cannot do without.

    ``given`` comes from settings and is passed on as it is. ``scratch`` is a private folder: the home is there unless
    one is given, and an empty CLI configuration, so that neither ``~/.terraformrc`` nor the caller's own environment
    changes what a run does. Temporary files stay where the system has them: providers listen on sockets there, whose
    paths must be short.
    """
    environment = {"PATH": os.defpath, "HOME": str(scratch), "TMPDIR": tempfile.gettempdir(), **given, **_ALWAYS}
    if not environment.get(_CLI_CONFIG):
        empty = scratch / "terraform.rc"
        empty.touch(mode=0o600)
        environment[_CLI_CONFIG] = str(empty)
    return environment
