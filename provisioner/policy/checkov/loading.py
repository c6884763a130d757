"""Import as much of checkov as a plan needs, and run it.

checkov imports the checks of fifteen clouds, with the libraries of some, and has every graph check look at every plan.
No check of another cloud speaks of Google's types, nor one of Google's of theirs, so the others are imported once a
plan comes that has such types.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

HAVE_NO_CHECKS = frozenset({"archive", "local", "null", "random", "terraform", "time", "tls"})
"""Providers, beside Google's, that no check of checkov speaks of."""

_KINDS = ("data", "provider", "resource")
_GOOGLE = "gcp"
_ELSEWHERE = "checkov.cloudformation.checks.resource.aws"
"""What the package around its parser imports and no Terraform needs."""
_TYPE = re.compile(r"\bgoogle_[a-z0-9_]+")
_FILE = "/plan.json"
"""What a plan is called that is given as values."""


@dataclass(frozen=True, slots=True)
class Checks:
    """checkov with its checks loaded. ``types`` are those that some check speaks of; None when they are not known."""

    runner: Callable[[], Any]
    types: frozenset[str] | None

    def run(self, document: Mapping[str, Any], skipped: Sequence[str]) -> Any:  # noqa: ANN401 - checkov ships no types
        """Return checkov's report on a plan's values."""
        filters = importlib.import_module("checkov.runner_filter")
        chosen = filters.RunnerFilter(framework=["terraform_plan"], skip_checks=list(skipped))
        with _reading(document):
            return self.runner().run(root_folder=None, files=[_FILE], runner_filter=chosen)


@contextmanager
def one_at_a_time(providers: Collection[str]) -> Iterator[Checks]:
    """Give the checks for these providers, to one thread at a time: checkov keeps what it looks at in its checks."""
    with _turn():
        yield _google() if set(providers) <= {"google", *HAVE_NO_CHECKS} else _all()


@cache
def _turn() -> Lock:
    return Lock()


@cache
def _google() -> Checks:
    root = _root()
    for name in (*_other_clouds(root), _ELSEWHERE):
        sys.modules.setdefault(name, _Hollow(name, root))
    runner = _runner()
    graphs = importlib.import_module("checkov.common.checks_infra.registry").Registry(
        checks_dir=str(root / "terraform/checks/graph_checks" / _GOOGLE),
        parser=importlib.import_module("checkov.common.checks_infra.checks_parser").GraphCheckParser(),
    )

    def narrow() -> Any:  # noqa: ANN401 - checkov ships no types
        made = runner()
        made.graph_registry = graphs
        return made

    return Checks(narrow, _spoken_of(root / "terraform/checks"))


@cache
def _all() -> Checks:
    _google()
    hollow = [name for name in _other_clouds(_root()) if isinstance(sys.modules.get(name), _Hollow)]
    for name in hollow:
        del sys.modules[name]
    with _quietly():
        for name in hollow:
            for each in importlib.import_module(name).__all__:
                importlib.import_module(f"{name}.{each}")
    return Checks(_runner(), None)


class _Hollow(ModuleType):
    """Stands in a package's place: its modules can be imported one by one, itself it brings nothing."""

    def __init__(self, name: str, root: Path) -> None:
        super().__init__(name)
        self.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        self.__all__: tuple[str, ...] = ()


def _root() -> Path:
    spec = importlib.util.find_spec("checkov")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("checkov")
    return Path(spec.origin).parent


def _other_clouds(root: Path) -> Iterator[str]:
    for kind in _KINDS:
        for folder in sorted(root.joinpath("terraform/checks", kind).iterdir()):
            if folder.name != _GOOGLE and (folder / "__init__.py").is_file():
                yield f"checkov.terraform.checks.{kind}.{folder.name}"


def _runner() -> Callable[[], Any]:
    """Import checkov without its deprecation warnings, and keep it from forking: threads of gRPC may be running."""
    logging.getLogger("checkov").setLevel(logging.ERROR)
    with _quietly():
        parallel = importlib.import_module("checkov.common.parallelizer.parallel_runner")
        kinds = importlib.import_module("checkov.common.models.enums").ParallelizationType
        parallel.parallel_runner.type = kinds.NONE
        runner: Callable[[], Any] = importlib.import_module("checkov.terraform.plan_runner").Runner
    return runner


@contextmanager
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _spoken_of(checks: Path) -> frozenset[str]:
    """Return every type that a text of Google's checks names: one it judges, or another that it looks at for that."""
    texts = (file for file in checks.glob(f"*/{_GOOGLE}/*") if file.suffix in {".py", ".json", ".yaml", ".yml"})
    return frozenset(found for file in texts for found in _TYPE.findall(file.read_text(encoding="utf-8")))


@contextmanager
def _reading(document: Mapping[str, Any]) -> Iterator[None]:
    """Have checkov's reader of files give these values; the text of lines is for its own reports only."""
    parser: Any = importlib.import_module("checkov.terraform.plan_parser")
    theirs = parser.parse
    parser.parse = lambda _file, _errors: (document, [(1, "")])
    try:
        yield
    finally:
        parser.parse = theirs
