"""docker/setup-buildx-action: the builder of the sandbox is always there."""

from __future__ import annotations

from provisioner.sandbox.stand_ins.programs.workflow import output, say

if __name__ == "__main__":
    output("name", "sandbox")
    output("driver", "sandbox")
    output("platforms", "linux/amd64")
    say("docker buildx is the builder of the sandbox: it copies files, and executes no RUN")
