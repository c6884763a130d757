"""Break the code in each listed way and see that a test turns red.

Each file in tests/mutations holds the breaks of one room: ``file``, ``find`` (text that occurs exactly once),
``replace``, ``tests`` (what must fail) and ``why``. Every break is applied to a copy of the project.

usage: python tests/mutate.py [--tested] [room …]

The tests are tried on the whole code first; with ``--tested`` only the slow ones, since all others have just passed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
# One more than the processors of a small machine: some tests wait for what a break keeps from coming.
WORKERS = 3
NONE_CHOSEN = 5
KILLED, SKIPPED, LIVES = "killed", "skipped", "LIVES: no test noticed"
# What is compiled comes along: only the file that is broken is compiled anew.
LEFT_BEHIND = shutil.ignore_patterns(".venv", ".tools", ".git", "*_cache", "node_modules", ".hypothesis")


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


class Copy:
    """A copy of the project, and a process that runs its tests."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(PROJECT, folder, ignore=LEFT_BEHIND)
        self.folder = folder
        quick = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        self._nursery = subprocess.Popen(
            [sys.executable, str(folder / "tests" / "nursery.py")],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), **quick},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tested(self, tests: Iterable[str], read: Iterable[str] = ()) -> dict[str, Any]:
        """Run tests, after having read some libraries; see nursery.py for the answer."""
        requests, answers = self._nursery.stdin, self._nursery.stdout
        assert requests
        assert answers
        requests.write(json.dumps({"tests": list(tests), "read": list(read)}) + "\n")
        requests.flush()
        answer: dict[str, Any] = json.loads(answers.readline())
        return answer

    def outcome(self, mutation: Mutation) -> str:
        """Return KILLED when a test turned red, SKIPPED when its tests do not run here, else what is wrong."""
        target = self.folder / mutation.file
        original = target.read_text()
        if original.count(mutation.find) != 1:
            return f"the text to break occurs {original.count(mutation.find)} times in {mutation.file}"
        target.write_text(original.replace(mutation.find, mutation.replace))
        try:
            ended = self.tested(mutation.tests)
        finally:
            target.write_text(original)
        if ended["code"] == 0:
            return LIVES if " passed" in ended["output"] else SKIPPED
        return KILLED if ended["code"] == 1 else f"pytest ended with {ended['code']}: {ended['output'][-800:]}"

    def close(self) -> None:
        """End the process."""
        with self._nursery:
            pass


def main() -> int:
    options = ["-m", "slow"] if "--tested" in sys.argv[1:] else []
    mutations = list(listed([room for room in sys.argv[1:] if room != "--tested"]))
    copies: SimpleQueue[Copy] = SimpleQueue()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool, ExitStack() as stack:
        if (PROJECT.parent / "shared").is_dir():
            (Path(folder) / "shared").symlink_to(PROJECT.parent / "shared")
        made = [Copy(Path(folder) / str(number)) for number in range(WORKERS)]
        for copy in made:
            stack.callback(copy.close)
        tests = sorted({test for mutation in mutations for test in mutation.tests})
        parts = [tests[number::WORKERS] for number in range(WORKERS)]
        wholes = list(pool.map(lambda pair: pair[0].tested([*options, *pair[1]]), zip(made, parts, strict=True)))
        for whole in wholes:
            if whole["code"] not in (0, NONE_CHOSEN):
                print(f"the tests fail already on the whole code:\n{whole['output'][-3000:]}")
                return 1
        libraries = sorted({name for whole in wholes for name in whole["libraries"]})
        for copy in made:
            copy.tested(["--version"], libraries)
            copies.put(copy)

        def tried(mutation: Mutation) -> str:
            copy = copies.get()
            try:
                return copy.outcome(mutation)
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
