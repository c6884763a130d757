"""Read an input file as text, within limits."""

from __future__ import annotations

from pathlib import Path

from provisioner.errors import InvalidInput

SIZE_LIMIT = 256 * 1024
"""Bytes of an input file; the largest sensible request has a few thousand."""


def read_text(path: Path) -> str:
    """Return the file's text; InvalidInput when it is missing, too large, empty or not UTF-8."""
    try:
        with path.open("rb") as stream:
            content = stream.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise InvalidInput(
            "there is no such file", fix="check the path, or make one with: provision-env init", where=str(path)
        ) from None
    except IsADirectoryError:
        raise InvalidInput("this is a folder", fix="name the YAML file in it", where=str(path)) from None
    except OSError as error:
        raise InvalidInput(
            f"the file cannot be read: {error.strerror}", fix="check its permissions", where=str(path)
        ) from error
    return decode(content, str(path))


def decode(content: bytes, name: str) -> str:
    """Return bytes as text; ``name`` is the place that errors show."""
    if len(content) > SIZE_LIMIT:
        raise InvalidInput(
            f"the file is larger than {SIZE_LIMIT // 1024} KiB",
            fix="a request names things, it does not hold data; take the data out",
            where=name,
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise InvalidInput(
            f"byte 0x{content[error.start]:02x} is not UTF-8",
            fix="save the file as UTF-8",
            where=f"{name}:{line}:{column}",
        ) from error
    if not text.strip():
        raise InvalidInput("the file is empty", fix="make one with: provision-env init", where=name)
    return text
