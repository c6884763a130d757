"""actions/cache: every look finds nothing, and nothing is kept; a workflow must work without its cache."""

from __future__ import annotations

from provisioner.sandbox.stand_ins.programs.workflow import fail, flag, inputs, output, say

if __name__ == "__main__":
    given = inputs()
    if flag(given["fail-on-cache-miss"]):
        fail(f"Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: {given['key']}")
    output("cache-primary-key", given["key"])
    output("cache-hit", "false")
    say(f"Cache not found for input keys: {given['key']} (the sandbox keeps no caches)")
