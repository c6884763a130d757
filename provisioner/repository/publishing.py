"""After Terraform: variables, the first commit, default branch, rulesets; and reading everything back.

The order is the protection: what a workflow may do is settled before the push that starts the first one, and rulesets
come after the push that they would forbid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any

from provisioner.errors import ProvisionError
from provisioner.repository import names
from provisioner.repository.api import gather
from provisioner.repository.basics import basic_settings, default_branch_settings
from provisioner.repository.environments import environment_settings
from provisioner.repository.facts import Difference, PublishResult, RepositoryFacts
from provisioner.repository.permissions import access_settings
from provisioner.repository.protection import action_settings, ruleset_settings
from provisioner.repository.push import Git
from provisioner.repository.setting import Target, differences, mend, mend_groups
from provisioner.repository.template import ANSWERS_FILE
from provisioner.repository.variables import variable_settings


@dataclass(frozen=True)
class Publisher:
    """Writes what is missing. ``app_slug`` is our App when the token is one of its installation, else None."""

    target: Target
    git: Git
    app_slug: str | None

    def prepare(self) -> tuple[str, ...]:
        """Give access and make the environments with their protection; return what was written.

        Access comes first: GitHub takes nobody as a reviewer who cannot read the repository.
        """
        looks: tuple[Callable[[Target], Any], ...] = (access_settings, environment_settings)
        access, environments = gather([partial(look, self.target) for look in looks])
        return mend(access) + mend_groups(environments)

    def publish(self, facts: RepositoryFacts) -> PublishResult:
        """Bring everything to what it should be; return what was written and the commit of the default branch."""
        found, heads, variables, actions, rules = gather(self._reads())
        self._same_repository(facts, found)
        written = mend_groups([*variables, actions])
        commit, pushed = self._first_commit(facts, heads, found)
        if pushed:
            found = self.target.api.get(self.target.path)
        written += mend([*default_branch_settings(self.target, found), *basic_settings(self.target, found), *rules])
        return PublishResult(written, commit, pushed)

    def verify(self, facts: RepositoryFacts) -> tuple[Difference, ...]:
        """Read everything back and return what is not as it should be, in a stable order."""
        found, heads, variables, actions, rules, access, environments, answers = gather(
            [
                *self._reads(),
                lambda: access_settings(self.target),
                lambda: list(chain(*environment_settings(self.target))),
                lambda: self.target.api.find(f"{self.target.path}/contents/{ANSWERS_FILE}"),
            ]
        )
        self._same_repository(facts, found)
        basics = [*basic_settings(self.target, found), *default_branch_settings(self.target, found)]
        gaps = [
            Difference(f"branch {branch}", "a branch", "nothing")
            for branch in names.branches(self.target.team)
            if branch not in heads
        ]
        if answers is None:
            gaps.append(Difference(f"file {ANSWERS_FILE}", "the template's answers", "nothing"))
        return tuple(
            sorted([*gaps, *differences([*chain(*variables), *actions, *rules, *access, *environments, *basics])])
        )

    def _reads(self) -> list[Callable[[], Any]]:
        return [
            lambda: self.target.api.get(self.target.path),
            self._heads,
            lambda: variable_settings(self.target),
            lambda: action_settings(self.target),
            lambda: ruleset_settings(self.target, app_slug=self.app_slug),
        ]

    def _heads(self) -> dict[str, str]:
        rows = self.target.api.pages(f"{self.target.path}/branches")
        return {row["name"]: row["commit"]["sha"] for row in rows}

    def _first_commit(self, facts: RepositoryFacts, heads: dict[str, str], found: dict[str, Any]) -> tuple[str, bool]:
        wanted = names.branches(self.target.team)
        first = names.default_branch(self.target.team)
        if first not in heads:
            files = self.target.kind.render(self.target.team, facts, self.target.outputs)
            when = datetime.fromisoformat(found["created_at"])
            return self.git.push_first(files, found["clone_url"], wanted, when), True
        for branch in wanted:
            if branch not in heads:
                body = {"ref": f"refs/heads/{branch}", "sha": heads[first]}
                self.target.api.create(f"{self.target.path}/git/refs", body)
        return heads[first], False

    def _same_repository(self, facts: RepositoryFacts, found: dict[str, Any]) -> None:
        """Refuse a repository that was made anew: the identities trust the number of the old one."""
        if str(found["id"]) != facts.id:
            raise ProvisionError(
                f"{facts.full_name} was deleted and made again: its id is {found['id']}, the trust is for {facts.id}",
                where=facts.html_url,
                fix="run provision-env up again: it renders the trust for the new id and asks before applying it",
            )
