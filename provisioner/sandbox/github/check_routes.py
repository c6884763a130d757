"""Check runs and suites over REST. Only Apps write them.

https://docs.github.com/rest/checks
"""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import apps, checks, commits, events, pull_views, pulls, repositories
from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import forbidden, unprocessable
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.repository_views import show as show_repository
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import NUMBER, TEXT, Field, text
from provisioner.sandbox.store import Document

_CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out")
_ANNOTATION = {
    "path": text(required=True),
    "start_line": Field("integer", required=True),
    "end_line": Field("integer", required=True),
    "start_column": NUMBER,
    "end_column": NUMBER,
    "annotation_level": text(required=True, enum=("notice", "warning", "failure")),
    "message": text(required=True),
    "title": TEXT,
    "raw_details": TEXT,
}
_OUTPUT = {
    "title": text(),
    "summary": text(required=True),
    "text": TEXT,
    "annotations": Field("array", items=Field("object", members=_ANNOTATION)),
    "images": Field("array"),
}
_CHANGE = {
    "name": TEXT,
    "details_url": TEXT,
    "external_id": TEXT,
    "status": text(enum=("queued", "in_progress", "completed")),
    "started_at": TEXT,
    "completed_at": TEXT,
    "conclusion": text(enum=_CONCLUSIONS),
    "output": Field("object", members=_OUTPUT),
    "actions": Field("array"),
}
_CREATE = {**_CHANGE, "name": text(required=True), "head_sha": text(required=True)}
_MOST_ANNOTATIONS = 50


def create_run(call: Call) -> Answer:
    """Make a check run on a commit."""
    _require_app(call)
    wanted = _checked(call.body(_CREATE))
    sha = git_of(call).resolve(wanted["head_sha"])
    if sha is None:
        raise unprocessable(f"No commit found for SHA: {wanted['head_sha']}")
    run = checks.create(call.tx, call.repository, call.caller.app, {**wanted, "head_sha": sha}, call.stamp)
    _announce(call, run, "completed" if run["conclusion"] else "created")
    return Answer(show_run(call, run), 201)


def _require_app(call: Call) -> None:
    if call.caller.kind != "installation":
        raise forbidden("You must authenticate via a GitHub App.")


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    if wanted.get("status") == "completed" and not wanted.get("conclusion"):
        raise unprocessable("Invalid request.\n\nConclusion is required when status is completed.")
    if len((wanted.get("output") or {}).get("annotations", ())) > _MOST_ANNOTATIONS:
        raise unprocessable("Invalid request.\n\nNo more than 50 annotations are permitted.")
    return {name: value for name, value in wanted.items() if name != "actions"}


def change_run(call: Call) -> Answer:
    """Change a check run of the App calling."""
    _require_app(call)
    run = _run(call)
    if run["app_id"] != call.caller.app["id"]:
        number = call.caller.app["id"]
        raise forbidden(
            f"Invalid app_id `{number}` - check run can only be modified by the GitHub App that created it."
        )
    run = checks.change(call.tx, call.repository, run, _checked(call.body(_CHANGE)), call.stamp)
    if run["status"] == "completed":
        _announce(call, run, "completed")
    return Answer(show_run(call, run))


def _announce(call: Call, run: Document, action: str) -> None:
    events.publish(call, "check_run", lambda: {"check_run": show_run(call, run)}, action)


def _run(call: Call) -> Document:
    return checks.get(call.tx, call.repository, call.parameters["check_run_id"])


def get_run(call: Call) -> Answer:
    """Show a check run."""
    return Answer(show_run(call, _run(call)))


def list_annotations(call: Call) -> Listing:
    """List what a check run remarks on lines."""
    run = _run(call)
    name = repositories.full_name(call.tx, call.repository)
    optional = dict.fromkeys(("start_column", "end_column", "title", "raw_details"))

    def render(row: dict[str, Any]) -> dict[str, Any]:
        return {**optional, **row, "blob_href": call.urls.api("repos", name, "contents", row["path"])}

    return Listing(run["annotations"], render)


def rerequest_run(call: Call) -> Answer:
    """Ask the App to run a check again."""
    run = _run(call)
    _announce(call, run, "rerequested")
    return Answer({}, 201)


def list_for_commit(call: Call) -> Listing:
    """List the check runs of a commit: the newest of each App and name unless ``filter=all``."""
    sha = commits.require_commit(git_of(call), call.parameters["ref"], of="commit")
    return _listing(call, [run for run in checks.runs(call.tx, call.repository) if run["head_sha"] == sha])


def list_for_suite(call: Call) -> Listing:
    """List the check runs of a suite."""
    suite = checks.suite(call.tx, call.repository, call.parameters["check_suite_id"])
    return _listing(call, [run for run in checks.runs(call.tx, call.repository) if run["suite_id"] == suite["id"]])


def _listing(call: Call, rows: list[Document]) -> Listing:
    if call.query("filter", "latest") != "all":
        rows = checks.newest(rows)
    wanted = {"name": call.query("check_name"), "status": call.query("status"), "app_id": call.query("app_id")}
    rows = [run for run in rows if all(not value or str(run[name]) == value for name, value in wanted.items())]
    return Listing(rows[::-1], partial(show_run, call), "check_runs")


def create_suite(call: Call) -> Answer:
    """Make a suite of the App calling on a commit; an existing one is shown."""
    _require_app(call)
    wanted = call.body({"head_sha": text(required=True)})
    sha = git_of(call).resolve(wanted["head_sha"])
    if sha is None:
        raise unprocessable(f"No commit found for SHA: {wanted['head_sha']}")
    known = [suite["id"] for suite in checks.suites(call.tx, call.repository, sha)]
    suite = checks.suite_of(call.tx, call.repository, call.caller.app, sha, call.stamp)
    return Answer(show_suite(call, suite), 200 if suite["id"] in known else 201)


def get_suite(call: Call) -> Answer:
    """Show a suite."""
    return Answer(show_suite(call, checks.suite(call.tx, call.repository, call.parameters["check_suite_id"])))


def list_suites(call: Call) -> Listing:
    """List the suites of a commit."""
    sha = commits.require_commit(git_of(call), call.parameters["ref"], of="commit")
    wanted = call.query("app_id")
    rows = [one for one in checks.suites(call.tx, call.repository, sha) if wanted in {"", str(one["app_id"])}]
    return Listing(rows, partial(show_suite, call), "check_suites")


def rerequest_suite(call: Call) -> Answer:
    """Ask the App to run all checks of a suite again."""
    suite = checks.suite(call.tx, call.repository, call.parameters["check_suite_id"])
    events.publish(call, "check_suite", lambda: {"check_suite": show_suite(call, suite)}, "rerequested")
    return Answer({}, 201)


def show_run(call: Call, run: Document) -> dict[str, Any]:
    """Show a check run."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "check-runs", run["id"])
    page = call.urls.web(name, "runs", run["id"])
    output = {field: (run["output"] or {}).get(field) for field in ("title", "summary", "text")}
    same = ("id", "name", "head_sha", "external_id", "status", "conclusion", "started_at", "completed_at")
    return {
        **{field: run[field] for field in same},
        "node_id": node_id("CR", run["id"]),
        "url": own,
        "html_url": page,
        "details_url": run["details_url"] or page,
        "output": {**output, "annotations_count": len(run["annotations"]), "annotations_url": f"{own}/annotations"},
        "check_suite": {"id": run["suite_id"]},
        "app": _app(call, run),
        "pull_requests": _pulls(call, run["head_sha"]),
    }


def _app(call: Call, document: Document) -> dict[str, Any] | None:
    app = apps.app_by_id(call.tx, document["app_id"])
    return apps.show_app(call.tx, call.urls, app) if app else None


def _pulls(call: Call, sha: str) -> list[dict[str, Any]]:
    rows = [pull for pull in pulls.listed(call) if pull.is_open and pull.record["head_sha"] == sha]
    return [pull_views.brief(call, pull) for pull in rows]


def show_suite(call: Call, suite: Document) -> dict[str, Any]:
    """Show a suite with what its runs come to."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "check-suites", suite["id"])
    runs = [run for run in checks.runs(call.tx, call.repository) if run["suite_id"] == suite["id"]]
    status, conclusion = checks.conclusion_of(runs)
    head = commits.read(git_of(call), suite["head_sha"], most=1)[0]
    person = {name: head.author[name] for name in ("name", "email")}
    brief = {"id": head.sha, "tree_id": head.tree, "message": head.message, "timestamp": head.committer["date"]}
    return {
        **{field: suite[field] for field in ("id", "head_sha", "head_branch", "created_at", "updated_at")},
        "node_id": node_id("CS", suite["id"]),
        "status": status,
        "conclusion": conclusion,
        "url": own,
        "before": head.parents[0] if head.parents else None,
        "after": suite["head_sha"],
        "pull_requests": _pulls(call, suite["head_sha"]),
        "app": _app(call, suite),
        "repository": show_repository(call, call.repository),
        "head_commit": {**brief, "author": person, "committer": person},
        "latest_check_runs_count": len(checks.newest(runs)),
        "check_runs_url": f"{own}/check-runs",
    }


_REPO = "/repos/{owner}/{repo}"
_RUN, _SUITE = f"{_REPO}/check-runs/{{check_run_id}}", f"{_REPO}/check-suites/{{check_suite_id}}"
_READ, _WRITE, _DOCS = repo_read("checks"), repo_write("checks"), "checks/runs"
_SUITES = "checks/suites"
ROUTES = (
    route("POST", f"{_REPO}/check-runs", _WRITE, create_run, _DOCS),
    route("GET", _RUN, _READ, get_run, _DOCS),
    route("PATCH", _RUN, _WRITE, change_run, _DOCS),
    route("GET", f"{_RUN}/annotations", _READ, list_annotations, _DOCS),
    route("POST", f"{_RUN}/rerequest", _WRITE, rerequest_run, _DOCS),
    route("POST", f"{_REPO}/check-suites", _WRITE, create_suite, _SUITES),
    route("GET", _SUITE, _READ, get_suite, _SUITES),
    route("GET", f"{_SUITE}/check-runs", _READ, list_for_suite, _DOCS),
    route("POST", f"{_SUITE}/rerequest", _WRITE, rerequest_suite, _SUITES),
    route("GET", f"{_REPO}/commits/{{ref+}}/check-runs", _READ, list_for_commit, _DOCS),
    route("GET", f"{_REPO}/commits/{{ref+}}/check-suites", _READ, list_suites, _SUITES),
)
