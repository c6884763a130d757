"""Alerts of code scanning: one per tool, rule and place; the next analysis of the same category fixes what it lacks."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.github.repositories import full_name
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import text
from provisioner.sandbox.store import Document

_ALERTS = "github/code_alerts"
_REASONS = ("false positive", "won't fix", "used in tests")
_CHANGE = {
    "state": text(required=True, enum=("open", "dismissed")),
    "dismissed_reason": text(nullable=True, enum=_REASONS),
    "dismissed_comment": text(nullable=True),
}
_SEVERE = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))


def take_over(call: Call, analysis: Document, run: Document) -> None:
    """Open alerts for the results of an analysis, and close those of its tool and category that are gone."""
    rules = {rule.get("id"): rule for rule in run["tool"]["driver"].get("rules", ()) if isinstance(rule, dict)}
    found = {}
    for result in run.get("results", ()):
        alert = _alert(analysis, result, rules.get(result.get("ruleId"), {}))
        found[alert["fingerprint"]] = alert
    for alert in _all(call):
        same = (alert["tool"]["name"], alert["category"]) == (analysis["tool"]["name"], analysis["category"])
        if same and alert["ref"] == analysis["ref"]:
            _continue(call, alert, found.pop(alert["fingerprint"], None))
    for alert in found.values():
        number = call.tx.next_number(f"github/code-alerts/{call.repository['id']}")
        _put(call, {**alert, "number": number, "created_at": call.stamp, "updated_at": call.stamp})


def _continue(call: Call, alert: Document, fresh: Document | None) -> None:
    if fresh is None and alert["state"] == "open":
        _put(call, {**alert, "state": "fixed", "fixed_at": call.stamp, "updated_at": call.stamp})
    if fresh is not None:
        state = "open" if alert["state"] == "fixed" else alert["state"]
        kept = {name: alert[name] for name in ("number", "created_at", "dismissal")}
        _put(call, {**fresh, **kept, "state": state, "updated_at": call.stamp})


def _alert(analysis: Document, result: Document, rule: Document) -> Document:
    place = _place(result)
    message = str(result["message"]["text"])
    level = result.get("level") or (rule.get("defaultConfiguration") or {}).get("level") or "warning"
    given = result.get("partialFingerprints") or {"place": f"{place}{message}"}
    base = f"{analysis['tool']['name']}|{analysis['category']}|{result.get('ruleId')}|{sorted(given.items())}"
    return {
        "fingerprint": hashlib.sha256(base.encode()).hexdigest(),
        "state": "open",
        "fixed_at": None,
        "dismissal": None,
        "tool": analysis["tool"],
        "category": analysis["category"],
        "ref": analysis["ref"],
        "commit_sha": analysis["commit_sha"],
        "message": message,
        "place": place,
        "rule": _rule(str(result.get("ruleId", "")), rule, str(level)),
    }


def _place(result: Document) -> Document:
    physical: Document = next((one.get("physicalLocation", {}) for one in result.get("locations", ())), {})
    region = physical.get("region", {})
    line, column = int(region.get("startLine", 1)), int(region.get("startColumn", 1))
    return {
        "path": (physical.get("artifactLocation") or {}).get("uri", ""),
        "start_line": line,
        "end_line": int(region.get("endLine", line)),
        "start_column": column,
        "end_column": int(region.get("endColumn", column)),
    }


def _rule(number: str, rule: Document, level: str) -> Document:
    properties = rule.get("properties") or {}
    try:
        score = float(properties.get("security-severity", 0))
    except (TypeError, ValueError):
        score = 0.0
    short = (rule.get("shortDescription") or {}).get("text") or number
    return {
        "id": number,
        "name": rule.get("name") or number,
        "severity": level if level in {"none", "note", "warning", "error"} else "warning",
        "security_severity_level": next((word for least, word in _SEVERE if score >= least), None),
        "description": short,
        "full_description": (rule.get("fullDescription") or {}).get("text") or short,
        "tags": [str(tag) for tag in properties.get("tags", ())],
        "help": (rule.get("help") or {}).get("text"),
        "help_uri": rule.get("helpUri"),
    }


def _all(call: Call) -> list[Document]:
    return [row for _, row in call.tx.scan(_ALERTS, f"{call.repository['id']}/")]


def _put(call: Call, alert: Document) -> None:
    call.tx.put(_ALERTS, f"{call.repository['id']}/{alert['number']:08}", alert)


def _one(call: Call) -> Document:
    found = call.tx.get(_ALERTS, f"{call.repository['id']}/{call.parameters['alert_number'].zfill(8)}")
    if found is None:
        raise GithubError(404, "No alert found for alert number " + call.parameters["alert_number"])
    return found


def list_alerts(call: Call) -> Listing:
    """List alerts, newest first, by state, tool, ref and severity."""
    wanted = {"state": call.query("state"), "ref": call.query("ref")}
    rows = [row for row in _all(call)[::-1] if all(value in {"", row[name]} for name, value in wanted.items())]
    tool, severity = call.query("tool_name"), call.query("severity")
    rows = [row for row in rows if tool in {"", row["tool"]["name"]}]
    levels = ("security_severity_level", "severity")
    return Listing(
        [row for row in rows if severity in {"", *(row["rule"][name] for name in levels)}], partial(show, call)
    )


def get_alert(call: Call) -> Answer:
    """Show an alert."""
    return Answer(show(call, _one(call)))


def change_alert(call: Call) -> Answer:
    """Dismiss an alert with a reason, or open it again."""
    wanted, alert = call.body(_CHANGE), _one(call)
    if wanted["state"] == "dismissed" and not wanted.get("dismissed_reason"):
        raise GithubError(400, "A dismissed_reason is required when the state is dismissed")
    by = {"by": call.caller.account["id"], "at": call.stamp, "reason": wanted.get("dismissed_reason")}
    dismissal = {**by, "comment": wanted.get("dismissed_comment")} if wanted["state"] == "dismissed" else None
    alert |= {"state": wanted["state"], "dismissal": dismissal, "updated_at": call.stamp}
    _put(call, alert)
    return Answer(show(call, alert))


def list_instances(call: Call) -> Listing:
    """List where an alert is."""
    return Listing([_instance(_one(call))], lambda row: row)


def show(call: Call, alert: Document) -> dict[str, Any]:
    """Show an alert."""
    name = full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "code-scanning/alerts", alert["number"])
    said = alert["dismissal"] or dict.fromkeys(("by", "at", "reason", "comment"))
    return {
        **{
            field: alert[field] for field in ("number", "created_at", "updated_at", "state", "fixed_at", "rule", "tool")
        },
        "url": own,
        "html_url": call.urls.web(name, "security/code-scanning", alert["number"]),
        "instances_url": f"{own}/instances",
        "dismissed_by": simple(call.urls, account_by_id(call.tx, said["by"])) if said["by"] else None,
        "dismissed_at": said["at"],
        "dismissed_reason": said["reason"],
        "dismissed_comment": said["comment"],
        "most_recent_instance": _instance(alert),
    }


def _instance(alert: Document) -> dict[str, Any]:
    return {
        "ref": alert["ref"],
        "analysis_key": "(default)",
        "environment": "{}",
        "category": alert["category"],
        "state": alert["state"],
        "commit_sha": alert["commit_sha"],
        "message": {"text": alert["message"]},
        "location": alert["place"],
        "classifications": [],
    }


_PLACE = "/repos/{owner}/{repo}/code-scanning/alerts"
_ONE = f"{_PLACE}/{{alert_number}}"
_READ = repo_read("security_events", "write")
_WRITE = repo_write("security_events", "write", "repo", "security_events")
_DOCS = "code-scanning/code-scanning"
ROUTES = (
    route("GET", _PLACE, _READ, list_alerts, _DOCS),
    route("GET", _ONE, _READ, get_alert, _DOCS),
    route("PATCH", _ONE, _WRITE, change_alert, _DOCS),
    route("GET", f"{_ONE}/instances", _READ, list_instances, _DOCS),
)
