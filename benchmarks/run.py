"""Measure speed and memory, print a table, and keep the figures as JSON.

usage: python benchmarks/run.py [--rounds N] [--only SECTION …] [--output FILE] [--strict]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import commands, provider, rules, sandbox, terraform_steps, whole
from benchmarks.figures import Figure, table, write

_SECTIONS: Mapping[str, Callable[[int], Iterator[Figure]]] = {
    "commands": commands.measure,
    "rules": rules.measure,
    "sandbox": sandbox.measure,
    "whole": whole.measure,
    "terraform": terraform_steps.measure,
    "provider": provider.measure,
}


def main(arguments: list[str]) -> int:
    """Measure what was asked for; 1 when ``--strict`` is given and a budget is not kept."""
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description="Measure speed and memory.")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the long measurements (default: 3)")
    parser.add_argument("--only", nargs="+", choices=sorted(_SECTIONS), default=list(_SECTIONS))
    parser.add_argument("--output", type=Path, default=Path("bench-results.json"))
    parser.add_argument("--strict", action="store_true", help="fail when a budget is not kept")
    asked = parser.parse_args(arguments)
    figures: list[Figure] = []
    for name in asked.only:
        print(f"measuring: {name} …", file=sys.stderr)
        figures += _SECTIONS[name](asked.rounds)
    write(figures, asked.output)
    print("\n".join(table(figures)))
    return 1 if asked.strict and not all(each.within for each in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
