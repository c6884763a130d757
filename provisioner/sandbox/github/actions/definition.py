"""A workflow file as a plan to work from: read, and checked as GitHub checks it before anything starts.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent

from provisioner.sandbox.github.actions.expressions import ExpressionError, parse, parts

Json = dict[str, Any]
_TOP = frozenset(("name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs"))
_JOB = frozenset(
    (
        *("name", "needs", "if", "permissions", "environment", "concurrency", "outputs", "env", "defaults", "strategy"),
        *(
            "runs-on",
            "steps",
            "timeout-minutes",
            "continue-on-error",
            "container",
            "services",
            "uses",
            "with",
            "secrets",
        ),
    )
)
_STEP = frozenset(
    (
        *("id", "if", "name", "uses", "run", "working-directory", "shell", "with", "env"),
        *("continue-on-error", "timeout-minutes"),
    )
)
_ONLY_CALLS = ("with", "secrets")
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
PERMISSIONS = (
    *("actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token", "issues", "models"),
    *("packages", "pages", "pull-requests", "security-events", "statuses"),
)
_LEVELS = ("none", "read", "write")
LARGEST = 512 * 1024  # bytes of a workflow file
_DEEPEST = 50


class InvalidWorkflow(Exception):
    """A file that GitHub would refuse to run; ``problems`` says why, in its words."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the problems."""
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Definition:
    """A checked workflow: what is above the jobs, and the jobs in the order of the file."""

    path: str
    name: str
    document: Json
    jobs: Mapping[str, Json]

    def section(self, name: str) -> Any:  # noqa: ANN401 - a part of a YAML document
        """Return one of the sections above the jobs, None where it is missing."""
        return self.document.get(name)


def load(content: bytes) -> Json | None:
    """Return a workflow file's document, None where it is no YAML mapping."""
    if len(content) > LARGEST:
        return None
    try:
        document = None if _is_deep(content) else YAML(typ="safe", pure=True).load(content)
    except (YAMLError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _is_deep(content: bytes) -> bool:
    """Tell, without building anything: reading thousands of open brackets takes seconds."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(content):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False


def read(path: str, content: bytes) -> Definition:
    """Read and check a workflow file. Raises InvalidWorkflow."""
    document = load(content)
    if document is None:
        raise InvalidWorkflow(["You have an error in your yaml syntax"])
    return checked(path, document)


def checked(path: str, document: Json) -> Definition:
    """Return the definition of a loaded document. Raises InvalidWorkflow."""
    problems = [*_top_problems(document)]
    jobs = document.get("jobs")
    if isinstance(jobs, dict):
        for name, job in jobs.items():
            problems += _job_problems(str(name), job, jobs)
        if not problems:
            problems += _cycles(jobs)
    if problems:
        raise InvalidWorkflow(problems)
    jobs = {str(key): job for key, job in document["jobs"].items()}
    return Definition(path, str(document.get("name") or path), document, jobs)


def needs_of(job: Json) -> list[str]:
    """Return the jobs that a job waits for."""
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else [str(name) for name in needs or ()]


def environment_of(job: Json) -> tuple[str, str]:
    """Return name and URL of a job's environment as written, empty where there is none."""
    environment = job.get("environment")
    if isinstance(environment, dict):
        return str(environment.get("name", "")), str(environment.get("url", "") or "")
    return str(environment or ""), ""


def permissions_of(section: object) -> dict[str, str] | None:
    """Return what a ``permissions`` section grants; None where there is no section. Others are ``none``."""
    if section is None:
        return None
    if section in ("read-all", "write-all"):
        level = str(section).removesuffix("-all")
        return {name: level for name in PERMISSIONS if (name, level) != ("id-token", "read")}
    if not isinstance(section, Mapping):
        return {}
    return {str(name): str(level) for name, level in section.items() if level != "none"}


def _top_problems(document: Json) -> Iterator[str]:
    for name in document:
        if name not in _TOP:
            yield f"Unexpected value '{name}'"
    if "on" not in document:
        yield "No event triggers defined in `on`"
    jobs = document.get("jobs")
    if not isinstance(jobs, dict) or not jobs:
        yield "Required property is missing: jobs"
    yield from _permission_problems(document.get("permissions"))


def _permission_problems(section: object) -> Iterator[str]:
    if section is None or section in ("read-all", "write-all", {}):
        return
    if not isinstance(section, Mapping):
        yield f"Unexpected value '{section}'"
        return
    for name, level in section.items():
        if name not in PERMISSIONS:
            yield f"Unexpected value '{name}'"
        elif level not in _LEVELS:
            yield f"Unexpected value '{level}'"


def _job_problems(name: str, job: object, jobs: Json) -> Iterator[str]:
    if not _ID.fullmatch(name):
        yield (
            f"The identifier '{name}' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. IDs must "
            "start with a letter or '_' and must be less than 100 characters."
        )
    if not isinstance(job, dict):
        yield f"Unexpected value for job '{name}'"
        return
    yield from (f"Unexpected value '{key}'" for key in job if key not in _JOB)
    yield from _permission_problems(job.get("permissions"))
    yield from _expression_problems(job)
    for needed in needs_of(job):
        if needed not in jobs:
            yield f"Job '{name}' depends on unknown job '{needed}'."
    if "uses" in job:
        if "steps" in job or "runs-on" in job:
            yield f"Unexpected value 'steps' in job '{name}', which calls a workflow"
        return
    yield from (f"Unexpected value '{key}'" for key in _ONLY_CALLS if key in job)
    if "runs-on" not in job:
        yield "Required property is missing: runs-on"
    yield from _step_problems(job.get("steps"))


def _step_problems(steps: object) -> Iterator[str]:
    if not isinstance(steps, list) or not steps:
        yield "Required property is missing: steps"
        return
    for step in steps:
        if not isinstance(step, dict):
            yield f"Unexpected value '{step}'"
            continue
        yield from (f"Unexpected value '{key}'" for key in step if key not in _STEP)
        if ("run" in step) == ("uses" in step):
            yield "A step must define exactly one of: run, uses"


def _expression_problems(value: object) -> Iterator[str]:
    for text in _texts(value):
        try:
            for is_expression, piece in parts(text):
                if is_expression:
                    parse(piece)
        except ExpressionError as problem:
            yield str(problem)


def _texts(value: object) -> Iterator[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from _texts(each)
    if isinstance(value, str) and "${{" in value:
        yield value


def _cycles(jobs: Json) -> list[str]:
    done, left = set[str](), {str(name): set(needs_of(job)) for name, job in jobs.items()}
    while ready := [name for name, needs in left.items() if needs <= done]:
        done.update(ready)
        for name in ready:
            del left[name]
    if not left:
        return []
    return [f"The workflow must contain at least one job with no dependencies. Cycle: {', '.join(left)}"]
