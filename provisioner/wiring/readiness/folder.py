"""What a run needs of the folder it is started in, and of the sandbox."""

from __future__ import annotations

from pathlib import Path

from provisioner.errors import ProvisionError
from provisioner.wiring.folders import sandbox_folder
from provisioner.wiring.readiness import Finding, Situation


def requests(situation: Situation) -> Finding:
    """Check platform.yaml and every request in ``teams`` beside it."""
    from provisioner.request.loading import load_platform, load_request  # noqa: PLC0415 - the other checks need none

    file = situation.platform_file()
    if file is None:
        fix = "go to the platform's folder, or make one with `provision-env new-platform DIR`"
        return Finding("requests", "warning", f"no platform.yaml in {situation.folder} or above it", fix)
    try:
        platform = load_platform(file)
    except ProvisionError as error:
        return _wrong([error])
    wrong: list[ProvisionError] = []
    files = sorted((file.parent / "teams").glob("*.yaml"))
    for each in files:
        try:
            load_request(each, platform)
        except ProvisionError as error:
            wrong.append(error)
    if wrong:
        return _wrong(wrong)
    return Finding("requests", "ok", f"{file} and {len(files)} in {file.parent / 'teams'}")


def _wrong(errors: list[ProvisionError]) -> Finding:
    problems = [problem for error in errors for problem in error.problems or (error,)]
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    fix = f"{first.fix}; see `provision-env validate FILE`" if first.fix else "see `provision-env validate FILE`"
    return Finding("requests", "bad", f"{first.where}: {first.reason}{more}", fix)


def sandbox(situation: Situation) -> Finding:
    """Tell whether the sandbox runs; one is started when it is needed."""
    from provisioner.sandbox.handle import join  # noqa: PLC0415 - the other checks need none

    folder: Path = sandbox_folder(situation.settings)
    handle = join(folder)
    if handle is not None:
        return Finding("sandbox", "ok", f"running, process {handle.pid}, {handle.proxy_url}")
    if situation.settings.sandbox is not None:
        fix = "start it with `provision-env sandbox start`, or leave it: unset what `sandbox env --unset` names"
        return Finding("sandbox", "bad", f"this shell is led into {folder}, and nothing runs there", fix)
    return Finding("sandbox", "ok", "not running; --sandbox starts it")
