"""Break the code in each listed way and see that a test turns red.

Each file in tests/mutations holds the breaks of one room: ``file``, ``find`` (text that occurs exactly once),
``replace``, ``tests`` (what must fail) and ``why``. Every break is applied to a copy of the project.

usage: python tests/mutate.py [room …]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

PROJECT = Path(__file__).resolve().parent.parent
WORKERS = 2
KILLED, SKIPPED, LIVES = "killed", "skipped", "LIVES: no test noticed"
# What is compiled comes along: only the file that is broken is compiled anew.
LEFT_BEHIND = shutil.ignore_patterns(".venv", ".tools", ".git", "*_cache", "node_modules", ".hypothesis")
PLUGINS = ("xdist.plugin", "pytest_timeout", "pytest_socket")


@dataclass(frozen=True)
class Mutation:
    room: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]
    why: str


def listed(rooms: list[str]) -> Iterator[Mutation]:
    for path in sorted((PROJECT / "tests" / "mutations").glob("*.toml")):
        if rooms and path.stem not in rooms:
            continue
        for entry in tomllib.loads(path.read_text())["mutation"]:
            yield Mutation(
                path.stem, entry["file"], entry["find"], entry["replace"], tuple(entry["tests"]), entry["why"]
            )


def outcome(mutation: Mutation, copy: Path) -> str:
    """Return KILLED when a test turned red, SKIPPED when its tests do not run on this machine, else what is wrong."""
    target = copy / mutation.file
    original = target.read_text()
    if original.count(mutation.find) != 1:
        return f"the text to break occurs {original.count(mutation.find)} times in {mutation.file}"
    target.write_text(original.replace(mutation.find, mutation.replace))
    try:
        ended = tested(mutation.tests, copy)
    finally:
        target.write_text(original)
    if ended.returncode == 0:
        return LIVES if " passed" in ended.stdout else SKIPPED
    return KILLED if ended.returncode == 1 else f"pytest ended with {ended.returncode}: {ended.stdout[-800:]}"


def tested(tests: Iterable[str], copy: Path) -> subprocess.CompletedProcess[str]:
    """Run tests, with the plugins that their configuration names and no others: each costs at every start."""
    quick = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = {**os.environ, "PYTHONPATH": str(copy), **quick}
    plugins = (word for name in PLUGINS for word in ("-p", name))
    command = [sys.executable, "-m", "pytest", "-q", "-x", *plugins, *tests]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)


def main() -> int:
    mutations = list(listed(sys.argv[1:]))
    copies: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        if (PROJECT.parent / "shared").is_dir():
            (Path(folder) / "shared").symlink_to(PROJECT.parent / "shared")
        for number in range(WORKERS):
            copies.put(Path(shutil.copytree(PROJECT, Path(folder) / str(number), ignore=LEFT_BEHIND)))

        whole = tested(sorted({test for mutation in mutations for test in mutation.tests}), Path(folder) / "0")
        if whole.returncode != 0:
            print(f"the tests fail already on the whole code:\n{whole.stdout[-3000:]}")
            return 1

        def tried(mutation: Mutation) -> str:
            copy = copies.get()
            try:
                return outcome(mutation, copy)
            finally:
                copies.put(copy)

        found = []
        for mutation, result in zip(mutations, pool.map(tried, mutations), strict=True):
            found.append(result)
            print(f"{result}  {mutation.room}: {mutation.why}", flush=True)
    skipped = found.count(SKIPPED)
    survived = len(found) - found.count(KILLED) - skipped
    print(f"{found.count(KILLED)} passed, {survived} failed, {skipped} skipped")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
