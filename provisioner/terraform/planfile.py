"""Plan files: private, and known by their digest."""

from __future__ import annotations

import hashlib
import hmac
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioner.terraform.errors import PlanFileRefused

_LARGEST = 512 * 1024 * 1024


def digest(file: Path) -> str:
    """Return the SHA-256 (hex) of a plan file. Raises PlanFileRefused when it cannot be read."""
    return hashlib.sha256(_read(file)).hexdigest()


@contextmanager
def approved_copy(file: Path, sha256: str) -> Iterator[Path]:
    """Yield a private copy of the plan file whose content has this digest.

    The copy is what gets applied, so that nobody can exchange the file between the comparison and the apply.
    Raises PlanFileRefused when the file is missing or another one.
    """
    content = _read(file)
    found = hashlib.sha256(content).hexdigest()
    if not hmac.compare_digest(found, sha256.lower()):
        raise PlanFileRefused(
            f"the plan file has the digest {found[:12]}…, approved was {sha256[:12]}…",
            fix="plan again and have that plan checked",
            where=str(file),
        )
    with tempfile.TemporaryDirectory(prefix=".apply-", dir=file.parent) as folder:
        copy = Path(folder) / "plan"
        copy.touch(mode=0o600)
        copy.write_bytes(content)
        yield copy


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LARGEST:
            raise PlanFileRefused("the plan file is too large to be one", fix="plan again", where=str(file))
        return file.read_bytes()
    except OSError as error:
        raise PlanFileRefused(
            f"the plan file cannot be read: {error.strerror}", fix="plan again", where=str(file)
        ) from error
