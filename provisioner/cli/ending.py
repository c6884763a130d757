"""The last thing a run says: what exists, who reaches what, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.cli.output import faint, good, table
from provisioner.cli.tables import records
from provisioner.request.resolve import Team


def told(verb: str, result: dict[str, Any], team: Team) -> Iterator[str]:
    """Return the summary of a finished run for people."""
    yield ""
    endings = {"destroy": _destroyed, "bootstrap": _laid}
    yield from endings.get(verb, _made)(result, team)


def _made(result: dict[str, Any], team: Team) -> Iterator[str]:
    changed = {root: counts for root, counts in result["changes"].items() if any(counts.values())}
    if changed:
        yield good(f"{team.slug} is up.")
    else:
        yield good(f"{team.slug} is as it should be: nothing was changed.")
    yield ""
    yield from records(("ENVIRONMENT", "PROJECT", "SERVICE", "REGISTRY", "BUCKET"), list(_environments(result, team)))
    yield ""
    repository = result["repository"]
    yield f"Repository  {repository['html_url']}"
    yield from _access(result["access"])
    yield ""
    yield "Next"
    yield f"  git clone {repository['clone_url']}"
    yield f"  provision-env show {team.slug}        everything about it, or as a page: --html FILE"
    yield f"  provision-env access {team.slug}      who reaches what, row by row"


def _laid(result: dict[str, Any], team: Team) -> Iterator[str]:
    changed = any(any(counts.values()) for counts in result["changes"].values())
    yield good("The ground is laid." if changed else "The ground is as it should be: nothing was changed.")
    yield ""
    outputs = result["outputs"][team.environments[0].names.root]["environment"]
    repository = result["repository"]
    rows = [
        ("state", f"gs://{outputs['buckets']['state']}"),
        ("plans", outputs["plan_service_account"]),
        ("previews", outputs["preview_service_account"]),
        ("applies", outputs["deploy_service_account"]),
        ("repository", repository["html_url"]),
    ]
    yield from (f"  {name:11} {value}" for name, value in rows)
    yield from _access(result["access"])
    yield ""
    yield "Next"
    yield f"  git clone {repository['clone_url']}"
    yield f"  provision-env access {team.slug}      who reaches what, row by row"
    yield "  provision-env init teams/<team>.yaml     then commit it on a branch and open a pull request"


def _environments(result: dict[str, Any], team: Team) -> Iterator[tuple[str, ...]]:
    for spec in team.environments:
        outputs = result["outputs"][spec.names.root]["environment"]
        services = ", ".join(service["name"] for service in outputs["services"].values())
        registries = ", ".join(path.rsplit("/", 1)[-1] for path in outputs["registries"].values())
        yield spec.name, spec.project, services or "-", registries or "-", ", ".join(outputs["buckets"].values()) or "-"


def _access(matrix: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"Access      {matrix['summary']}"
    granted = [row for row in matrix["rows"] if row["expected"]]
    rows = [(row["identity"], row["context"], row["how"]) for row in granted]
    yield from (f"  {line}" for line in table(("IDENTITY", "REACHED BY", "ESTABLISHED"), rows))


def _destroyed(result: dict[str, Any], team: Team) -> Iterator[str]:
    gone = sum(counts["remove"] for counts in result["changes"].values())
    yield good(f"{team.slug} is down: {gone} resources destroyed.")
    for root, addresses in result["kept"].items():
        for address in addresses:
            yield f"  kept, because it holds data: {root} {address}"
    if result["archived"]:
        yield f"  the repository {team.repository_full_name} is archived"
    yield faint("  `provision-env up` with the same request makes it again and takes in what was kept")
