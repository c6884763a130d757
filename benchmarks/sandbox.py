"""The sandbox's own speed and size: its start, its memory, what a request costs it, and a thousand environments.

What a request costs is the server's processor time (proc(5): user and system), so that a busy machine changes it
little; 1 ms each is 1 000 a second on one core. The client is another process on another core (benchmarks/load.py).
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figures import Figure, median
from benchmarks.load import Line
from benchmarks.scene import EXAMPLES, scene
from benchmarks.town import FOLDER, RESOURCES, Site, build
from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed

_PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id=FOLDER,
    billing_account="000000-111111-222222",
    projects=(SeedProject("example-bench"),),
    state_bucket="example-bench-state",
    state_project="example-bench",
    state_location="EU",
    github_owner="example",
)
_FIRST_ANSWER, _IDLE_MEMORY, _TOWN_MEMORY = 400.0, 100.0, 600.0
_READ, _CHANGE, _SLOWDOWN = 1.0, 2.5, 2.0
_READS, _CHANGES, _PROBES, _ENVIRONMENTS = 6000, 1500, 40, 1000
_TICKS = os.sysconf("SC_CLK_TCK")
_MEBI = 1024
_SETTLED = 3
_HOME = "home-town"


def measure(rounds: int) -> Iterator[Figure]:
    """Measure with the operator's token and, where access is decided, with that of a service account."""
    starts = [_start() for _ in range(rounds)]
    yield median("sandbox: start to first answer", "ms", [start for start, _ in starts], _FIRST_ANSWER)
    yield median("sandbox: memory when idle", "MiB", [memory for _, memory in starts], _IDLE_MEMORY)
    with TemporaryDirectory(prefix="provision-env-bench-") as folder:
        site = _site(Path(folder) / "state")
        try:
            seed(site.handle, _PLAN)
            yield from _throughput(site, rounds)
            yield from _town(site)
        finally:
            site.handle.stop()
    yield from _share(rounds)


def _site(state: Path) -> Site:
    handle = ensure(state)
    return Site(handle, handle.control("GET", "credentials")["googleToken"])


def _start() -> tuple[float, float]:
    """Return milliseconds to the first answer over TLS of a sandbox that never was, and MiB once it has settled."""
    with TemporaryDirectory(prefix="provision-env-bench-") as folder:
        started = time.perf_counter()
        site = _site(Path(folder) / "state")
        line = site.line("cloudresourcemanager")
        line.ask("GET", "/v1/projects")
        first = (time.perf_counter() - started) * 1000
        line.close()
        # Warm-up is over when the processor time stands still.
        seen = [_processor(site.handle.pid)]
        while len(seen) < _SETTLED or seen[-1] > seen[-_SETTLED]:
            time.sleep(0.3)
            seen.append(_processor(site.handle.pid))
        memory = _resident(site.handle.pid)
        site.handle.stop()
    return first, memory


def _throughput(site: Site, rounds: int) -> Iterator[Figure]:
    build(site, [_HOME])
    token = _robot(site)
    upload = site.line("storage")
    upload.ask("POST", "/upload/storage/v1/b/home-town-data/o?uploadType=media&name=small", {"some": "state"})
    upload.close()
    path = "/storage/v1/b/home-town-data/o/small"
    reads = {"storage GET of metadata": path, "storage GET of content": f"{path}?alt=media"}
    for name, place in reads.items():
        plan = {"act": "get", "host": "storage.googleapis.com", "path": place, "token": token, "times": _READS}
        yield from _costs(site, name, plan, rounds, _READ)
    policy = {"act": "change_policy", "host": "cloudresourcemanager.googleapis.com", "token": site.token}
    change = {**policy, "path": f"/v1/projects/{_HOME}", "times": _CHANGES}
    yield from _costs(site, "IAM read-modify-write", change, rounds, _CHANGE)


def _robot(site: Site) -> str:
    """Return a token of the service account that may read the bucket: IAM decides on each of its requests."""
    email = f"deploy@{_HOME}.iam.gserviceaccount.com"
    line = site.line("iamcredentials")
    scope = ["https://www.googleapis.com/auth/cloud-platform"]
    made = line.ask("POST", f"/v1/projects/-/serviceAccounts/{email}:generateAccessToken", {"scope": scope})
    line.close()
    return str(made["accessToken"])


def _costs(site: Site, name: str, plan: Mapping[str, Any], rounds: int, budget: float) -> Iterator[Figure]:
    """Yield what one act costs the server in milliseconds of processor time, and how many a second were carried out."""
    costs, rates = [], []
    for _ in range(rounds):
        before = _processor(site.handle.pid)
        seconds = _load(site.handle, plan)
        costs.append((_processor(site.handle.pid) - before) * 1000 / plan["times"])
        rates.append(plan["times"] / seconds)
    yield median(f"sandbox: processor per {name}", "ms", costs, budget)
    yield median(f"sandbox: {name}", "1/s", rates)


def _load(handle: Handle, plan: Mapping[str, Any]) -> float:
    port = int(handle.proxy_url.rpartition(":")[2])
    whole = {**plan, "port": port, "authority": str(handle.ca_file), "connections": 2}
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(whole),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    outcome = json.loads(ended.stdout)
    if outcome["wrong"]:
        raise SystemExit(f"{outcome['wrong']} of {plan['times']} requests to {plan['host']} went wrong")
    return float(outcome["seconds"])


def _town(site: Site) -> Iterator[Figure]:
    """Ask the same of one environment before and after a thousand others have been made."""
    before = _probe(site)
    build(site, [f"town-{number:04}" for number in range(_ENVIRONMENTS)])
    after = _probe(site)
    slower = {name: after[name] / before[name] for name in before}
    held = f"{_ENVIRONMENTS} environments of {RESOURCES} resources"
    yield Figure(f"sandbox: memory with {held}", _resident(site.handle.pid), "MiB", _TOWN_MEMORY)
    worst = max(slower, key=lambda name: slower[name])
    yield Figure(f"sandbox: slowest request among them ({worst})", slower[worst], "ratio", _SLOWDOWN)


def _probe(site: Site) -> dict[str, float]:
    """Return the usual time of each request in seconds: the quarter that nothing else disturbed."""
    return {name: _quick_quarter(act) for name, act in _acts(site)}


def _quick_quarter(act: Callable[[], object]) -> float:
    times = []
    for _ in range(_PROBES):
        started = time.perf_counter()
        act()
        times.append(time.perf_counter() - started)
    return statistics.quantiles(times, n=4)[0]


def _acts(site: Site) -> Iterator[tuple[str, Callable[[], object]]]:
    account = f"/v1/projects/{_HOME}/serviceAccounts/deploy@{_HOME}.iam.gserviceaccount.com"
    iam, storage, manager = site.line("iam"), site.line("storage"), site.line("cloudresourcemanager")
    number = iam.ask("GET", account)["uniqueId"]
    reads: tuple[tuple[Line, str], ...] = (
        (storage, f"/storage/v1/b?project={_HOME}"),
        (storage, f"/storage/v1/b/{_HOME}-data"),
        (storage, f"/storage/v1/b/{_HOME}-data/o"),
        (storage, f"/storage/v1/b/{_HOME}-data/iam"),
        (iam, f"/v1/projects/{_HOME}/serviceAccounts"),
        (iam, f"/v1/projects/-/serviceAccounts/{number}"),
        (iam, f"/v1/projects/{_HOME}/locations/global/workloadIdentityPools"),
        (manager, f"/v1/projects/{_HOME}"),
        (manager, "/v1/projects?pageSize=1"),
        (site.line("serviceusage"), f"/v1/projects/{_HOME}/services?filter=state:ENABLED"),
        (site.line("artifactregistry"), f"/v1/projects/{_HOME}/locations/europe-west1/repositories"),
        (site.line("secretmanager"), f"/v1/projects/{_HOME}/secrets"),
        (site.line("pubsub"), f"/v1/projects/{_HOME}/topics/events/subscriptions"),
        (site.line("cloudbilling"), f"/v1/projects/{_HOME}/billingInfo"),
    )
    for line, path in reads:
        yield f"GET {path.partition('?')[0]}", partial(line.ask, "GET", path)
    yield "getIamPolicy", lambda: manager.ask("POST", f"/v1/projects/{_HOME}:getIamPolicy", {})
    yield "delete and undelete a service account", lambda: _delete_and_undelete(iam, account, number)


def _delete_and_undelete(iam: Line, account: str, number: str) -> None:
    iam.ask("DELETE", account)
    iam.ask("POST", f"/v1/projects/{_HOME}/serviceAccounts/{number}:undelete", {})


def _share(rounds: int) -> Iterator[Figure]:
    """Yield the server's part of all processor time that an ``up`` in the sandbox takes."""
    shares = []
    for _ in range(rounds):
        with scene() as place:
            place.run("sandbox", "env")
            server = int(place.run("sandbox", "status", "--output", "json").document()["pid"])
            before, others = _processor(server), _children()
            place.up(EXAMPLES / "fraud-detection.yaml")
            served = _processor(server) - before
            shares.append(100 * served / (served + _children() - others))
    yield median("sandbox: share of the processor time of an up", "%", shares)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / _MEBI
