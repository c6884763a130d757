"""Code scanning: SARIF files that are uploaded, the analyses they are, and the alerts they open and close.

https://docs.github.com/rest/code-scanning/code-scanning
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from provisioner.sandbox.github import code_alerts
from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import GithubError, forbidden, not_found
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.github.repositories import full_name
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXT, text
from provisioner.sandbox.store import Document

_SARIFS, _ANALYSES = "github/sarifs", "github/code_scanning"
_UPLOAD = {
    "commit_sha": text(required=True),
    "ref": text(required=True),
    "sarif": text(required=True),
    "checkout_uri": TEXT,
    "started_at": TEXT,
    "tool_name": TEXT,
    "validate": FLAG,
}
_LARGEST = 10 * 1024 * 1024  # bytes as uploaded
_LARGEST_PLAIN = 100 * 1024 * 1024
_VERSION = "2.1.0"


def require_enabled(call: Call) -> None:
    """Check that a private repository has code scanning on. Raises GithubError (403)."""
    held = call.repository.get("security", {})
    on = any(held.get(name) == "enabled" for name in ("advanced_security", "code_security"))
    if call.repository["visibility"] != "public" and not on:
        raise forbidden("Code Security must be enabled for this repository to use code scanning.")


def upload(call: Call) -> Answer:
    """Take a SARIF file: gzip, then base64. It is processed at once; its state is asked for by id."""
    wanted = call.body(_UPLOAD)
    require_enabled(call)
    if not wanted["ref"].startswith(("refs/heads/", "refs/tags/", "refs/pull/")):
        raise GithubError(400, "ref must be a fully qualified ref, such as refs/heads/main")
    if git_of(call).resolve(wanted["commit_sha"]) is None:
        raise GithubError(404, "commit not found")
    document = _decoded(wanted["sarif"])
    sarif_id, problems = str(uuid.uuid4()), _problems(document)
    number = call.tx.next_number("github/sarif")
    record = {"id": sarif_id, "errors": problems, "number": number, "created_at": call.stamp}
    call.tx.put(_SARIFS, f"{call.repository['id']}/{sarif_id}", record)
    if not problems:
        for run in document["runs"]:
            _analyse(call, wanted, run, sarif_id)
    own = call.urls.api("repos", full_name(call.tx, call.repository), "code-scanning/sarifs", sarif_id)
    return Answer({"id": sarif_id, "url": own}, 202)


def _decoded(content: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    try:
        packed = base64.b64decode("".join(content.split()), validate=True)
        if len(packed) > _LARGEST:
            raise GithubError(413, "Payload too large")
        unpacker = zlib.decompressobj(wbits=31)
        plain = unpacker.decompress(packed, _LARGEST_PLAIN)
    except (binascii.Error, ValueError, zlib.error):
        raise GithubError(400, "Invalid SARIF. Expected gzip compressed and base64 encoded data.") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise GithubError(413, "Payload too large")
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        raise GithubError(400, "Invalid SARIF. JSON syntax error") from None


def _problems(document: object) -> list[str]:
    if not isinstance(document, dict) or not isinstance(document.get("runs"), list):
        return ["Invalid SARIF: the property 'runs' is required"]
    if document.get("version") != _VERSION:
        return [f"Invalid SARIF: only version {_VERSION} is supported"]
    return [problem for index, run in enumerate(document["runs"]) for problem in _run_problems(run, f"runs[{index}]")]


def _run_problems(run: object, where: str) -> Iterator[str]:
    if not isinstance(run, dict):
        yield f"Invalid SARIF: {where} is no object"
        return
    driver = (run.get("tool") or {}).get("driver") if isinstance(run.get("tool"), dict) else None
    if not isinstance(driver, dict) or not isinstance(driver.get("name"), str):
        yield f"Invalid SARIF: {where}.tool.driver.name is required"
    results = run.get("results", [])
    for index, result in enumerate(results if isinstance(results, list) else [None]):
        text_of = result.get("message") if isinstance(result, dict) else None
        if not isinstance(text_of, dict) or not isinstance(text_of.get("text"), str):
            yield f"Invalid SARIF: {where}.results[{index}].message.text is required"


def _analyse(call: Call, wanted: Document, run: Document, sarif_id: str) -> None:
    driver = run["tool"]["driver"]
    tool = {"name": driver["name"], "version": driver.get("semanticVersion") or driver.get("version"), "guid": None}
    identity = (run.get("automationDetails") or {}).get("id", "")
    analysis = {
        "id": next_id(call.tx, "analysis"),
        "ref": wanted["ref"],
        "commit_sha": wanted["commit_sha"],
        "analysis_key": "(default)",
        "environment": "{}",
        "category": identity.rstrip("/"),
        "error": "",
        "created_at": call.stamp,
        "results_count": len(run.get("results", ())),
        "rules_count": len(driver.get("rules", ())),
        "sarif_id": sarif_id,
        "tool": tool,
        "deletable": True,
        "warning": "",
    }
    call.tx.put(_ANALYSES, f"{call.repository['id']}/{analysis['id']:014}", analysis)
    code_alerts.take_over(call, analysis, run)


def get_sarif(call: Call) -> Answer:
    """Tell how far an upload is."""
    record = call.tx.get(_SARIFS, f"{call.repository['id']}/{call.parameters['sarif_id']}")
    if record is None:
        raise not_found()
    own = call.urls.api("repos", full_name(call.tx, call.repository), "code-scanning/analyses")
    if record["errors"]:
        return Answer({"processing_status": "failed", "analyses_url": None, "errors": record["errors"]})
    return Answer({"processing_status": "complete", "analyses_url": f"{own}?sarif_id={record['id']}"})


def list_analyses(call: Call) -> Listing:
    """List analyses, newest first, by ref, tool and upload."""
    rows = [row for _, row in call.tx.scan(_ANALYSES, f"{call.repository['id']}/")][::-1]
    wanted = {"ref": call.query("ref"), "sarif_id": call.query("sarif_id")}
    rows = [row for row in rows if all(value in {"", row[name]} for name, value in wanted.items())]
    rows = [row for row in rows if call.query("tool_name") in {"", row["tool"]["name"]}]
    if not rows:
        raise GithubError(404, "no analysis found")
    return Listing(rows, partial(_show, call))


def get_analysis(call: Call) -> Answer:
    """Show an analysis."""
    row = call.tx.get(_ANALYSES, f"{call.repository['id']}/{call.parameters['analysis_id'].zfill(14)}")
    if row is None:
        raise GithubError(404, "no analysis found")
    return Answer(_show(call, row))


def _show(call: Call, row: Document) -> dict[str, Any]:
    name = full_name(call.tx, call.repository)
    return {**row, "url": call.urls.api("repos", name, "code-scanning/analyses", row["id"])}


_PLACE = "/repos/{owner}/{repo}/code-scanning"
_READ = repo_read("security_events", "write")
_WRITE = repo_write("security_events", "write", "repo", "security_events")
_DOCS = "code-scanning/code-scanning"
ROUTES = (
    route("POST", f"{_PLACE}/sarifs", _WRITE, upload, f"{_DOCS}#upload-an-analysis-as-sarif-data"),
    route("GET", f"{_PLACE}/sarifs/{{sarif_id}}", _READ, get_sarif, _DOCS),
    route("GET", f"{_PLACE}/analyses", _READ, list_analyses, _DOCS),
    route("GET", f"{_PLACE}/analyses/{{analysis_id}}", _READ, get_analysis, _DOCS),
)
