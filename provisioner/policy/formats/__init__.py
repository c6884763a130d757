"""A verdict in the forms that other programs read: SARIF, JUnit XML, workflow annotations, a comment."""

from __future__ import annotations

from provisioner.policy.formats.comment import LARGEST_COMMENT, comment, marker
from provisioner.policy.formats.junit import junit
from provisioner.policy.formats.sarif import sarif
from provisioner.policy.formats.workflow import workflow_commands

__all__ = ["LARGEST_COMMENT", "comment", "junit", "marker", "sarif", "workflow_commands"]
