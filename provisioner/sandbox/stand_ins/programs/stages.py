"""Building the stages of a Dockerfile without Docker: files are copied, settings kept, nothing is run.

What it cannot do, it says: RUN is not executed (there is no container to run it in), and a base image is a name, its
files are not there. What only a RUN would have made is missing from the image.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.sandbox.stand_ins.programs.dockerfile import (
    DockerfileError,
    Instruction,
    expanded,
    expands,
    pairs,
)

Files = dict[str, tuple[int, bytes]]
_MODE, _PROGRAM = 0o644, 0o755


@dataclass
class Stage:
    """One stage: a layer per COPY or ADD, and the settings of the image."""

    base: str
    layers: list[Files] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=lambda: {"Env": []})
    history: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def files(self) -> Files:
        """Return all files of the stage by path (without a slash in front)."""
        found: Files = {}
        for layer in self.layers:
            found |= layer
        return found

    def child(self) -> Stage:
        """Return a stage that begins where this one ends."""
        environment = dict(entry.split("=", 1) for entry in self.config["Env"])
        config = {key: list(value) if isinstance(value, list) else value for key, value in self.config.items()}
        return Stage(self.base, list(self.layers), config, list(self.history), environment)


class Builder:
    """Builds a file's stages in order, up to the wanted one."""

    def __init__(self, context: Path, arguments: Mapping[str, str], warn: Callable[[str], None]) -> None:
        """``arguments`` are the build's; ``warn`` hears of what could not be done."""
        self._context = context.resolve()
        self._arguments = arguments
        self._warn = warn
        self._ignored = _ignore_lines(context)
        self._before: dict[str, str] = {}
        self._stages: dict[str, Stage] = {}
        self._last: Stage | None = None

    def build(self, instructions: list[Instruction], target: str) -> Stage:
        """Return the wanted stage (by name or number), the last one for an empty name. Raises DockerfileError."""
        for instruction in instructions:
            if instruction.name == "FROM":
                if target and target in self._stages:
                    break
                self._begin(instruction)
            elif self._last is None:
                self._argument(instruction, self._before)
            else:
                self._do(instruction, self._last)
        if self._last is None:
            raise DockerfileError("the Dockerfile has no FROM")
        if target and target not in self._stages:
            raise DockerfileError(f"target stage {target!r} could not be found")
        return self._stages[target] if target else self._last

    def _begin(self, instruction: Instruction) -> None:
        words = expanded(instruction.rest, self._before).split()
        known = self._stages.get(words[0])
        stage = known.child() if known else Stage(words[0])
        if known is None and words[0] != "scratch":
            self._warn(f"the files of {words[0]} are not in the image: the sandbox has no base images")
        self._stages[str(len({id(one) for one in self._stages.values()}))] = stage
        if len(words) > 2 and words[1].upper() == "AS":  # noqa: PLR2004 - FROM image AS name
            self._stages[words[2]] = stage
        self._last = stage

    def _do(self, instruction: Instruction, stage: Stage) -> None:
        if expands(instruction):
            text = expanded(instruction.rest, stage.variables)
            flags = {name: expanded(value, stage.variables) for name, value in instruction.flags.items()}
            instruction = Instruction(instruction.name, flags, text, instruction.line)
        before = len(stage.layers)
        if instruction.name in {"COPY", "ADD"}:
            self._copy(instruction, stage)
        else:
            self._set(instruction, stage)
        empty = len(stage.layers) == before
        said = f"{instruction.name} {instruction.rest}"
        stage.history.append({"created_by": said} | ({"empty_layer": True} if empty else {}))

    def _argument(self, instruction: Instruction, target: dict[str, str]) -> None:
        name, sign, default = instruction.rest.partition("=")
        value = self._arguments.get(name, default if sign else self._before.get(name))
        if value is not None:
            target[name] = expanded(value.strip("\"'"), target)

    def _set(self, instruction: Instruction, stage: Stage) -> None:
        config, name, rest = stage.config, instruction.name, instruction.rest
        if name == "ARG":
            self._argument(instruction, stage.variables)
        elif name == "RUN":
            self._warn(f"line {instruction.line}: RUN is not executed: {rest[:70]}")
        elif name == "ENV":
            for key, value in pairs(rest).items():
                stage.variables[key] = value
                config["Env"] = [*(one for one in config["Env"] if not one.startswith(f"{key}=")), f"{key}={value}"]
        elif name in {"CMD", "ENTRYPOINT"}:
            listed = instruction.array()
            config[name.capitalize()] = listed if listed is not None else ["/bin/sh", "-c", rest]
        else:
            _simple(config, name, rest, instruction)

    def _copy(self, instruction: Instruction, stage: Stage) -> None:
        *sources, target = instruction.words()
        if not sources or any("://" in source for source in sources):
            raise DockerfileError(f"line {instruction.line}: {instruction.name} needs sources in the build context")
        directory = stage.config.get("WorkingDir", "/")
        place = posixpath.join(directory, target)
        chosen = [found for source in sources for found in self._found(instruction, source)]
        into = target.endswith("/") or target in {".", "./"} or len(sources) > 1
        layer: Files = {}
        for inner, mode, content, is_file_itself in chosen:
            path = posixpath.join(place, posixpath.basename(inner)) if is_file_itself and into else place
            path = path if is_file_itself else posixpath.join(place, inner)
            layer[posixpath.normpath(path).lstrip("/")] = (mode, content)
        if layer:
            stage.layers.append(layer)

    def _found(self, instruction: Instruction, source: str) -> list[tuple[str, int, bytes, bool]]:
        """Return (path, mode, content, whether the source is this file) of all files of a source."""
        origin = instruction.flags.get("from")
        files = self._of_stage(instruction, origin) if origin else self._of_context()
        wanted = posixpath.normpath(source).lstrip("/")
        found = []
        for path, (mode, content) in sorted(files.items()):
            if fnmatch.fnmatchcase(path, wanted):
                found.append((path, mode, content, True))
            elif wanted == "." or path.startswith(f"{wanted}/"):
                inner = path if wanted == "." else path.removeprefix(f"{wanted}/")
                found.append((inner, mode, content, False))
        if not found and origin is None:
            raise DockerfileError(f'line {instruction.line}: "{source}": not found in the build context')
        if not found:
            self._warn(f"line {instruction.line}: {source} is not in {origin}: only a RUN would have made it")
        return found

    def _of_stage(self, instruction: Instruction, origin: str) -> Files:
        stage = self._stages.get(origin)
        if stage is None:
            self._warn(f"line {instruction.line}: the files of {origin} are not here: the sandbox has no base images")
        return stage.files() if stage else {}

    def _of_context(self) -> Files:
        found: Files = {}
        for path in sorted(self._context.rglob("*")):
            name = path.relative_to(self._context).as_posix()
            if path.is_file() and not _is_ignored(name, self._ignored):
                mode = _PROGRAM if path.stat().st_mode & 0o100 else _MODE
                found[name] = (mode, path.read_bytes())
        return found


def _simple(config: dict[str, Any], name: str, rest: str, instruction: Instruction) -> None:
    if name == "WORKDIR":
        config["WorkingDir"] = posixpath.normpath(posixpath.join(config.get("WorkingDir", "/"), rest))
    elif name in {"USER", "STOPSIGNAL"}:
        config["User" if name == "USER" else "StopSignal"] = rest
    elif name == "LABEL":
        config["Labels"] = {**config.get("Labels", {}), **pairs(rest)}
    elif name in {"EXPOSE", "VOLUME"}:
        key = "ExposedPorts" if name == "EXPOSE" else "Volumes"
        words = [word if name == "VOLUME" or "/" in word else f"{word}/tcp" for word in instruction.words()]
        config[key] = {**config.get(key, {}), **{word: {} for word in words}}


def _ignore_lines(context: Path) -> list[str]:
    file = context / ".dockerignore"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _is_ignored(name: str, lines: list[str]) -> bool:
    ignored = False
    for line in lines:
        pattern = posixpath.normpath(line.removeprefix("!")).lstrip("/")
        if any(_fits(prefix, pattern) for prefix in _prefixes(name)):
            ignored = not line.startswith("!")
    return ignored


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split("/")
    for end in range(1, len(parts) + 1):
        yield "/".join(parts[:end])


def _fits(name: str, pattern: str) -> bool:
    """Match part by part; ``**`` stands for any number of parts."""
    first, _, rest = pattern.partition("/")
    if first == "**":
        parts = name.split("/")
        return not rest or any(_fits("/".join(parts[start:]), rest) for start in range(len(parts)))
    head, _, tail = name.partition("/")
    if not fnmatch.fnmatchcase(head, first):
        return False
    return not tail if not rest else bool(tail) and _fits(tail, rest)
