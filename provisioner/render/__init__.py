"""Render a resolved team into Terraform roots: same input, same bytes."""

from provisioner.render.build import render
from provisioner.render.difference import difference
from provisioner.render.ids import PREVIEW_ID, RepositoryIds
from provisioner.render.modules import modules_version
from provisioner.render.roots import linked, project_root, root_names, shared_projects, state_prefix, waves
from provisioner.render.tree import Tree

__all__ = [
    "PREVIEW_ID",
    "RepositoryIds",
    "Tree",
    "difference",
    "linked",
    "modules_version",
    "project_root",
    "render",
    "root_names",
    "shared_projects",
    "state_prefix",
    "waves",
]
