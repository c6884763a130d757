"""GitHub's own OpenAPI description (npm @octokit/openapi), and answers checked against it."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from provisioner.sandbox.http import Request, Response

PACKAGE = "@octokit/openapi@23.0.2"
_MEMBER = "package/generated/api.github.com.json"
_NULLED = ("type", "enum", "oneOf", "anyOf", "allOf", "$ref", "properties")


def fetched(folder: Path) -> Path | None:
    """Return the description's file, downloading the package once; None where npm or its registry is absent."""
    target = folder / "api.github.com.json"
    npm = shutil.which("npm")
    if target.exists() or npm is None:
        return target if target.exists() else None
    with (folder / "lock").open("w") as lock, TemporaryDirectory(dir=folder) as place:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers of one run share the folder
        return target if target.exists() or _packed(npm, Path(place), target) else None


def _packed(npm: str, place: Path, target: Path) -> bool:
    done = subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        return False
    with tarfile.open(place / done.stdout.split()[-1]) as package:
        content = package.extractfile(_MEMBER)
        assert content is not None
        (place / target.name).write_bytes(content.read())
    (place / target.name).replace(target)
    return True


class Description:
    """Checks requests that succeeded and all answers; ``problems`` collects what does not fit."""

    def __init__(self, file: Path) -> None:
        self.document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        registry: Registry[Any] = Registry()
        resource = DRAFT202012.create_resource(self.document)
        self._registry = registry.with_resource("urn:github", resource)
        self._paths = [(_pattern(path), path) for path in sorted(self.document["paths"], key=_generality)]
        self.problems: list[str] = []
        self.seen: set[str] = set()

    def __call__(self, request: Request, response: Response) -> None:
        if request.host != "api.github.com" or response.status == HTTPStatus.NOT_IMPLEMENTED:
            return
        path = self.template(request.path)
        operation = self.document["paths"].get(path or "", {}).get(request.method.lower())
        if path is None or operation is None:
            return
        self.seen.add(f"{request.method} {path}")
        place = f"{request.method} {request.path} {response.status}"
        self.problems += [f"{place}: {text}" for text in self._findings(path, operation, request, response)]

    def template(self, path: str) -> str | None:
        return next((template for pattern, template in self._paths if pattern.fullmatch(path)), None)

    def _findings(self, path: str, operation: Mapping[str, Any], request: Request, response: Response) -> Iterator[str]:
        pointer = f"/paths/{_escaped(path)}/{request.method.lower()}"
        status = str(response.status)
        answered = operation["responses"].get(status)
        if answered is None:
            if response.status < HTTPStatus.BAD_REQUEST and response.status != HTTPStatus.NOT_MODIFIED:
                yield f"the status is not one of {sorted(operation['responses'])}"
            return
        if response.status < HTTPStatus.MULTIPLE_CHOICES and "application/json" in operation.get("requestBody", {}).get(
            "content", ()
        ):
            sent = f"{pointer}/requestBody/content/application~1json/schema"
            body = json.loads(request.body or b"{}")
            if not isinstance(body, list):  # GitHub takes some lists bare, its description knows them in objects only
                yield from self._compare(sent, body, "request ")
        if isinstance(response.body, bytes) and response.body and _is_json(response):
            base = answered["$ref"][1:] if "$ref" in answered else f"{pointer}/responses/{status}"
            yield from self._compare(f"{base}/content/application~1json/schema", json.loads(response.body), "")

    def _compare(self, pointer: str, instance: Any, what: str) -> Iterator[str]:
        schema: Any = self.document
        for part in pointer[1:].split("/"):
            schema = schema.get(part.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}"))
            if schema is None:
                return
        validator = _validator()({"$ref": f"urn:github#{pointer}"}, registry=self._registry)
        for error in validator.iter_errors(instance):
            if isinstance(error.instance, str) and error.json_path.startswith("$.errors["):
                continue  # of rulesets GitHub sends plain sentences, though its description promises objects
            if error.instance == "internal":
                continue  # the visibility of enterprises, whose description is another file
            if what and (error.instance is None or "'contexts' is a required" in error.message):
                continue  # PyGithub sends these to branch protection, and GitHub takes them
            yield f"{what}{error.json_path}: {error.message[:300]}"


def _is_json(response: Response) -> bool:
    return any(name == "Content-Type" and value.startswith("application/json") for name, value in response.headers)


@cache
def _validator() -> Callable[..., Validator]:
    keywords = {name: _nullable(Draft202012Validator.VALIDATORS[name]) for name in _NULLED}
    # Alternatives in this description overlap (a private view has all of the public one's members).
    keywords["oneOf"] = keywords["anyOf"]
    validator: Callable[..., Validator] = extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
    return validator


def _nullable(keyword: Callable[..., Any]) -> Callable[..., Any]:
    def checked(validator: Any, value: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
        if instance is None and schema.get("nullable"):
            return
        yield from keyword(validator, value, instance, schema) or ()

    return checked


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", template)
    greedy = {"{path}", "{ref}", "{branch}", "{basehead}"}
    return re.compile("".join((".+" if p in greedy else "[^/]+") if p.startswith("{") else re.escape(p) for p in parts))


def _generality(template: str) -> tuple[int, int, str]:
    return template.count("{"), -len(template), template


def _escaped(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1")
