"""How an image's program is started: with the image as root, with this machine's interpreter, or not at all."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.google.run.images import ImageError
from provisioner.sandbox.google.run.processes import Spawner
from provisioner.sandbox.google.run.programs import MissingError, find_program
from tests.sandbox.run.region import PARENT, RUNTIME, V2, Region, layer, push

_DAMAGED = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\x00" + bytes(36) + b"\x38\x00\x09\x00" + bytes(8)


def _image(folder: Path, **files: str | bytes) -> Path:
    root = folder / "image"
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    root.mkdir(exist_ok=True)
    return root


def _found(root: Path, command: list[str], *, rooted: bool = False, **config: Any) -> tuple[str, tuple[str, ...]]:
    program = find_program(root, {"Entrypoint": command} | config, {}, rooted=rooted)
    return program.root, program.command


def test_a_program_whose_loader_is_in_the_image_gets_the_image_as_root(tmp_path: Path) -> None:
    root = _image(tmp_path, bin__sh="#!/bin/none\n", app="#!/bin/sh\n")
    with pytest.raises(ImageError, match="neither it nor this machine has /bin/sh, /bin/none"):
        _found(root, ["/app"], rooted=True)
    (root / "bin" / "none").write_bytes(_static())
    assert _found(root, ["/app"], rooted=True) == (str(root), ("/app",))
    with pytest.raises(ImageError):
        _found(root, ["/app"], rooted=False)


def test_a_script_of_this_machine_s_interpreter_is_started_where_it_lies(tmp_path: Path) -> None:
    root = _image(tmp_path, app__run="#!/bin/sh\n", app__data="x")
    assert _found(root, ["/app/run", "/app/data", "/none"]) == (
        "",
        (str(root / "app/run"), str(root / "app/data"), "/none"),
    )
    assert _found(root, ["run"], Env=["PATH=/app"]) == ("", (str(root / "app/run"),))
    assert _found(root, ["./run"], WorkingDir="/app") == ("", (str(root / "app/run"),))


def test_a_known_interpreter_that_only_this_machine_has(tmp_path: Path) -> None:
    root = _image(tmp_path, app__x="1")
    assert _found(root, ["sh", "/app/x"]) == ("", (shutil.which("sh"), str(root / "app/x")))
    with pytest.raises(MissingError, match='exec: "cat": no such file or directory'):
        _found(root, ["cat", "/app/x"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xb7\x00" + bytes(100), "not made for amd64"),
        (_DAMAGED, "damaged program"),
        (b"MZ", "neither a Linux program nor a script"),
        (b"#!\n", "names no interpreter"),
    ],
)
def test_what_this_machine_does_not_start(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        _found(_image(tmp_path, x=content), ["/x"])


def test_command_and_arguments_follow_docker_s_rules(tmp_path: Path) -> None:
    root = _image(tmp_path, a="#!/bin/sh\n", b="#!/bin/sh\n")
    config = {"Entrypoint": ["/a"], "Cmd": ["1"]}
    for container, expected in (
        ({}, ["a", "1"]),
        ({"args": ["2"]}, ["a", "2"]),
        ({"command": ["/b"]}, ["b"]),
        ({"command": ["/b"], "args": ["3"]}, ["b", "3"]),
    ):
        command = find_program(root, config, container, rooted=False).command
        assert [Path(command[0]).name, *command[1:]] == expected
    with pytest.raises(MissingError, match="No command specified"):
        find_program(root, {}, {}, rooted=False)


def test_users_are_those_of_the_image(tmp_path: Path) -> None:
    lines = "root:x:0:0::/:/x\napp:x:1000:1001::/:/x\n"
    root = _image(tmp_path, a="#!/bin/sh\n", etc__passwd=lines, etc__group="staff:x:50:\n", bin__sh="#!/a\n")
    for text, expected in {
        "": (None, None),
        "app": (1000, 1001),
        "1000": (1000, 1001),
        "7:8": (7, 8),
        "app:staff": (1000, 50),
    }.items():
        (root / "bin" / "sh").write_bytes(_static())
        program = find_program(root, {"Entrypoint": ["/a"], "User": text}, {}, rooted=True)
        assert (program.user, program.group) == expected, text
    with pytest.raises(MissingError, match="unable to find user nobody"):
        find_program(root, {"Entrypoint": ["/a"], "User": "nobody"}, {}, rooted=True)


def _static() -> bytes:
    """Return the header of a 64-bit program for amd64 that needs no loader."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00" + bytes(12 + 24 + 8)


def _shell_image() -> bytes:
    """Return a layer with this machine's shell and the libraries it needs."""
    shell = Path(shutil.which("sh") or "").resolve()
    needed = subprocess.run(["ldd", shell], capture_output=True, text=True, check=False).stdout
    libraries = re.findall(r"(/\S+) \(0x", needed)
    files = {name.lstrip("/"): Path(name).resolve().read_bytes() for name in libraries}
    return layer({"bin/sh": shell.read_bytes()} | files)


@pytest.mark.skipif(shutil.which("ldd") is None, reason="there is no ldd on this machine")
def test_a_whole_image_sees_itself_as_root(region: Region) -> None:
    empty = region.cloud.world.folder / "empty"
    empty.mkdir()
    spawner = Spawner()
    rooted = spawner.rooted(empty)
    spawner.close()
    if not rooted:
        pytest.skip("this machine does not let us change the root")
    region.run_processes()
    script = layer(
        {"app/main": "#!/bin/sh\nread line < /app/data\ntest \"$line $PWD\" = 'in the image /srv' || exit 9\n"}
    )
    image = push(region.cloud, [_shell_image(), script, layer({"app/data": "in the image\n"})], _SETTINGS)
    body = {"template": {"template": {"containers": [{"image": image}], "serviceAccount": RUNTIME, "maxRetries": 0}}}
    region.cloud.ok("POST", f"{V2}/{PARENT}/jobs?jobId=nightly", body)
    done = region.done(region.cloud.ok("POST", f"{V2}/{PARENT}/jobs/nightly:run", {}))
    assert done.get("response", done).get("succeededCount") == 1, json.dumps(done)


_SETTINGS = {"Cmd": ["main"], "Env": ["PATH=/app"], "WorkingDir": "/srv"}
