"""docker/build-push-action: builds by the builder of the sandbox and pushes what it built."""

from __future__ import annotations

import json
from collections.abc import Iterator

from provisioner.sandbox.stand_ins.programs.docker import build_parser, built
from provisioner.sandbox.stand_ins.programs.dockerfile import DockerfileError
from provisioner.sandbox.stand_ins.programs.images import push
from provisioner.sandbox.stand_ins.programs.workflow import fail, flag, inputs, output, say

_REPEATED = (("build-args", "--build-arg"), ("labels", "--label"), ("tags", "--tag"))
_NOT_PLAYED = ("secrets", "secret-files", "secret-envs", "ssh", "build-contexts", "outputs")


def _lines(text: str, *, by_comma: bool = False) -> Iterator[str]:
    for line in text.splitlines():
        for part in line.split(",") if by_comma else [line]:
            if part.strip():
                yield part.strip()


def main() -> None:
    """Build, push, say the digest."""
    given = inputs()
    for name in _NOT_PLAYED:
        if given[name]:
            fail(f"The sandbox's build-push-action does not play the input {name}")
    words = [f"--provenance={given['provenance'] or 'false'}", f"--sbom={given['sbom'] or 'false'}"]
    for name, option in _REPEATED:
        for line in _lines(given[name], by_comma=name == "tags"):
            words += [option, line]
    words += [f"--file={given['file']}"] if given["file"] else []
    words += [f"--target={given['target']}"] if given["target"] else []
    words += [f"--platform={given['platforms']}"] if given["platforms"] else []
    chosen = build_parser().parse_args([*words, given["context"]])
    try:
        image = built(chosen)
        for tag in chosen.tag if flag(given["push"]) else ():
            say(f"pushed {tag}@{push(image, tag)}")
    except (DockerfileError, RuntimeError, OSError) as problem:
        fail(f"buildx failed with: ERROR: {problem}")
    output("digest", image.manifest)
    output("imageid", image.document()["config"]["digest"])
    output("metadata", json.dumps({"containerimage.digest": image.manifest, "image.name": ",".join(chosen.tag)}))


if __name__ == "__main__":
    main()
