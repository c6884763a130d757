"""Git's pkt-line framing, and what a push sends and gets back in it.

https://git-scm.com/docs/gitprotocol-common , https://git-scm.com/docs/gitprotocol-pack#_pushing_data_to_a_server
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioner.sandbox.github.bare import NO_OBJECT

FLUSH = b"0000"
_HEAD = 4
_BAND_ROOM = 65515  # bytes of payload in one packet of side-band-64k


@dataclass(frozen=True, slots=True)
class Command:
    """One reference to change: from ``old`` to ``new`` (forty zeros: it is not there)."""

    old: str
    new: str
    ref: str

    @property
    def creates(self) -> bool:
        """Tell whether the reference is new."""
        return self.old == NO_OBJECT

    @property
    def deletes(self) -> bool:
        """Tell whether the reference goes."""
        return self.new == NO_OBJECT


@dataclass(frozen=True, slots=True)
class Push:
    """A parsed push: commands, the client's capabilities, and the pack (empty when only references go)."""

    commands: tuple[Command, ...]
    capabilities: frozenset[str]
    pack: bytes


def parse_push(body: bytes) -> Push:
    """Read the body of a git-receive-pack request. Raises ValueError when it is cut off or malformed."""
    lines, position = _section(body, 0)
    head, _, said = (lines[0] if lines else b"").partition(b"\0")
    capabilities = frozenset(said.decode().split())
    commands = [_command(line) for line in (head, *lines[1:]) if line and not line.startswith(b"shallow ")]
    if "push-options" in capabilities and position < len(body):
        _, position = _section(body, position)
    return Push(tuple(commands), capabilities, body[position:])


def _section(body: bytes, position: int) -> tuple[list[bytes], int]:
    lines: list[bytes] = []
    while True:
        size = int(body[position : position + _HEAD], 16)
        if size == 0:
            return lines, position + _HEAD
        if size < _HEAD or position + size > len(body):
            raise ValueError("a pkt-line is cut off")
        lines.append(body[position + _HEAD : position + size].rstrip(b"\n"))
        position += size


def _command(line: bytes) -> Command:
    old, new, ref = line.decode().split(" ", 2)
    return Command(old, new, ref)


def packet(data: bytes) -> bytes:
    """Frame one line."""
    return f"{len(data) + _HEAD:04x}".encode() + data


def messages(text: str) -> bytes:
    """Frame text for the client's terminal (each line shown after ``remote:``)."""
    return _banded(b"\x02", text.encode())


def report(push: Push, refused: Mapping[str, str], text: str) -> bytes:
    """Build the whole answer to a push of which nothing was done: a reason per reference, and a text."""
    lines = [packet(b"unpack ok\n"), *(packet(f"ng {ref} {why}\n".encode()) for ref, why in refused.items()), FLUSH]
    status = b"".join(lines) if push.capabilities & {"report-status", "report-status-v2"} else b""
    if "side-band-64k" not in push.capabilities:
        return status
    return b"".join((messages(text) if text else b"", _banded(b"\x01", status), FLUSH))


def _banded(band: bytes, data: bytes) -> bytes:
    return b"".join(packet(band + piece) for piece in _pieces(data))


def _pieces(data: bytes) -> Iterable[bytes]:
    return (data[start : start + _BAND_ROOM] for start in range(0, len(data), _BAND_ROOM))
