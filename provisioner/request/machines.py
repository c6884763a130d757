"""Which memory goes with which CPU on Cloud Run (cloud.google.com/run/docs/configuring/services/memory-limits)."""

from __future__ import annotations

_MEBIBYTES = {"Mi": 1, "Gi": 1024}
_LEAST = {"1": 512, "2": 512, "4": 2048, "8": 4096}
_MOST = {"1": 4096, "2": 8192, "4": 16384, "8": 32768}


def machine_problem(cpu: str, memory: str) -> tuple[str, str] | None:
    """Return what Cloud Run would refuse and what to write instead, or None; second generation, as we use it."""
    size = int(memory[:-2]) * _MEBIBYTES[memory[-2:]]
    if size < _LEAST[cpu]:
        return "Cloud Run wants more memory", f"write at least {_text(_LEAST[cpu])}, or fewer cpus"
    if size > _MOST[cpu]:
        return "Cloud Run gives less memory", f"write at most {_text(_MOST[cpu])}, or more cpus"
    return None


def _text(mebibytes: int) -> str:
    whole, rest = divmod(mebibytes, _MEBIBYTES["Gi"])
    return f"{mebibytes}Mi" if rest else f"{whole}Gi"
