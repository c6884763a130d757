"""docker/login-action: credentials for pushing."""

from __future__ import annotations

from provisioner.sandbox.stand_ins.programs.docker import remember
from provisioner.sandbox.stand_ins.programs.workflow import fail, inputs, mask, say

if __name__ == "__main__":
    given = inputs()
    if not given["registry"] or not given["username"] or not given["password"]:
        fail("Username and password required, and a registry: the sandbox does not play Docker Hub")
    mask(given["password"])
    remember(given["registry"], given["username"], given["password"])
    say(f"Login Succeeded! {given['registry']}")
