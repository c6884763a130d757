"""The results service, as a job sees it: https://github.com/actions/toolkit/tree/main/packages/artifact."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from provisioner.sandbox.stand_ins.programs.workflow import call


def backend_ids() -> dict[str, str]:
    """Return run and job as the service knows them: they are in the runtime token."""
    payload = os.environ["ACTIONS_RUNTIME_TOKEN"].split(".")[1]
    scope = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["scp"]
    _, run, job = scope.split(":")
    return {"workflow_run_backend_id": run, "workflow_job_run_backend_id": job}


def ask(method: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON has no narrower type
    """Call a method of the service. Raises RuntimeError with what it said."""
    place = f"{os.environ['ACTIONS_RESULTS_URL']}twirp/github.actions.results.api.v1.ArtifactService/{method}"
    return call(place, {**backend_ids(), **body}, os.environ["ACTIONS_RUNTIME_TOKEN"])
