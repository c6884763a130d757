"""A Dockerfile, read: https://docs.docker.com/reference/dockerfile/. Heredocs and ONBUILD are refused by name."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_VARIABLE = re.compile(r"\\(.)|\$(?:(\w+)|\{(\w+)(?:(:?[-+])((?:[^{}\\]|\\.)*))?\})")
_KNOWN = frozenset(
    (
        *("FROM", "ARG", "ENV", "COPY", "ADD", "RUN", "WORKDIR", "USER", "EXPOSE", "CMD", "ENTRYPOINT", "LABEL"),
        *("VOLUME", "STOPSIGNAL", "HEALTHCHECK", "SHELL", "MAINTAINER"),
    )
)
_FLAGGED = frozenset(("FROM", "COPY", "ADD", "RUN", "HEALTHCHECK"))
_EXPANDED = frozenset(("FROM", "ENV", "COPY", "ADD", "WORKDIR", "USER", "EXPOSE", "LABEL", "VOLUME", "STOPSIGNAL"))


class DockerfileError(Exception):
    """What cannot be built; the text says why."""


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name, its flags (``--from=build``), and the rest of the line as written."""

    name: str
    flags: Mapping[str, str]
    rest: str
    line: int

    def words(self) -> list[str]:
        """Return the arguments: a JSON array, or words."""
        listed = self.array()
        return listed if listed is not None else shlex.split(self.rest)

    def array(self) -> list[str] | None:
        """Return the arguments of the exec form, None for the shell form."""
        if not self.rest.startswith("["):
            return None
        try:
            found = json.loads(self.rest)
        except ValueError:
            return None
        return found if isinstance(found, list) and all(isinstance(word, str) for word in found) else None


def read(text: str) -> list[Instruction]:
    """Return the instructions of a file. Raises DockerfileError."""
    found = []
    for number, line in _logical(text):
        name, _, rest = line.partition(" ")
        name = name.upper()
        if name not in _KNOWN:
            raise DockerfileError(f"line {number}: the sandbox's builder does not know {name}")
        if name in {"RUN", "COPY", "ADD"} and "<<" in rest and re.search(r"<<-?\w", rest):
            raise DockerfileError(f"line {number}: the sandbox's builder does not read heredocs")
        flags, rest = (
            _flags(rest.strip()) if name in {"FROM", "COPY", "ADD", "RUN", "HEALTHCHECK"} else ({}, rest.strip())
        )
        found.append(Instruction(name, flags, rest, number))
    if not found:
        raise DockerfileError("the Dockerfile is empty")
    return found


def _logical(text: str) -> Iterator[tuple[int, str]]:
    start, held = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        start = start or number
        if stripped.endswith("\\"):
            held += stripped[:-1] + " "
            continue
        yield start, (held + stripped).strip()
        start, held = 0, ""
    if held.strip():
        yield start, held.strip()


def _flags(rest: str) -> tuple[dict[str, str], str]:
    found = {}
    while rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        name, _, value = flag[2:].partition("=")
        found[name] = value
        rest = rest.lstrip()
    return found, rest


def expands(instruction: Instruction) -> bool:
    """Tell whether variables are replaced in an instruction."""
    return instruction.name in _EXPANDED


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Return a text with ``$NAME``, ``${NAME}``, ``${NAME:-else}`` and ``${NAME:+then}`` replaced."""

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return match[0]
        value = variables.get(match[2] or match[3])
        sign, word = match[4] or "", expanded(match[5] or "", variables)
        present = bool(value) if sign.startswith(":") else value is not None
        if sign.endswith("-"):
            return value or "" if present else word
        return (word if present else "") if sign.endswith("+") else value or ""

    return _VARIABLE.sub(replace, text)


def pairs(rest: str) -> dict[str, str]:
    """Return the NAME=value pairs of ENV, LABEL or ARG; ``NAME value`` is the old form."""
    words = shlex.split(rest)
    if words and "=" not in words[0]:
        name, _, value = rest.partition(" ")
        return {name: value.strip()}
    return dict(word.partition("=")[::2] for word in words)
