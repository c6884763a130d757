"""Everything about a team in one document: request, environments, identities, repository, runs. Nothing is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from provisioner.errors import ProvisionError
from provisioner.request.resolve import EnvironmentSpec, Team
from provisioner.runs.leases import working
from provisioner.settings import Settings
from provisioner.terraform.state import StateDocument
from provisioner.wiring import consoles
from provisioner.wiring.accessing import Question, established, recorded
from provisioner.wiring.folders import open_ledger
from provisioner.wiring.observing import recorded_facts, states_of
from provisioner.wiring.place import place_of

SCHEMA_VERSION = 1
_NEWEST = 5
_ACCOUNTS = ("plan", "preview", "deploy", "runtime")


def overview(
    settings: Settings,
    team: Team,
    sandbox: bool | None,  # noqa: FBT001 - three states
    *,
    live: bool = False,
) -> dict[str, Any]:
    """Return the document of ``show``: what was asked, what the states hold, what the run book knows.

    ``access`` is the matrix of the last run, or with ``live`` that of the cloud's own policies, with ``origin`` and
    ``made``; None where nothing of the team exists.
    """
    states = states_of(settings, team, sandbox)
    environments = [_environment(spec, states.get(spec.names.root, StateDocument())) for spec in team.environments]
    there = {each["name"] for each in environments if each["exists"]}
    question = Question(team, sandbox, lambda _report: None)
    return {
        "schema_version": SCHEMA_VERSION,
        "made": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "place": place_of(settings, open_ledger(settings), team.slug, sandbox),
        **_asked(team),
        "environments": environments,
        "access": _access(settings, question, there, live=live),
        "repository": _repository(settings, team),
        "runs": _runs(settings, team),
    }


def _asked(team: Team) -> dict[str, Any]:
    request = team.request
    return {
        "team": team.slug,
        "description": request.description or "",
        "owner": request.owner,
        "owner_group": request.owner_group or team.slug,
        "cost_center": request.cost_center,
        "data_class": request.data_class,
    }


def _environment(spec: EnvironmentSpec, state: StateDocument) -> dict[str, Any]:
    outputs = dict(state.outputs.get("environment") or {})
    kinds = Counter(each.type for each in state.resources())
    return {
        "name": spec.name,
        "project": spec.project,
        "region": spec.region,
        "branch": spec.branch,
        "reviewers": [each.user or _team_name(each.team or "") for each in spec.reviewers],
        "budget": {"amount": spec.budget.amount, "currency": spec.budget.currency},
        "labels": dict(spec.labels),
        "exists": bool(outputs),
        "resources": {"count": kinds.total(), "kinds": dict(sorted(kinds.items()))},
        "things": list(_things(spec, outputs)),
        "links": consoles.of_project(spec.project, spec.names.pool),
    }


def _things(spec: EnvironmentSpec, outputs: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield what people look for by name: kind, name, the console's page, and the address that answers, if any."""
    project = spec.project
    for service in outputs.get("services", {}).values():
        page = consoles.of_service(service["name"], spec.region, project)
        yield _thing("service", service["name"], page, service.get("uri") or "")
    for name in outputs.get("buckets", {}).values():
        yield _thing("bucket", name, consoles.of_bucket(name, project))
    for path in outputs.get("registries", {}).values():
        yield _thing("registry", path, consoles.of_registry(path, project))
    for kind in _ACCOUNTS:
        email = outputs.get(f"{kind}_service_account")
        if email:
            yield _thing(f"{kind} account", email, consoles.of_account(email, project))


def _thing(kind: str, name: str, link: str, address: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, "link": link, "address": address}


def _access(settings: Settings, question: Question, there: set[str], *, live: bool) -> dict[str, Any] | None:
    """Return the matrix of the environments that exist; what a run proved of others is history."""
    if not there:
        return None
    try:
        found = established(settings, question, "live") if live else recorded(settings, question.team.slug)
    except ProvisionError:
        if live:
            raise
        return None
    matrix = found["matrix"]
    kept = {
        part: [each for each in matrix.get(part, ()) if each["identity"].partition("/")[0] in there]
        for part in ("rows", "holdings")
    }
    return {"origin": found["origin"], "made": found["made"], **matrix, **kept}


def _repository(settings: Settings, team: Team) -> dict[str, Any] | None:
    facts = recorded_facts(settings, team)
    if facts is None:
        return None
    kept = {name: facts.get(name) for name in ("id", "full_name", "html_url", "clone_url", "default_branch", "commit")}
    access = [{"who": _team_name(each.slug), "permission": each.permission} for each in team.request.repository.teams]
    access += [{"who": each.user, "permission": each.permission} for each in team.request.repository.collaborators]
    visibility = team.request.repository.visibility
    return {**kept, "visibility": visibility, "access": access, "links": consoles.of_repository(facts)}


def _runs(settings: Settings, team: Team) -> list[dict[str, str]]:
    """Return the newest runs; one whose process is gone could not write down its end."""
    ledger = open_ledger(settings)
    alive = working(ledger)
    found = [run.document() for run in ledger.runs(team.slug)[:_NEWEST]]
    return [
        run | ({"status": "stopped"} if run["status"] == "running" and run["id"] not in alive else {}) for run in found
    ]


def _team_name(slug: str) -> str:
    """Return how a GitHub team is written among users."""
    return f"team {slug}"
