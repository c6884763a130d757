"""Everything on GitHub's side that would stop a run, found before anything is made, all at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from provisioner.repository.api import gather, part
from provisioner.repository.application import AppRefused
from provisioner.repository.bootstrap import is_empty
from provisioner.repository.claim import claimed_by
from provisioner.repository.errors import GitHubError
from provisioner.repository.permits import Permits
from provisioner.repository.plans import plan_problems
from provisioner.repository.reviewers import github_reviewers
from provisioner.repository.rules import rule_problems
from provisioner.repository.setting import Target
from provisioner.repository.tokens import Credential
from provisioner.request.problems import Problem

Problems = list[Problem]


class Preflight:
    """Reads only. A check that cannot be made is a problem itself: blocking where guessing would be harmful."""

    def __init__(self, target: Target, token: Credential) -> None:
        self._target = target
        self._token = token
        self._api = target.api

    def problems(self) -> tuple[Problem, ...]:
        """Return all problems, blocking ones first."""
        try:
            owner = self._api.find(f"/users/{part(self._target.owner)}")
        except AppRefused as problem:
            return (Problem(problem.where, problem.reason, problem.fix),)
        except GitHubError as problem:
            if problem.status == HTTPStatus.UNAUTHORIZED:
                return (Problem("GITHUB_TOKEN", problem.reason, problem.fix),)
            raise
        if owner is None or owner["type"] != "Organization":
            return (self._wrong_owner(owner),)
        found = self._api.find(self._target.path)
        checks: list[Callable[[], Problems]] = [
            partial(Permits(self._target, self._token).problems, found),
            partial(self._repository, found),
            partial(plan_problems, self._target),
            partial(rule_problems, self._target, found),
            self._teams,
            self._people,
        ]
        rows = [problem for rows in gather([partial(_guarded, check) for check in checks]) for problem in rows]
        return tuple(sorted(set(rows), key=lambda row: (not row.blocking, row.where, row.reason)))

    def _wrong_owner(self, owner: dict[str, Any] | None) -> Problem:
        what = "does not exist" if owner is None else "is a person's account; teams and reviewers need an organisation"
        return Problem(
            "platform.yaml: github.owner",
            f"the GitHub owner '{self._target.owner}' {what}",
            "write the login of your organisation",
        )

    def _repository(self, found: dict[str, Any] | None) -> Problems:
        """Want the name free, or the repository empty or ours."""
        name = self._target.team.repository_full_name
        if found is None:
            return []
        if found["full_name"].lower() != name.lower():
            return [
                Problem("repository.name", f"{name} is called {found['full_name']} now", "write the new name instead")
            ]
        owner_team = claimed_by(self._target)
        if owner_team == self._target.team.slug:
            return []
        if owner_team is not None:
            reason, fix = f"{name} belongs to the team '{owner_team}'", "choose another repository.name"
        elif not is_empty(self._target):
            reason, fix = (
                f"{name} exists and has content that is not ours",
                "bring it in with repo adopt, or choose another name",
            )
        elif found["archived"]:
            reason, fix = f"{name} is archived", "take it out of the archive, or choose another name"
        else:
            return [Problem("repository.name", f"{name} exists, is empty and will be adopted", blocking=False)]
        return [Problem("repository.name", reason, fix)]

    def _teams(self) -> Problems:
        request = self._target.team.request
        wanted = {part.slug: f"repository.teams: {part.slug}" for part in request.repository.teams}
        for spec in self._target.team.environments:
            for one in github_reviewers(self._target.team, spec):
                if one.team:
                    wanted.setdefault(one.team, f"environments.{spec.name}.reviewers: {one.team}")
        return self._absent("team", f"/orgs/{part(self._target.owner)}/teams/", wanted)

    def _people(self) -> Problems:
        request = self._target.team.request
        wanted = {part.user: f"repository.collaborators: {part.user}" for part in request.repository.collaborators}
        for spec in self._target.team.environments:
            for one in github_reviewers(self._target.team, spec):
                if one.user:
                    wanted.setdefault(one.user, f"environments.{spec.name}.reviewers: {one.user}")
        return self._absent("user", "/users/", wanted)

    def _absent(self, what: str, path: str, wanted: dict[str, str]) -> Problems:
        rows = gather([partial(self._api.find, path + part(name)) for name in wanted])
        return [
            Problem(where, f"there is no {what} '{name}' here", "correct the name, or have it made first")
            for (name, where), row in zip(wanted.items(), rows, strict=True)
            if row is None
        ]


def _guarded(check: Callable[[], Problems]) -> Problems:
    """Turn a refusal of a check into a problem: the others are still worth having."""
    try:
        return check()
    except GitHubError as problem:
        return [Problem(problem.where, problem.reason, problem.fix)]
