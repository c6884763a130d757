"""Stand-ins: actions written for the sandbox that do the real thing against it, under the names of the real ones.

They answer at every ref: what a workflow pins is the real action's commit. Each is a composite action in a folder of
``provisioner/sandbox/stand_ins``; the programs they run are in ``programs`` there, standard library only.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parents[2] / "stand_ins"
_FOLDERS = MappingProxyType(
    {
        "actions/checkout": "checkout",
        "actions/setup-python": "setup-python",
        "actions/upload-artifact": "upload-artifact",
        "actions/download-artifact": "download-artifact",
        "actions/cache": "cache",
        "astral-sh/setup-uv": "setup-uv",
        "github/codeql-action": "codeql-action",
        "google-github-actions/auth": "google-auth",
        "google-github-actions/setup-gcloud": "setup-gcloud",
        "hashicorp/setup-terraform": "setup-terraform",
        "docker/setup-buildx-action": "setup-buildx",
        "docker/login-action": "docker-login",
        "docker/build-push-action": "docker-build-push",
        "aquasecurity/trivy-action": "trivy",
    }
)


def folder_of(name: str) -> Path | None:
    """Return the folder of the stand-in for ``owner/name``, None where there is none."""
    folder = _FOLDERS.get(name.lower())
    return FOLDER / folder if folder else None


def names() -> tuple[str, ...]:
    """Return the actions there are stand-ins for."""
    return tuple(_FOLDERS)
