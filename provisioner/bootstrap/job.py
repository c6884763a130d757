"""The steps of a bootstrap: those of every run, on the platform's own root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from provisioner.bootstrap.itself import the_environment
from provisioner.bootstrap.root import platform_tree, scope
from provisioner.render import RepositoryIds, Tree
from provisioner.request.platform_parts import StateSettings
from provisioner.request.problems import Problem
from provisioner.runs.engine import Document
from provisioner.runs.job import Job
from provisioner.runs.progress import telling


class Ground(Protocol):
    """Google Cloud before there is anything of ours."""

    def problems(self, project: str, scope: str, billing_account: str) -> tuple[Problem, ...]:
        """Return what whoever runs this may not do."""

    def ensure_bucket(self, state: StateSettings, labels: Mapping[str, str]) -> bool:
        """Make the bucket of the states unless it is there; tell whether it was made."""


@dataclass(slots=True)
class PlatformJob(Job):
    """A run on the platform itself; ``team`` is the platform seen as a team."""

    ground: Ground = field(kw_only=True)

    def problems(self) -> list[Problem]:
        """Return what is in the way: the ground is asked for in place of a team's projects."""
        platform = self.team.platform
        ground = self.ground.problems(platform.state.project, scope(self.team), platform.billing_account)
        return [*ground, *self.tools.repositories.preflight(self.team)]

    def state_bucket(self) -> Document:
        """Make the bucket that the backend needs before Terraform can say anything about it."""
        state = self.team.platform.state
        with telling(self.tools.progress, "bucket") as told:
            made = self.ground.ensure_bucket(state, the_environment(self.team).labels)
            told.detail = f"{state.bucket} {'created' if made else 'is there'}"
        if made:
            self.tools.ledger.audit("created", run=self.run_id, team=self.team.slug, bucket=state.bucket)
        return {"bucket": state.bucket, "made": made}

    def tree(self, facts: Document) -> Tree:
        """Return the platform's root."""
        imports = [pair for pairs in self.imports.values() for pair in pairs]
        return platform_tree(self.team, RepositoryIds(facts["id"], facts["owner_id"]), imports)
