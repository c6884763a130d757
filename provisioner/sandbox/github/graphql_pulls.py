"""Pull requests of GraphQL, with their checks and reviews."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.github.graphql_nodes import Arguments, Node, Rest, account, connection, repository

PULL_FIELDS = (
    *("id", "fullDatabaseId", "number", "title", "body", "url", "state", "closed", "isDraft", "author"),
    *("createdAt", "updatedAt", "closedAt", "mergedAt", "mergedBy", "baseRefName", "headRefName"),
    *("headRefOid", "baseRef", "headRepository", "headRepositoryOwner", "isCrossRepository"),
    *("maintainerCanModify", "mergeable", "mergeStateStatus", "additions", "deletions", "changedFiles"),
    *("autoMergeRequest", "milestone", "labels", "assignees", "reviewRequests", "reviews", "comments"),
    *("projectCards", "projectItems", "reactionGroups", "commits", "statusCheckRollup"),
)
_MERGEABLE = {True: "MERGEABLE", False: "CONFLICTING", None: "UNKNOWN"}


def pulls(rest: Rest, place: str, given: Arguments) -> Node:
    """Return the pull requests of a repository, by state, head and base."""
    states = {str(state).upper() for state in given.get("states") or ()}
    rows = [pull(rest, place, row) for row in rest("GET", f"{place}/pulls?state=all")]
    wanted = {"headRefName": given.get("headRefName"), "baseRefName": given.get("baseRefName")}
    rows = [row for row in rows if all(value in {None, row.fields[name]} for name, value in wanted.items())]
    return connection([row for row in rows if not states or row.fields["state"] in states], given, "PullRequest")


def pull(rest: Rest, place: str, row: Mapping[str, Any]) -> Node:
    """Return a pull request."""
    number, head = row["number"], row["head"]
    source = head["repo"]
    state = "MERGED" if row["merged_at"] else row["state"].upper()
    fields = {
        "id": row["node_id"],
        "fullDatabaseId": str(row["id"]),
        "number": number,
        "title": row["title"],
        "body": row["body"] or "",
        "url": row["html_url"],
        "state": state,
        "closed": row["state"] == "closed",
        "isDraft": row["draft"],
        "author": account(row["user"]),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "closedAt": row["closed_at"],
        "mergedAt": row["merged_at"],
        "mergedBy": account(row["merged_by"]) if row["merged_by"] else None,
        "baseRefName": row["base"]["ref"],
        "headRefName": head["ref"],
        "headRefOid": head["sha"],
        "baseRef": Node("Ref", {"name": row["base"]["ref"]}),
        "headRepository": repository(rest, source) if source else None,
        "headRepositoryOwner": account(head["user"]),
        "isCrossRepository": not source or source["full_name"] != row["base"]["repo"]["full_name"],
        "maintainerCanModify": row["maintainer_can_modify"],
        "mergeable": _MERGEABLE[row["mergeable"]],
        "mergeStateStatus": row["mergeable_state"].upper(),
        "additions": row["additions"],
        "deletions": row["deletions"],
        "changedFiles": row["changed_files"],
        "autoMergeRequest": None,
        "milestone": Node("Milestone", row["milestone"]) if row["milestone"] else None,
        "labels": lambda given: connection([Node("Label", label) for label in row["labels"]], given, "Label"),
        "assignees": lambda given: connection([account(one) for one in row["assignees"]], given, "User"),
        "reviewRequests": lambda given: connection(_requests(row), given, "ReviewRequest"),
        "reviews": lambda given: connection([_review(one) for one in _reviews(rest, place, number)], given, "Review"),
        "comments": lambda given: connection(_comments(rest, place, number), given, "IssueComment"),
        "projectCards": lambda given: connection([], given, "ProjectCard"),
        "projectItems": lambda given: connection([], given, "ProjectV2Item"),
        "reactionGroups": [],
        "commits": lambda given: connection([_last_commit(rest, place, row)], given, "PullRequestCommit"),
        "statusCheckRollup": lambda given: connection([_last_commit(rest, place, row)], given, "PullRequestCommit"),
    }
    return Node("PullRequest", fields)


def _reviews(rest: Rest, place: str, number: int) -> list[Any]:
    rows: list[Any] = rest("GET", f"{place}/pulls/{number}/reviews")
    return rows


def _requests(row: Mapping[str, Any]) -> list[Node]:
    people = [account(one) for one in row["requested_reviewers"]]
    groups = [Node("Team", _team(one)) for one in row["requested_teams"]]
    return [Node("ReviewRequest", {"requestedReviewer": one}) for one in (*people, *groups)]


def _team(row: Mapping[str, Any]) -> dict[str, Any]:
    owner = Node("Organization", {"login": row["html_url"].split("/")[-3]})
    return {"name": row["name"], "slug": row["slug"], "organization": owner}


def _comments(rest: Rest, place: str, number: int) -> list[Node]:
    return [
        Node(
            "IssueComment",
            {
                "id": row["node_id"],
                "author": account(row["user"]),
                "authorAssociation": row["author_association"],
                "body": row["body"],
                "createdAt": row["created_at"],
                "includesCreatedEdit": row["created_at"] != row["updated_at"],
                "isMinimized": False,
                "minimizedReason": None,
                "reactionGroups": [],
                "url": row["html_url"],
            },
        )
        for row in rest("GET", f"{place}/issues/{number}/comments")
    ]


def _review(row: Mapping[str, Any]) -> Node:
    same = {"id": row["node_id"], "state": row["state"], "body": row["body"], "submittedAt": row.get("submitted_at")}
    more = {"author": account(row["user"]), "authorAssociation": row["author_association"], "url": row["html_url"]}
    more["commit"] = Node("Commit", {"oid": row["commit_id"]})
    return Node("PullRequestReview", {**same, **more, "includesCreatedEdit": False, "reactionGroups": []})


def _last_commit(rest: Rest, place: str, row: Mapping[str, Any]) -> Node:
    rollup = lambda _: _rollup(rest, place, row)  # noqa: E731 - asked for only when it is selected
    commit = Node("Commit", {"oid": row["head"]["sha"], "statusCheckRollup": rollup})
    return Node("PullRequestCommit", {"commit": commit})


def _rollup(rest: Rest, place: str, row: Mapping[str, Any]) -> Node | None:
    sha, base = row["head"]["sha"], row["base"]["ref"]

    def wanted(name: str) -> Callable[[Arguments], bool]:
        return lambda _: name in _required(rest, place, base)

    found = rest("GET", f"{place}/commits/{sha}/check-runs")
    said = rest("GET", f"{place}/commits/{sha}/status")["statuses"]
    rows = [*(_run(one, wanted(one["name"])) for one in found), *(_status(one, wanted(one["context"])) for one in said)]
    contexts = {"contexts": lambda given: connection(rows, given, "StatusCheckRollupContext")}
    return Node("StatusCheckRollup", contexts) if rows else None


def _required(rest: Rest, place: str, base: str) -> set[str]:
    held = rest("GET", f"{place}/branches/{base}")["protection"]["required_status_checks"]["contexts"]
    try:
        rules = rest("GET", f"{place}/rules/branches/{base}")
    except GithubError:
        rules = []  # the plan has no rulesets
    checks = [
        rule["parameters"]["required_status_checks"] for rule in rules if rule["type"] == "required_status_checks"
    ]
    return {*held, *(row["context"] for rows in checks for row in rows)}


def _run(row: Mapping[str, Any], required: object) -> Node:
    times = {"startedAt": row["started_at"], "completedAt": row["completed_at"]}
    shown = {"name": row["name"], "status": row["status"].upper(), "conclusion": (row["conclusion"] or "").upper()}
    suite = Node("CheckSuite", {"workflowRun": None})
    return Node(
        "CheckRun", {**shown, **times, "detailsUrl": row["details_url"], "checkSuite": suite, "isRequired": required}
    )


def _status(row: Mapping[str, Any], required: object) -> Node:
    shown = {"context": row["context"], "state": row["state"].upper(), "targetUrl": row["target_url"]}
    more = {"createdAt": row["created_at"], "description": row["description"], "isRequired": required}
    return Node("StatusContext", {**shown, **more})
