"""Render a resolved team into Terraform roots: same input, same bytes."""

from provisioner.render.ids import PREVIEW_ID, RepositoryIds
from provisioner.render.roots import project_root, root_names
from provisioner.render.tree import Tree

__all__ = ["PREVIEW_ID", "RepositoryIds", "Tree", "project_root", "root_names"]
