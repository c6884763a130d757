"""What the rest of GitHub sees of jobs: a check run for each, a deployment for each that names an environment."""

from __future__ import annotations

from provisioner.sandbox.github import checks, deployments
from provisioner.sandbox.github.actions.contexts import full_name
from provisioner.sandbox.github.actions.records import Board, put_job
from provisioner.sandbox.store import Document

_STATES = {"in_progress": "in_progress", "queued": "queued", "waiting": "pending", "pending": "queued"}
_ENDS = {"success": "success", "failure": "failure"}


def report(board: Board) -> None:
    """Tell what has changed about the jobs of a run since the last time."""
    for node in board.nodes.values():
        for job in board.jobs_of(node):
            said = f"{job['status']}/{job['conclusion']}"
            if job.get("reported") == said:
                continue
            _check(board, job)
            _deployment(board, job)
            job["reported"] = said
            put_job(board.tx, board.repository["id"], job)


def job_page(board: Board, job: Document) -> str:
    """Return where a person would look at a job."""
    return f"https://github.com/{full_name(board)}/actions/runs/{board.run['id']}/job/{job['id']}"


def _check(board: Board, job: Document) -> None:
    status = job["status"] if job["status"] in {"in_progress", "completed"} else "queued"
    checks.put_for_job(
        board.tx,
        board.repository,
        external_id=str(job["id"]),
        name=job["name"],
        head_sha=board.run["head_sha"],
        status=status,
        conclusion=job["conclusion"],
        started_at=job["started_at"] or job["created_at"],
        completed_at=job["completed_at"],
        details_url=job_page(board, job),
        summary=job["summary"],
        annotations=job["annotations"],
    )


def _deployment(board: Board, job: Document) -> None:
    if not job["environment"] or job["conclusion"] == "skipped":
        return
    creator = board.run["actor_id"]
    if "deployment_id" not in job:
        job["deployment_id"] = deployments.create(
            board.tx,
            board.repository,
            ref=board.run["head_branch"],
            sha=board.run["head_sha"],
            environment=job["environment"],
            creator_id=creator,
            stamp=board.stamp,
        )
    ended = _ENDS.get(job["conclusion"] or "", "error")
    deployments.add_status(
        board.tx,
        board.repository,
        job["deployment_id"],
        state=ended if job["status"] == "completed" else _STATES[job["status"]],
        creator_id=creator,
        stamp=board.stamp,
        log_url=job_page(board, job),
        environment_url=job.get("environment_url", ""),
    )
