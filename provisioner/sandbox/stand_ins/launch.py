"""Runs one of the programs: ``python -I launch.py NAME ARGUMENT…``, from wherever this package lies."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    name, sys.argv = sys.argv[1], sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).parents[3]))
    runpy.run_module(f"provisioner.sandbox.stand_ins.programs.{name}", run_name="__main__", alter_sys=True)
