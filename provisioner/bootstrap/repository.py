"""The files and variables of the platform repository."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML

from provisioner.bootstrap.itself import ENVIRONMENT, accounts, address, the_environment
from provisioner.bootstrap.root import platform_tree
from provisioner.render import RepositoryIds
from provisioner.repository import EnvironmentOutputs, RepositoryFacts
from provisioner.repository import names as shared
from provisioner.repository.kinds import Kind
from provisioner.repository.platform_folder import editor_files
from provisioner.repository.template import Files, load_template, render_answers
from provisioner.request.data import data_folder
from provisioner.request.models import Platform
from provisioner.request.names import stable_hash
from provisioner.request.resolve import Team

TEMPLATE = "platform-template"
CHECKS = ("check",)
"""Jobs of the template's pull-request workflow that a merge waits for."""
RULES_FOLDER = "rules"
"""Where rules go that were read from outside of the folder of platform.yaml."""
_TRYING = "verify_access.py"
"""How an identity is tried from a job: one script for every repository of ours."""
_PLAIN = 0o100644


def platform_kind(team: Team, version: str) -> Kind:
    """Return what makes the platform's repository; ``version`` of the product is what its workflows install."""
    prefix = shared.variable_prefix(ENVIRONMENT)
    return Kind(
        TEMPLATE,
        CHECKS,
        _files,
        variables={f"{prefix}_PREVIEW_SERVICE_ACCOUNT": address(team, "preview")},
        defaults={"PROVISION_ENV_SOURCE": f"provision-env=={version}"},
    )


def platform_text(platform: Platform) -> str:
    """Return platform.yaml as the repository begins with it: what was said, and no default.

    The rules of the organisation are named, not repeated: their files stand beside it, see ``rule_files``.
    """
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # an attribute that the stubs do not know
    stream = io.StringIO()
    stream.write("# yaml-language-server: $schema=schemas/platform.schema.json\n")
    stream.write("# The platform team's settings: they hold for every team.\n")
    said = platform.model_dump(mode="json", exclude_unset=True, exclude={"policy": {"files"}})
    if platform.policy.rules_folder is not None:
        said["policy"]["rules_folder"] = _rules_folder(platform.policy.rules_folder)
    writer.dump(said, stream)
    return stream.getvalue()


def with_previews(team: Team) -> Platform:
    """Return the settings with the account that pull requests of the repository become, unless they name one."""
    known = team.platform.preview_account or address(team, "preview")
    return team.platform.model_copy(update={"preview_account": known})


def rule_files(platform: Platform) -> Files:
    """Return the organisation's rules by their path in the repository, as they were read with platform.yaml."""
    folder = _rules_folder(platform.policy.rules_folder or "")
    return {f"{folder}/{Path(each.name).name}": (each.text.encode(), _PLAIN) for each in platform.policy.files}


def _rules_folder(said: str) -> str:
    """Return the folder as it was named, where that is inside of the repository; else one that is."""
    path = PurePosixPath(said)
    inside = path.parts and not path.is_absolute() and ".." not in path.parts
    return str(path) if inside else RULES_FOLDER


def answers(team: Team, facts: RepositoryFacts) -> dict[str, Any]:
    """Return everything that the template may name."""
    spec = the_environment(team)
    return {
        "team": team.slug,
        "owner_email": str(team.request.owner),
        "repository": {"full_name": facts.full_name, "html_url": facts.html_url},
        "default_branch": spec.branch,
        "environment": spec.name,
        "variable_prefix": shared.variable_prefix(spec.name),
        "accounts": {kind: address(team, kind) for kind in accounts(team)},
        "approvers": [f"@{login}" for login in team.platform.approvers],
        "state_bucket": team.platform.state.bucket,
        "drift_minute": sum(stable_hash((team.platform.state.bucket,)).encode()) % 60,
    }


def _files(team: Team, facts: RepositoryFacts, _outputs: Mapping[str, EnvironmentOutputs]) -> Files:
    files = render_answers(load_template(data_folder(TEMPLATE)), answers(team, facts))
    files |= rule_files(team.platform) | editor_files()
    trying = data_folder("repo-template") / "content" / "pipeline" / _TRYING
    files[f".github/{_TRYING}"] = (trying.read_bytes(), _PLAIN)
    files["platform.yaml"] = (platform_text(with_previews(team)).encode(), _PLAIN)
    tree = platform_tree(team, RepositoryIds(facts.id, facts.owner_id))
    files |= {f"terraform/{path}": (content, _PLAIN) for path, content in tree.files.items()}
    return dict(sorted(files.items()))
