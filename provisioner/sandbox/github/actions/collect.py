"""The last step of every job: writes what the job hands on (outputs, the environment's address) into a file.

    python collect.py FILE PREFIX

Takes each variable of the environment whose name starts with PREFIX. Standard library only.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    target, prefix = sys.argv[1:]
    found = {name.removeprefix(prefix): value for name, value in os.environ.items() if name.startswith(prefix)}
    Path(target).write_text(json.dumps(found), encoding="utf-8")
