"""The fields of queries and mutations.

https://docs.github.com/graphql/reference
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.github.errors import GithubError, NotImplementedHere
from provisioner.sandbox.github.graphql_nodes import Arguments, Node, Rest, account, connection, number_of, repository
from provisioner.sandbox.github.graphql_pulls import PULL_FIELDS, pull, pulls


def _whole(rest: Rest, row: Mapping[str, Any]) -> Node:
    """Return a repository with its pull requests."""
    found, place = repository(rest, row), f"/repos/{row['full_name']}"
    more = {
        "pullRequest": lambda given: pull(rest, place, rest("GET", f"{place}/pulls/{given['number']}")),
        "pullRequests": lambda given: pulls(rest, place, given),
        "issueOrPullRequest": lambda given: pull(rest, place, rest("GET", f"{place}/pulls/{given['number']}")),
    }
    return Node(found.type, {**found.fields, **more})


def queries(rest: Rest) -> Mapping[str, Any]:
    """Return the fields of a query."""

    def one(given: Arguments) -> Node:
        try:
            return _whole(rest, rest("GET", f"/repos/{given['owner']}/{given['name']}"))
        except GithubError as refused:
            if refused.status not in {301, 404}:
                raise
            name = f"{given['owner']}/{given['name']}"
            raise GithubError(404, f"Could not resolve to a Repository with the name '{name}'.") from None

    def owner(given: Arguments) -> Node:
        shown = account(rest("GET", f"/users/{given['login']}"))
        place = f"/{'orgs' if shown.type == 'Organization' else 'users'}/{given['login']}/repos"
        listed = lambda wanted: connection([_whole(rest, row) for row in rest("GET", place)], wanted, "Repository")  # noqa: E731 - asked for only when it is selected
        return Node(shown.type, {**shown.fields, "repositories": listed}, shown.interfaces)

    def node(given: Arguments) -> Node:
        kind, number = str(given["id"]).partition("_")[0], number_of(given["id"])
        if kind == "R":
            return _whole(rest, rest("GET", f"/repos/{rest.repository(number)}"))
        if kind != "PR":
            raise NotImplementedHere(f"GraphQL nodes of the kind {kind}")
        name, position = rest.pull(number)
        return pull(rest, f"/repos/{name}", rest("GET", f"/repos/{name}/pulls/{position}"))

    return {
        "node": node,
        "__type": lambda given: _described(given["name"]),
        "repository": one,
        "repositoryOwner": owner,
        "organization": owner,
        "user": owner,
        "viewer": lambda _: account(rest("GET", "/user")),
    }


def _described(name: str) -> Node:
    """Return a type for those who ask which fields there are: only the one that clients look at."""
    if name != "PullRequest":
        raise NotImplementedHere(f"introspection of the GraphQL type {name}")
    return Node("__Type", {"name": name, "fields": [Node("__Field", {"name": one}) for one in PULL_FIELDS]})


def mutations(rest: Rest) -> Mapping[str, Any]:
    """Return the fields of a mutation; each takes one ``input``."""
    return {
        "createRepository": lambda given: _create_repository(rest, given["input"]),
        "createPullRequest": lambda given: _create_pull(rest, given["input"]),
        "mergePullRequest": lambda given: _merge_pull(rest, given["input"]),
        "enablePullRequestAutoMerge": lambda _: _not_played("auto-merge"),
    }


def _not_played(what: str) -> Node:
    raise NotImplementedHere(what)


def _create_repository(rest: Rest, wanted: Arguments) -> Node:
    if wanted.get("templateId"):
        raise NotImplementedHere("the GraphQL operation createRepository with a template")
    body: dict[str, Any] = {"name": wanted["name"], "visibility": str(wanted["visibility"]).lower()}
    switches = {"hasIssuesEnabled": "has_issues", "hasWikiEnabled": "has_wiki", "description": "description"}
    body |= {there: wanted[here] for here, there in switches.items() if wanted.get(here) is not None}
    login, kind = rest.account(number_of(wanted["ownerId"])) if wanted.get("ownerId") else ("", "User")
    place = f"/orgs/{login}/repos" if kind == "Organization" else "/user/repos"
    return Node("CreateRepositoryPayload", {"repository": _whole(rest, rest("POST", place, body))})


def _create_pull(rest: Rest, wanted: Arguments) -> Node:
    full = rest.repository(number_of(wanted["repositoryId"]))
    names = {"title": "title", "body": "body", "baseRefName": "base", "headRefName": "head", "draft": "draft"}
    body: dict[str, Any] = {there: wanted[here] for here, there in names.items() if wanted.get(here) is not None}
    body["maintainer_can_modify"] = bool(wanted.get("maintainerCanModify", True))
    made = rest("POST", f"/repos/{full}/pulls", body)
    return Node("CreatePullRequestPayload", {"pullRequest": pull(rest, f"/repos/{full}", made)})


def _merge_pull(rest: Rest, wanted: Arguments) -> Node:
    full, number = rest.pull(number_of(wanted["pullRequestId"]))
    place = f"/repos/{full}"
    body = {"merge_method": str(wanted.get("mergeMethod", "MERGE")).lower()}
    names = {"commitHeadline": "commit_title", "commitBody": "commit_message", "expectedHeadOid": "sha"}
    body |= {there: wanted[here] for here, there in names.items() if wanted.get(here) is not None}
    rest("PUT", f"{place}/pulls/{number}/merge", body)
    shown = pull(rest, place, rest("GET", f"{place}/pulls/{number}"))
    return Node("MergePullRequestPayload", {"pullRequest": shown, "clientMutationId": None})
