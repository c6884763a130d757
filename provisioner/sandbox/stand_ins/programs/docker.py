"""``docker`` in a job of the sandbox: builds images from files (see stages.py), keeps, tags and pushes them.

    docker build|buildx build [-t NAME] [-f FILE] [--build-arg N=V] [--target S] [--label N=V]
                              [--output type=oci|docker,dest=FILE] [--push] [--load] CONTEXT
    docker login [-u USER] [--password-stdin] REGISTRY      docker logout REGISTRY
    docker push NAME      docker tag OLD NEW      docker buildx create|use|inspect|ls|version      docker version

Everything else needs a container engine, and is refused by name.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import sys
from pathlib import Path

from provisioner.sandbox.stand_ins.programs.dockerfile import DockerfileError, read
from provisioner.sandbox.stand_ins.programs.images import (
    Image,
    credentials_file,
    image_of,
    push,
    read_oci,
    write_docker,
    write_oci,
)
from provisioner.sandbox.stand_ins.programs.stages import Builder

_QUIET = ("create", "use", "inspect", "ls", "version", "rm", "stop")


def main(arguments: list[str]) -> int:
    """Do what is asked; return the exit code."""
    words = [word for word in arguments if word not in {"--debug", "-D"}]
    command = words[0] if words else "help"
    if command == "buildx":
        words = words[1:]
        command = words[0] if words else "help"
        if command in _QUIET:
            sys.stdout.write("sandbox-builder (no container engine)\n")
            return 0
    known = {"build": _build, "login": _login, "logout": _logout, "push": _push, "tag": _tag}
    if command in {"version", "--version", "-v", "help", "--help", "info"}:
        sys.stdout.write(f"{__doc__}\n")
        return 0
    if command not in known:
        sys.stderr.write(f"docker {command}: not in the sandbox, which has no container engine\n")
        return 125
    try:
        known[command](words[1:])
    except (DockerfileError, RuntimeError, OSError) as problem:
        sys.stderr.write(f"ERROR: {problem}\n")
        return 1
    return 0


def warn(text: str) -> None:
    """Say what could not be done."""
    sys.stderr.write(f"WARNING: sandbox builder: {text}\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the options of a build; those that change nothing here are taken and left."""
    parser = argparse.ArgumentParser(prog="docker build", allow_abbrev=False)
    parser.add_argument("context")
    parser.add_argument("-t", "--tag", action="append", default=[])
    parser.add_argument("-f", "--file", default="")
    parser.add_argument("--build-arg", action="append", default=[])
    parser.add_argument("--label", action="append", default=[])
    parser.add_argument("--target", default="")
    parser.add_argument("-o", "--output", action="append", default=[])
    parser.add_argument("--push", action="store_true")
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--metadata-file", default="")
    parser.add_argument("--iidfile", default="")
    for name in ("--provenance", "--sbom", "--attest", "--cache-from", "--cache-to", "--progress", "--builder"):
        parser.add_argument(name, action="append", default=[])
    for name in ("--pull", "--no-cache", "-q"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--platform", default="linux/amd64")
    return parser


def _build(words: list[str]) -> None:
    chosen = build_parser().parse_args(words)
    image = built(chosen)
    for tag in chosen.tag:
        _keep(image, tag)
    for text in chosen.output:
        _write(image, text, chosen.tag)
    for tag in chosen.tag if chosen.push else ():
        sys.stdout.write(f"pushed {tag}@{push(image, tag)}\n")
    if chosen.metadata_file:
        Path(chosen.metadata_file).write_text(json.dumps({"containerimage.digest": image.manifest}), encoding="utf-8")
    if chosen.iidfile:
        Path(chosen.iidfile).write_text(image.manifest, encoding="utf-8")
    sys.stdout.write(f"{image.manifest}\n")


def built(chosen: argparse.Namespace) -> Image:
    """Return the image that options ask for. Raises DockerfileError."""
    if chosen.platform != "linux/amd64":
        raise DockerfileError(f"the sandbox's builder makes linux/amd64 images only, not {chosen.platform}")
    if any(value not in {"false", "0", ""} for value in (*chosen.provenance, *chosen.sbom, *chosen.attest)):
        warn("no provenance and no SBOM: nothing was executed that they could speak of")
    context = Path(chosen.context)
    file = Path(chosen.file) if chosen.file else context / "Dockerfile"
    arguments = dict(pair.partition("=")[::2] for pair in chosen.build_arg)
    builder = Builder(context, arguments, warn)
    stage = builder.build(read(file.read_text(encoding="utf-8")), chosen.target)
    return image_of(stage, dict(pair.partition("=")[::2] for pair in chosen.label))


def _write(image: Image, text: str, tags: list[str]) -> None:
    facts = dict(part.partition("=")[::2] for part in text.split(","))
    kind, target = facts.get("type", "local"), facts.get("dest", "")
    if kind == "oci" and target:
        write_oci(image, Path(target), tags[0].rpartition(":")[2] if tags else "")
    elif kind == "docker" and target:
        write_docker(image, Path(target), tags)
    elif kind == "registry" or (kind == "image" and facts.get("push") == "true"):
        for name in [facts["name"]] if "name" in facts else tags:
            push(image, name)
    else:
        raise DockerfileError(f"the sandbox's builder does not write --output {text}")


def _place(name: str) -> Path:
    return Path.home() / ".sandbox-images" / f"{base64.urlsafe_b64encode(name.encode()).decode()}.tar"


def _keep(image: Image, name: str) -> None:
    write_oci(image, _place(name), "")


def _kept(name: str) -> Image:
    if not _place(name).exists():
        raise RuntimeError(f"An image does not exist locally with the tag: {name}")
    return read_oci(_place(name))


def _push(words: list[str]) -> None:
    name = next(word for word in words if not word.startswith("-"))
    sys.stdout.write(f"{name.rpartition(':')[2]}: digest: {push(_kept(name), name)}\n")


def _tag(words: list[str]) -> None:
    old, new = words
    _kept(old)
    shutil.copyfile(_place(old), _place(new))


def _login(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="docker login", allow_abbrev=False)
    parser.add_argument("registry")
    parser.add_argument("-u", "--username", required=True)
    parser.add_argument("-p", "--password", default="")
    parser.add_argument("--password-stdin", action="store_true")
    chosen = parser.parse_args(words)
    password = sys.stdin.readline().strip() if chosen.password_stdin else chosen.password
    remember(chosen.registry, chosen.username, password)
    sys.stdout.write("Login Succeeded\n")


def remember(registry: str, user: str, password: str) -> None:
    """Keep credentials as Docker does, readable by this user alone."""
    file = credentials_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"auths": {}}
    name = registry.removeprefix("https://").rstrip("/")
    document["auths"][name] = {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
    file.touch(mode=0o600)
    file.write_text(json.dumps(document), encoding="utf-8")


def _logout(words: list[str]) -> None:
    file = credentials_file()
    document = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"auths": {}}
    document["auths"].pop(words[0], None)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(json.dumps(document), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
