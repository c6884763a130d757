"""Recorded requests of the real provider, sent to the sandbox; its answers compared with the recorded ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.sandbox.core.cloud import PROJECT, Answer, GoogleCloud

SHARED = Path(__file__).parents[3].parent / "shared" / "google-provider" / "wire"
# Values the server makes up: they differ from run to run, or the recording's server invented them.
_MADE = frozenset(
    (
        *("etag", "generation", "id", "mediaLink", "crc32c", "timeCreated", "updated", "timeStorageClassUpdated"),
        *("createTime", "lockedTime", "effectiveTime", "email", "sub", "md5Hash", "size", "metageneration"),
    )
)
# Values that a later request repeats.
_REPEATED = frozenset(("etag", "generation", "name"))


def steps(name: str) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, (SHARED / f"{name}.jsonl").read_text().splitlines())


class Replay:
    """Sends steps one after the other, with what the sandbox made in place of what the recording's server made."""

    def __init__(self, cloud: GoogleCloud) -> None:
        self._cloud = cloud
        self._translations: dict[str, str] = {}

    def send(self, step: dict[str, Any]) -> Answer:
        """Send one step; the answer must have the recorded status, keys and values."""
        path = step["path"]
        for old, new in self._translations.items():
            path = path.replace(old, new)
        body, headers = self._body(step)
        query = {name: self._translations.get(value, value) for name, value in step["query"].items()}
        answer = self._cloud.call(step["method"], step["host"] + path, body, headers=headers, query=query)
        assert answer.status == step["status"], (step["op"], step["method"], path, answer.content)
        if isinstance(step["response"], dict) and step["response"].get("body") != "state_or_xml_error":
            differences = list(self._compare(step["response"], answer.body, ""))
            assert not differences, (step["op"], step["method"], path, differences)
        return answer

    def _body(self, step: dict[str, Any]) -> tuple[Any, dict[str, str]]:
        if not str(step.get("content_type")).startswith("multipart"):
            return self._translated(step["request"]), {}
        text = step["request"]
        if not text.startswith("--BOUNDARY"):
            bucket, name = step["path"].split("/")[-2], step["query"]["name"]
            text = (
                f'--BOUNDARY\r\nContent-Type: application/json\r\n\r\n{{"bucket":"{bucket}","name":"{name}"}}\n\r\n'
                "--BOUNDARY\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n--BOUNDARY--\r\n"
            )
        return text.encode(), {"content-type": "multipart/related; boundary=BOUNDARY"}

    def _translated(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._translated(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._translated(inner) for inner in value]
        return self._translations.get(value, value) if isinstance(value, str) else value

    def _compare(self, recorded: Any, ours: Any, path: str) -> Iterator[str]:
        if type(recorded) is not type(ours) and not (recorded == [] and ours is None):
            yield f"{path}: {type(recorded).__name__} became {type(ours).__name__}"
        elif isinstance(recorded, dict):
            yield from self._compare_objects(recorded, ours, path)
        elif isinstance(recorded, list):
            yield from self._compare_lists(recorded, ours or [], path)
        elif recorded != ours:
            yield from self._compare_values(recorded, ours, path)

    def _compare_lists(self, recorded: list[Any], ours: list[Any], path: str) -> Iterator[str]:
        if len(recorded) != len(ours):
            yield f"{path}: {recorded} became {ours}"
        for index, (one, other) in enumerate(zip(recorded, ours, strict=False)):
            yield from self._compare(one, other, f"{path}[{index}]")

    def _compare_values(self, recorded: Any, ours: Any, path: str) -> Iterator[str]:
        key = path.rpartition(".")[2]
        if isinstance(recorded, str) and key in _REPEATED:
            self._translations[recorded] = ours
        if key not in _MADE and not _invented_name(key, recorded):
            yield f"{path}: {recorded!r} became {ours!r}"

    def _compare_objects(self, recorded: dict[str, Any], ours: dict[str, Any], path: str) -> Iterator[str]:
        missing = {key for key in set(recorded) - set(ours) if recorded[key] != []}
        if missing:
            yield f"{path}: {sorted(missing)} missing"
        if extra := set(ours) - set(recorded):
            yield f"{path}: {sorted(extra)} added"
        for key in set(recorded) & set(ours):
            yield from self._compare(recorded[key], ours[key], f"{path}.{key}")


def arrange_policy(cloud: GoogleCloud, step: dict[str, Any]) -> None:
    """Put the policy that the recording's server had into the sandbox."""
    wanted = {key: value for key, value in step["response"].items() if key in {"bindings", "auditConfigs"}}
    url = step["host"] + step["path"]
    if url.endswith("/iam"):
        current = cloud.call("GET", url).body
        answer = cloud.call("PUT", url, wanted | {"etag": current["etag"], "version": 3})
    else:
        current = cloud.call("POST", url, {"options": {"requestedPolicyVersion": 3}}).body
        policy = wanted | {"etag": current["etag"], "version": 3}
        body = {"policy": policy, "updateMask": "bindings,etag,auditConfigs"}
        answer = cloud.call("POST", url.replace(":getIamPolicy", ":setIamPolicy"), body)
    assert answer.status == 200, answer.body


def arrange_accounts(cloud: GoogleCloud) -> None:
    """Make the service accounts and the role that recorded policies name."""
    iam = f"iam.googleapis.com/v1/projects/{PROJECT}"
    enable = f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services/iam.googleapis.com:enable"
    assert cloud.call("POST", enable, {}).status == 200
    for kind in ("runtime", "plan", "deploy"):
        assert cloud.call("POST", f"{iam}/serviceAccounts", {"accountId": f"payments-dev-{kind}"}).status == 200
    role = {"roleId": "paymentsDevPlan", "role": {"title": "Plan", "includedPermissions": ["run.services.get"]}}
    assert cloud.call("POST", f"{iam}/roles", role).status == 200


def arrange_bucket(cloud: GoogleCloud, name: str) -> None:
    """Make a bucket with uniform access."""
    access = {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"}
    assert cloud.bucket(name, iamConfiguration=access).status == 200


def _invented_name(key: str, recorded: object) -> bool:
    return key == "name" and isinstance(recorded, str) and recorded.startswith(("operations/", "billingAccounts/"))
