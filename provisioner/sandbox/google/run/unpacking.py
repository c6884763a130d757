"""Layers of an image unpacked into a folder, so that nothing of them lands, or is read, outside of it.

https://github.com/opencontainers/image-spec/blob/main/layer.md: later layers win, ``.wh.x`` removes x of the layers
below, ``.wh..wh..opq`` everything in its folder.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from provisioner.sandbox.google.run.images import ImageError

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_LINKS = 40
_MODES = 0o1777  # no set-user-id, no set-group-id
LARGEST = 2 * 1024**3


def unpack(layers: Iterable[bytes], root: Path, *, owners: bool, largest: int = LARGEST) -> None:
    """Write layers, the lowest first, below ``root``, which exists and is empty.

    ``owners`` gives files the owners that the layers name (needs root). Raises ImageError for a layer that is no tar
    archive and for contents of more than ``largest`` bytes.
    """
    left = largest
    for layer in layers:
        try:
            with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
                left = _unpack_layer(archive, root, left, owners=owners)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise ImageError(f"a layer cannot be unpacked: {error}") from None


def inside(root: Path, path: str) -> Path:
    """Return where a path of the image is on this machine, links followed as if ``root`` were the root.

    The last part need not exist. Raises ImageError for links that go round in circles.
    """
    return _resolve(root, list(PurePosixPath(path).parts), _LINKS)


def _resolve(root: Path, parts: list[str], left: int) -> Path:
    here = root
    for place, part in enumerate(parts):
        if part in {"/", "."}:
            continue
        if part == "..":
            here = here.parent if here != root else root
            continue
        step = here / part
        if step.is_symlink():
            if left == 0:
                raise ImageError("links in it go round in circles")
            target = PurePosixPath(step.readlink())
            above = () if target.is_absolute() else here.relative_to(root).parts
            return _resolve(root, [*above, *target.parts, *parts[place + 1 :]], left - 1)
        here = step
    return here


def _unpack_layer(archive: tarfile.TarFile, root: Path, left: int, *, owners: bool) -> int:
    made: set[Path] = set()
    for member in archive:
        path = PurePosixPath(member.name)
        folder = inside(root, str(path.parent))
        if path.name == _OPAQUE:
            _empty(folder, made)
        elif path.name.startswith(_WHITEOUT):
            _remove(folder / path.name.removeprefix(_WHITEOUT))
        elif path.name not in {"", ".", ".."}:
            left -= member.size
            if left < 0:
                raise ImageError("it is larger than the sandbox unpacks")
            target = folder / path.name
            _write(archive, member, root, target)
            if owners and os.path.lexists(target):
                os.chown(target, member.uid, member.gid, follow_symlinks=False)
            made.add(target)
    return left


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if member.isdir():
        if target.is_symlink() or not target.is_dir():
            _remove(target)
            target.mkdir()
        # Its owner, who is us, must be able to write into it.
        target.chmod(member.mode & _MODES | stat.S_IRWXU)
        return
    _remove(target)
    if member.issym():
        target.symlink_to(member.linkname)
    elif member.islnk():
        source = inside(root, member.linkname)
        if source.is_file():
            target.hardlink_to(source)
    elif member.isfile():
        content = archive.extractfile(member)
        with target.open("xb") as file:
            if content is not None:
                shutil.copyfileobj(content, file)
        target.chmod(member.mode & _MODES | stat.S_IRUSR)
    # Devices and pipes are left out: they would be this machine's.


def _empty(folder: Path, made: set[Path]) -> None:
    """Remove what layers below left in a folder; what this layer has put there stays."""
    for path in list(folder.iterdir()) if folder.is_dir() else []:
        if path not in made and not any(path in other.parents for other in made):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
