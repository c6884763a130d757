"""Rules of push rulesets: which files may come in at all, by path, length of path, extension and size.

https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets#restrict-file-paths
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.sandbox.github.patterns import matches

KINDS = frozenset(("file_path_restriction", "max_file_path_length", "file_extension_restriction", "max_file_size"))
_MEGABYTE = 1024 * 1024


def file_violations(rules: Sequence[Mapping[str, Any]], files: Sequence[tuple[str, int]]) -> list[str]:
    """Return the sentences for the rules that (path, bytes) of new files break."""
    return [
        sentence
        for rule in rules
        for path, size in files
        if (sentence := _violation(rule["type"], rule.get("parameters") or {}, path, size))
    ]


def _violation(kind: str, parameters: Mapping[str, Any], path: str, size: int) -> str:
    if kind == "file_path_restriction":
        barred = any(matches(pattern, path) for pattern in parameters["restricted_file_paths"])
        return f"File path {path} is restricted" if barred else ""
    if kind == "file_extension_restriction":
        barred = any(_ends(pattern, path) for pattern in parameters["restricted_file_extensions"])
        return f"File extension of {path} is restricted" if barred else ""
    if kind == "max_file_path_length":
        longest = parameters["max_file_path_length"]
        return f"File path {path} exceeds the limit of {longest} characters" if len(path) > longest else ""
    if kind == "max_file_size":
        largest = parameters["max_file_size"]
        return f"File {path} exceeds the limit of {largest} MB" if size > largest * _MEGABYTE else ""
    return ""


def _ends(pattern: str, path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith(pattern.removeprefix("*")) if pattern.startswith(("*.", ".")) else name.endswith(f".{pattern}")
