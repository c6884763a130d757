"""Bring a token and an environment's trust, as its state has it, together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from provisioner.errors import Blocked
from provisioner.request.resolve import EnvironmentSpec, Team
from provisioner.settings import Settings
from provisioner.wiring.observing import state_of


def diagnose_token(
    settings: Settings,
    team: Team,
    spec: EnvironmentSpec,
    token: str,
    sandbox: bool | None,  # noqa: FBT001 - three states
) -> dict[str, Any]:
    """Return ``provider``, ``accounts`` (those the token becomes) and ``steps`` of the exchange.

    Raises InvalidInput for what is no token, Blocked where the environment has no provider yet.
    """
    from provisioner.access import AccessModel  # noqa: PLC0415 - CEL is paid for here only
    from provisioner.access.diagnosis import diagnose, read_token  # noqa: PLC0415

    claims = read_token(token)
    model = AccessModel.from_state(state_of(settings, team, spec, sandbox))
    provider = next((each for each in model.providers if each.pool == spec.names.pool), None)
    if provider is None:
        raise Blocked("this environment has no identity provider yet", fix="run `up` first", where=spec.names.root)
    steps = diagnose(model, provider, claims, datetime.now(UTC))
    accounts = [each for each in steps if each.step.startswith("account ")]
    exchanged = not any(each.outcome == "refused" for each in steps if each not in accounts)
    reached = [each.step.removeprefix("account ") for each in accounts if exchanged and each.outcome == "ok"]
    return {
        "provider": provider.name,
        "exchanged": exchanged,
        "accounts": reached,
        "steps": [each.document() for each in steps],
    }
