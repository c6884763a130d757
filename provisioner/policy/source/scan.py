"""Scan a root folder and the local modules it uses, before Terraform sees either."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import InvalidInput
from provisioner.policy.model import Finding
from provisioner.policy.source.allowed import is_local
from provisioner.policy.source.blocks import Block, parse
from provisioner.policy.source.rules import BACKEND, OUTSIDE, SOURCE_RULES, UNREADABLE, Where
from provisioner.policy.source.tokens import Unreadable
from provisioner.request.models import Platform

_FILE_LIMIT = 1 << 20
_FOLDER_LIMIT = 100
_OTHER_SYNTAX = (".tf.json", ".tofu", ".tofu.json")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file read: its name for people, the folder it lies in, its blocks, and whether it belongs to the root."""

    name: str
    folder: Path
    body: Block
    in_root: bool


def scan_root(
    root: Path, platform: Platform | None = None, modules: tuple[Path, ...] | None = None
) -> tuple[Finding, ...]:
    """Return what is wrong with the source of a root, in the order of its files.

    ``modules`` are the folders that local module sources may lead to beside the root itself; by default the
    ``modules`` and ``modules@<version>`` folders next to the folder of roots, where rendering puts them.
    Raises InvalidInput when there is no such folder or no Terraform file in it.
    """
    folder = root.resolve()
    if not folder.is_dir() or not any(folder.glob("*.tf")):
        raise InvalidInput("no Terraform files here", fix="name a rendered root such as terraform/envs/<team>-<env>")
    allowed = _module_folders(folder) if modules is None else tuple(path.resolve() for path in modules)
    return tuple(_Scan(folder, (folder, *allowed), platform).findings())


def _module_folders(root: Path) -> tuple[Path, ...]:
    beside = root.parent.parent
    return (beside / "modules", *sorted(beside.glob("modules@*")))


@dataclass(frozen=True, slots=True)
class _Scan:
    root: Path
    allowed: tuple[Path, ...]
    platform: Platform | None

    def findings(self) -> Iterator[Finding]:
        waiting, seen = [self.root], {self.root}
        files: list[SourceFile] = []
        while waiting:
            folder = waiting.pop()
            if len(seen) - len(waiting) > _FOLDER_LIMIT:
                yield UNREADABLE.finding(self._name(folder), f"is beyond the {_FOLDER_LIMIT} folders that are read")
                continue
            for file in self._files(folder):
                if isinstance(file, Finding):
                    yield file
                    continue
                files.append(file)
                for found in self._local_modules(file):
                    if isinstance(found, Finding):
                        yield found
                    elif found not in seen:
                        seen.add(found)
                        waiting.append(found)
        yield from self._judge(files)

    def _judge(self, files: list[SourceFile]) -> Iterator[Finding]:
        for rule in SOURCE_RULES:
            for file in files:
                for line, reason in rule.inspect(file.body, Where(file.in_root, self.platform)):
                    yield rule.finding(f"{file.name}:{line}", reason)
        if not any(_names_backend(file) for file in files if file.in_root):
            yield BACKEND.finding(self.root.name, "no backend is named: the state would stay on this machine")

    def _files(self, folder: Path) -> Iterator[SourceFile | Finding]:
        for path in sorted(folder.iterdir()):
            name = self._name(path)
            if path.name.endswith(_OTHER_SYNTAX):
                yield UNREADABLE.finding(name, "Terraform would read this file, this scan reads native .tf files only")
            elif path.suffix == ".tf":
                yield self._read(path, name)

    def _read(self, path: Path, name: str) -> SourceFile | Finding:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _FILE_LIMIT:
            return UNREADABLE.finding(name, "is a link, no plain file, or larger than 1 MiB")
        try:
            body = parse(path.read_text(encoding="utf-8"))
        except Unreadable as error:
            return UNREADABLE.finding(f"{name}:{error.line}", str(error))
        except UnicodeDecodeError:
            return UNREADABLE.finding(name, "is not UTF-8")
        return SourceFile(name, path.parent, body, path.parent == self.root)

    def _local_modules(self, file: SourceFile) -> Iterator[Path | Finding]:
        for block in file.body.of("module"):
            source = block.text("source")
            if source is None or not is_local(source):
                continue
            folder = (file.folder / source).resolve()
            where = f"{file.name}:{block.line}"
            if not any(folder.is_relative_to(place) for place in self.allowed):
                yield OUTSIDE.finding(where, f"the module {source} leads out of the root and the modules beside it")
            elif not folder.is_dir():
                yield UNREADABLE.finding(where, f"the module {source} does not exist")
            else:
                yield folder

    def _name(self, path: Path) -> str:
        base = self.root.parent.parent
        return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def _names_backend(file: SourceFile) -> bool:
    return any(block.blocks for block in file.body.of("terraform") if any(block.of("backend")))
