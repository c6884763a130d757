"""Output where the terminal's character set lacks what we write: plain letters instead of a crash."""

from __future__ import annotations

import codecs
import sys
from io import TextIOWrapper

_RULE = "provision-env.plain"
_PLAIN = {"✓": "+", "✗": "x", "·": "-", "…": "..."}


def tolerate() -> None:
    """Let standard output and standard error write every text, whatever their character set."""
    codecs.register_error(_RULE, _replaced)
    for stream in (sys.stdout, sys.stderr):
        # What a test or a host program puts in their place has no character set.
        if isinstance(stream, TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(errors=_RULE)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter) or _escaped(letter) for letter in lacking), error.end


def _escaped(letter: str) -> str:
    """Write a letter as JSON does, so that a document stays one that can be read."""
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
