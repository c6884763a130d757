"""The Terraform-bearing steps of ``up`` against the same commands by hand, in the same warm sandbox.

Each side gets projects of its own that hold nothing yet. By hand means: ``init``, ``plan -out``, ``show -json`` and
``apply`` of each root by ``xargs -P``, as many roots at once as ``up`` works on and with its ``-parallelism``; then the
same for the root that links the environments. For ``up`` the time from the start of the first plan to the end of the
last apply counts, with everything that happens in between: checks, approval, the records of the durable engine.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, median
from benchmarks.scene import Scene, run, scene
from provisioner.request.loading import load_platform, load_request
from provisioner.request.resolve import resolve
from provisioner.sandbox.handle import ensure
from provisioner.sandbox.seed import seed
from provisioner.terraform.runner import PARALLELISM
from provisioner.wiring.folders import workers
from provisioner.wiring.place import seed_plan

_RATIO, _RATIO_GOAL, _MARGIN = 1.25, 1.15, 3.0
_PLAN = f"terraform plan -input=false -no-color -parallelism={PARALLELISM}"
_EACH = (
    "cd {} && terraform init -input=false -no-color >init.txt"
    f" && {_PLAN} -out=plan.bin >plan.txt"
    " && terraform show -json plan.bin >plan.json"
    f" && terraform apply -input=false -no-color -parallelism={PARALLELISM} plan.bin >apply.txt"
)
_PLAN_AGAIN = f"cd {{}} && {_PLAN} -out=again.bin >again.txt"


def measure(rounds: int) -> Iterator[Figure]:
    """Measure both sides by turns, so that neither always comes first."""
    with scene() as place:
        place.up(place.request("warm-up"))
        pairs = [_pair(place, number) for number in range(rounds)]
        ours, by_hand = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        yield median("Terraform steps of up", "s", ours)
        yield median("the same by hand", "s", by_hand)
        ratios = [mine / raw for mine, raw in pairs]
        yield median("Terraform steps, up / by hand", "ratio", ratios, _RATIO, _RATIO_GOAL)
        yield from _unchanged(place, rounds)


def _pair(place: Scene, number: int) -> tuple[float, float]:
    sides = (_through_up, _by_hand) if number % 2 == 0 else (_by_hand, _through_up)
    taken = {side: side(place, f"{side.__name__.strip('_').replace('_', '-')}-{number}") for side in sides}
    return taken[_through_up], taken[_by_hand]


def _through_up(place: Scene, team: str) -> float:
    place.up(place.request(team))
    return terraform_seconds(place.steps(team))


def terraform_seconds(steps: Sequence[Mapping[str, Any]]) -> float:
    """Return the seconds from the start of the first plan to the end of the last apply."""
    bearing = [each for each in steps if each["step"].startswith(("plan.", "apply."))]
    began = [datetime.fromisoformat(each["started"]).timestamp() for each in bearing]
    ended: list[float] = [start + each["seconds"] for start, each in zip(began, bearing, strict=True)]
    return max(ended) - min(began)


def _by_hand(place: Scene, team: str) -> float:
    request = place.request(team)
    base = place.folder / f"{team}-roots"
    place.run("render", str(request), "--out", str(base))
    _seed(place, request)
    links = [base / "envs" / f"{team}-links"]
    environments = [root for root in sorted((base / "envs").iterdir()) if root not in links]
    client = place.client()
    return sum(_side_by_side(roots, _EACH, client) for roots in (environments, links))


def _seed(place: Scene, request: Path) -> None:
    platform = load_platform(request.with_name("platform.yaml"))
    team = resolve(load_request(request, platform), platform)
    seed(ensure(place.state / "sandbox"), seed_plan(team, projects=True))


def _side_by_side(roots: Sequence[Path], command: str, client: Mapping[str, str]) -> float:
    names = shlex.join(map(str, roots))
    script = f"printf '%s\\0' {names} | xargs -0 -P {workers()} -I {{}} sh -c {shlex.quote(command)}"
    return run(["sh", "-c", script], client).seconds


def _unchanged(place: Scene, rounds: int) -> Iterator[Figure]:
    """Measure ``up`` where nothing is to be done, against only planning the roots that it left behind."""
    request, client = place.request("warm-up"), place.client()
    roots = sorted((place.state / "work" / "sandbox" / "warm-up" / "envs").iterdir())
    pairs = [(place.up(request).seconds, _side_by_side(roots, _PLAN_AGAIN, client)) for _ in range(rounds)]
    yield median("unchanged up", "s", [mine for mine, _ in pairs])
    yield median("unchanged plans by hand", "s", [raw for _, raw in pairs])
    above = [mine - raw for mine, raw in pairs]
    yield median("unchanged up, above the plans", "s", above, _MARGIN)
