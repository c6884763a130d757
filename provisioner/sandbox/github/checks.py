"""Check runs and suites as stored: what Apps say about a commit, and what commits' checks come to.

A suite gathers the runs of one App on one commit; it is made with the first of them.
https://docs.github.com/rest/checks
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.sandbox.github import apps
from provisioner.sandbox.github.accounts import find_account
from provisioner.sandbox.github.errors import not_found
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.github.statuses import latest
from provisioner.sandbox.store import Document, Transaction

RUNS, SUITES = "github/check_runs", "github/check_suites"
ACTIONS = "github-actions"
_PASSING = frozenset(("success", "neutral", "skipped"))
# The conclusion of a suite is the gravest of its runs.
_GRAVITY = ("success", "skipped", "neutral", "cancelled", "stale", "action_required", "timed_out", "failure")
_VERDICTS = {"success": "success", "pending": "pending", "failure": "failure", "error": "failure"}


def actions_app(tx: Transaction, stamp: str) -> Document:
    """Return the App in whose name Actions speaks, made on first use."""
    known = apps.find_app(tx, ACTIONS)
    if known is None:
        owner = find_account(tx, "github")
        # Its owner on the real site is GitHub's own organisation; here it is its own bot's account.
        known = apps.create_app(tx, ACTIONS, owner["id"] if owner else 0, {"checks": "write"}, stamp)
        if owner is None:
            known["owner_id"] = known["bot_id"]
            apps.put_app(tx, known)
    return known


def suite_of(tx: Transaction, repository: Document, app: Document, sha: str, stamp: str) -> Document:
    """Return an App's suite on a commit, making it when there is none."""
    for suite in suites(tx, repository, sha):
        if suite["app_id"] == app["id"]:
            return suite
    suite = {
        "id": next_id(tx, "check_suite"),
        "app_id": app["id"],
        "head_sha": sha,
        "head_branch": None,
        "created_at": stamp,
        "updated_at": stamp,
    }
    put_suite(tx, repository, suite)
    return suite


def put_suite(tx: Transaction, repository: Document, suite: Document) -> None:
    """Write a suite."""
    tx.put(SUITES, f"{repository['id']}/{suite['id']:014}", suite)


def suites(tx: Transaction, repository: Document, sha: str) -> list[Document]:
    """Return the suites of a commit."""
    return [suite for _, suite in tx.scan(SUITES, f"{repository['id']}/") if suite["head_sha"] == sha]


def suite(tx: Transaction, repository: Document, number: str) -> Document:
    """Return a suite by number. Raises GithubError (404)."""
    found = tx.get(SUITES, f"{repository['id']}/{number.zfill(14)}")
    if found is None:
        raise not_found()
    return found


def create(tx: Transaction, repository: Document, app: Document, wanted: Mapping[str, Any], stamp: str) -> Document:
    """Write a check run; ``wanted`` has ``name`` and ``head_sha`` and may have what REST takes."""
    held = suite_of(tx, repository, app, wanted["head_sha"], stamp)
    run = {
        "id": next_id(tx, "check_run"),
        "app_id": app["id"],
        "suite_id": held["id"],
        "external_id": "",
        "details_url": None,
        "status": "queued",
        "conclusion": None,
        "started_at": stamp,
        "completed_at": None,
        "output": {},
        "annotations": [],
        **wanted,
    }
    return _written(tx, repository, run, stamp)


def change(tx: Transaction, repository: Document, run: Document, wanted: Mapping[str, Any], stamp: str) -> Document:
    """Change a check run and write it back."""
    return _written(tx, repository, {**run, **wanted}, stamp)


def _written(tx: Transaction, repository: Document, run: Document, stamp: str) -> Document:
    output = dict(run["output"] or {})
    run["annotations"] = [*run["annotations"], *output.pop("annotations", ())]
    run["output"] = output
    if run["conclusion"]:
        run |= {"status": "completed", "completed_at": run["completed_at"] or stamp}
    tx.put(RUNS, f"{repository['id']}/{run['id']:014}", run)
    return run


def get(tx: Transaction, repository: Document, number: str) -> Document:
    """Return a check run by number. Raises GithubError (404)."""
    found = tx.get(RUNS, f"{repository['id']}/{number.zfill(14)}")
    if found is None:
        raise not_found()
    return found


def runs(tx: Transaction, repository: Document) -> list[Document]:
    """Return all check runs of a repository, oldest first."""
    return [run for _, run in tx.scan(RUNS, f"{repository['id']}/")]


def newest(found: Iterable[Document]) -> list[Document]:
    """Return of each App and name only the newest run."""
    return list({(run["app_id"], run["name"]): run for run in found}.values())


def conclusion_of(found: Iterable[Document]) -> tuple[str, str | None]:
    """Return status and conclusion of a suite with these runs."""
    current = newest(found)
    if not current:
        return "queued", None
    if any(run["status"] != "completed" for run in current):
        return "in_progress" if any(run["status"] == "in_progress" for run in current) else "queued", None
    return "completed", max((run["conclusion"] for run in current), key=_GRAVITY.index)


Verdict = tuple[str, int, str]


def verdicts(tx: Transaction, repository: Document, sha: str) -> tuple[Verdict, ...]:
    """Return (context, App's number or 0, ``success`` | ``pending`` | ``failure``) of all that speaks of a commit."""
    said = [
        (status["context"], int(status.get("app_id") or 0), _VERDICTS[status["state"]])
        for status in latest(tx, repository, sha)
    ]
    ran = newest(run for run in runs(tx, repository) if run["head_sha"] == sha)
    return (*said, *((run["name"], int(run["app_id"]), _verdict(run)) for run in ran))


def _verdict(run: Mapping[str, Any]) -> str:
    if run["status"] != "completed":
        return "pending"
    return "success" if run["conclusion"] in _PASSING else "failure"


def put_for_job(  # noqa: PLR0913 - a job has this many facts
    tx: Transaction,
    repository: Document,
    *,
    external_id: str,
    name: str,
    head_sha: str,
    status: str,
    conclusion: str | None,
    started_at: str | None,
    completed_at: str | None,
    details_url: str,
    title: str = "",
    summary: str = "",
    annotations: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Write the check run of an Actions job, or change the one with this ``external_id``."""
    stamp = completed_at or started_at or str(repository["updated_at"])
    app = actions_app(tx, stamp)
    wanted = {
        "name": name,
        "head_sha": head_sha,
        "external_id": external_id,
        "status": status,
        "conclusion": conclusion,
        "started_at": started_at,
        "completed_at": completed_at,
        "details_url": details_url,
        "output": {
            "title": title or None,
            "summary": summary or None,
            "annotations": [dict(row) for row in annotations],
        },
    }
    for run in runs(tx, repository):
        if run["external_id"] == external_id and run["app_id"] == app["id"]:
            change(tx, repository, {**run, "annotations": []}, wanted, stamp)
            return
    create(tx, repository, app, wanted, stamp)
