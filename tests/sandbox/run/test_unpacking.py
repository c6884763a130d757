"""Layers: nothing of them lands outside of the folder, and later ones take away what they say."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from provisioner.sandbox.google.run.images import ImageError
from provisioner.sandbox.google.run.unpacking import inside, unpack
from tests.sandbox.run.region import layer


def _unpacked(folder: Path, *layers: bytes, largest: int = 10**6) -> Path:
    root = folder / "root"
    root.mkdir()
    unpack(layers, root, owners=False, largest=largest)
    return root


def test_later_layers_win_and_whiteouts_remove(tmp_path: Path) -> None:
    first = layer({"a": "1", "keep/x": "1", "gone/y": "1", "opaque/old": "1", "folder/z": "1"})
    second = layer({"a": "2", ".wh.gone": "", "opaque/.wh..wh..opq": "", "opaque/new": "2", "folder/.wh.z": ""})
    root = _unpacked(tmp_path, first, second)
    files = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}
    assert files == {"a": "2", "keep/x": "1", "opaque/new": "2"}


def test_an_opaque_mark_spares_what_its_own_layer_has_put_there(tmp_path: Path) -> None:
    root = _unpacked(tmp_path, layer({"d/old": "1"}), layer({"d/e/new": "2", "d/.wh..wh..opq": ""}))
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["new"]


@pytest.mark.parametrize(
    "name", ["../../outside/x", "/../outside/x", "a/../../../outside/x", "link/x", "deep/x", "round/../../outside/x"]
)
def test_nothing_lands_outside(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    links = {"link": str(outside), "deep": "../../../../../../.." + str(outside), "round": "."}
    root = _unpacked(tmp_path, layer({}, links), layer({name: "stolen"}))
    assert list(outside.iterdir()) == []
    (written,) = (path for path in root.rglob("*") if path.is_file())
    assert written.read_text() == "stolen"


@pytest.mark.parametrize("whiteout", ["link/.wh.x", "../outside/.wh.x", "link/.wh..wh..opq"])
def test_nothing_outside_is_removed(tmp_path: Path, whiteout: str) -> None:
    kept = tmp_path / "outside" / "x"
    kept.parent.mkdir()
    kept.write_text("kept")
    _unpacked(tmp_path, layer({}, {"link": str(kept.parent)}), layer({whiteout: ""}))
    assert kept.read_text() == "kept"


def test_a_hard_link_stays_inside_and_devices_are_left_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, kind, target in (("a", tarfile.LNKTYPE, f"../..{secret}"), ("b", tarfile.CHRTYPE, "")):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
    assert list(_unpacked(tmp_path, packed.getvalue()).iterdir()) == []


def test_set_user_id_is_taken_away(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("su")
        entry.mode = 0o6755
        archive.addfile(entry)
    assert (_unpacked(tmp_path, packed.getvalue()) / "su").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("content", [b"no archive", layer({"x": "y" * 100})[:-30]])
def test_a_broken_layer_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ImageError, match="cannot be unpacked"):
        _unpacked(tmp_path, content)


def test_too_much_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="larger than"):
        _unpacked(tmp_path, layer({"a": "x" * 60, "b": "x" * 60}), largest=100)
    assert not (tmp_path / "root" / "b").exists()


def test_links_in_circles_are_refused(tmp_path: Path) -> None:
    root = _unpacked(tmp_path, layer({}, {"a": "b", "b": "/a"}))
    with pytest.raises(ImageError, match="circles"):
        inside(root, "/a/x")
