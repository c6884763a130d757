"""What the platform repository's template is filled with where nothing was made."""

from __future__ import annotations

from provisioner.repository import EnvironmentOutputs, RepositoryFacts

FACTS = RepositoryFacts(
    id="1210000007",
    owner_id="9100001",
    full_name="example-ml/platform",
    html_url="https://github.com/example-ml/platform",
    clone_url="https://github.com/example-ml/platform.git",
    default_branch="main",
    created=True,
    empty=True,
    archived=False,
)
MADE = EnvironmentOutputs("example-ml-platform", "42", "europe-west1", "pool", "plan@x", "deploy@x", "")
