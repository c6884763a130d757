"""Runs, their plans and their jobs as stored.

A run is one workflow set off once, in one or more attempts. Its plan has a node for each job of the file (and of the
workflows it calls); a node becomes one job record, or one per combination of its matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioner.sandbox.github.bare import Repository
from provisioner.sandbox.github.identifiers import next_id, stamp
from provisioner.sandbox.store import Document, Transaction

RUNS, PLANS, JOBS = "github/runs", "github/run_plans", "github/run_jobs"
ACTIVE = "github/active_runs"
_JOBS_OF = "github/run_jobs_of"
_LOG = "github/job-log/"


@dataclass(frozen=True, slots=True)
class Board:
    """One run under work: its record, its plan, and what is needed to go on with it."""

    tx: Transaction
    git: Repository
    repository: Document
    run: Document
    plan: Document
    now: datetime

    @property
    def stamp(self) -> str:
        """Return the current instant as GitHub writes it."""
        return stamp(self.now)

    @property
    def nodes(self) -> dict[str, Document]:
        """Return the plan's nodes by path, in the order of the file."""
        found: dict[str, Document] = self.plan["nodes"]
        return found

    def jobs_of(self, node: Document) -> list[Document]:
        """Return the job records of a node."""
        return [job for number in node["jobs"] if (job := find_job(self.tx, self.repository["id"], number))]

    def save(self) -> None:
        """Write run and plan back."""
        put_run(self.tx, self.repository["id"], self.run)
        self.tx.put(PLANS, run_key(self.repository["id"], self.run["id"]), self.plan)


def run_key(repo_id: int, run_id: int) -> str:
    """Return the store key of a run."""
    return f"{repo_id}/{run_id:014}"


def find_run(tx: Transaction, repo_id: int, run_id: int) -> Document | None:
    """Return a run."""
    return tx.get(RUNS, run_key(repo_id, run_id))


def put_run(tx: Transaction, repo_id: int, run: Document) -> None:
    """Write a run back, and remember whether there is anything left to do for it."""
    key = run_key(repo_id, run["id"])
    tx.put(RUNS, key, run)
    if run.get("status", "completed") == "completed":
        tx.delete(ACTIVE, key)
    else:
        tx.put(ACTIVE, key, {"repo_id": repo_id, "run_id": run["id"]})


def active_runs(tx: Transaction) -> list[tuple[int, int]]:
    """Return (repository, run) of each run that is not over, oldest first."""
    rows = [(int(document["run_id"]), int(document["repo_id"])) for _, document in tx.scan(ACTIVE)]
    return [(repo_id, run_id) for run_id, repo_id in sorted(rows)]


def plan_of(tx: Transaction, repo_id: int, run_id: int) -> Document:
    """Return the plan of a run; an empty one for a run that is only recorded."""
    return tx.get(PLANS, run_key(repo_id, run_id)) or {"nodes": {}, "scopes": {}}


def new_job(board: Board, fields: dict[str, Any]) -> Document:
    """Write down a job."""
    number = next_id(board.tx, "job")
    job = {
        "id": number,
        "run_id": board.run["id"],
        "attempt": board.run["attempt"],
        "created_at": board.stamp,
        "started_at": None,
        "completed_at": None,
        "conclusion": None,
        "steps": [],
        "outputs": {},
        "annotations": [],
        "summary": "",
        "note": "",
        **fields,
    }
    put_job(board.tx, board.repository["id"], job)
    board.tx.put(
        "github/run_jobs_of", f"{run_key(board.repository['id'], board.run['id'])}/{number:014}", {"id": number}
    )
    return job


def put_job(tx: Transaction, repo_id: int, job: Document) -> None:
    """Write a job back."""
    tx.put(JOBS, f"{repo_id}/{job['id']:014}", job)


def find_job(tx: Transaction, repo_id: int, number: int) -> Document | None:
    """Return a job by number."""
    return tx.get(JOBS, f"{repo_id}/{number:014}")


def all_jobs(tx: Transaction, repo_id: int, run_id: int) -> Iterator[Document]:
    """Yield the jobs of all attempts of a run, oldest first."""
    for _, row in list(tx.scan(_JOBS_OF, f"{run_key(repo_id, run_id)}/")):
        job = find_job(tx, repo_id, int(row["id"]))
        if job:
            yield job


def read_log(tx: Transaction, job: Document) -> bytes | None:
    """Return the log of a job, None when there is none (any more)."""
    return tx.get_blob(f"{_LOG}{job['id']}")


def put_log(tx: Transaction, job: Document, content: bytes) -> None:
    """Keep the log of a job."""
    tx.put_blob(f"{_LOG}{job['id']}", content)


def delete_log(tx: Transaction, job: Document) -> None:
    """Forget the log of a job."""
    tx.delete_blob(f"{_LOG}{job['id']}")


def end_job(board: Board, job: Document, conclusion: str, note: str = "") -> None:
    """Write down how a job ended."""
    job |= {"status": "completed", "conclusion": conclusion, "completed_at": board.stamp}
    job["started_at"] = job["started_at"] or board.stamp
    if note:
        job["note"] = note
        level = "failure" if conclusion == "failure" else "notice"
        job["annotations"] = [*job["annotations"], annotation(level, note)]
    put_job(board.tx, board.repository["id"], job)


def annotation(level: str, message: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of an annotation
    """Return an annotation as check runs have them; without a file it is about the workflow itself."""
    line = more.get("line", 1)
    return {
        "path": more.get("file", ".github"),
        "start_line": line,
        "end_line": more.get("end_line", line),
        "annotation_level": level,
        "message": message,
        "title": more.get("title", ""),
    }
