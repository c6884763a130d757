"""What the control interface hands out of the two clouds: tokens, the provider, what only an owner can make."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioner.sandbox.http import Application
from provisioner.sandbox.world import World

if TYPE_CHECKING:
    from provisioner.sandbox.provider.server import ProviderServer

Json = dict[str, Any]


class Clouds:
    """The owner's side of the sandbox's Google and GitHub. Imports are late: a server must be up at once."""

    def __init__(self, world: World, application: Application) -> None:
        """``application`` is what the provider's requests go to (log and faults included)."""
        self._world = world
        self._application = application
        self._provider: ProviderServer | None = None
        self._lock = threading.Lock()

    def credentials(self) -> Json:
        """Return the operator's Google and GitHub tokens."""
        from provisioner.sandbox.github import operator_tokens  # noqa: PLC0415
        from provisioner.sandbox.google.identity import operator_of  # noqa: PLC0415

        google = operator_of(self._world)
        with self._world.store.transaction() as tx:
            github: Mapping[str, str] = operator_tokens(self._world, tx)
        return {"googleEmail": google.email, "googleToken": google.token, "github": dict(github)}

    def github_app(self) -> Json:
        """Return number and private key of the operator's GitHub App."""
        from provisioner.sandbox.github.operator import operator_app  # noqa: PLC0415

        with self._world.store.transaction() as tx:
            return operator_app(self._world, tx)

    def provider_reattach(self) -> str:
        """Return the value of TF_REATTACH_PROVIDERS, starting the stand-in provider on first use."""
        from provisioner.sandbox.google.identity import operator_of  # noqa: PLC0415
        from provisioner.sandbox.provider.server import serve  # noqa: PLC0415

        with self._lock:
            if self._provider is None:
                self._provider = serve(self._application, default_token=operator_of(self._world).token)
            return self._provider.reattach_json

    def mint_job_token(self, context: Mapping[str, str]) -> Json:
        """Return ``request_url`` and ``request_token`` of a job, as GitHub's rules allow. Raises ProvisionError."""
        from provisioner.sandbox.github import mint_job_token  # noqa: PLC0415

        with self._world.store.transaction() as tx:
            token = mint_job_token(self._world, tx, context)
        return {"request_url": token.request_url, "request_token": token.request_token}

    def lay_foundations(self, plan: Mapping[str, Any]) -> list[str]:
        """Make organisations, folders, billing accounts, numbered projects, GitHub owners; return what was made."""
        from provisioner.sandbox import github  # noqa: PLC0415
        from provisioner.sandbox.google import foundations  # noqa: PLC0415

        with self._world.store.transaction() as tx:
            made = foundations.lay_foundations(self._world, tx, plan)
            return [*made, *(github.lay_foundations(self._world, tx, plan) if plan.get("githubOwner") else ())]

    def forget(self) -> None:
        """Stop the provider: its default token belongs to a store that is gone or replaced."""
        with self._lock:
            if self._provider is not None:
                self._provider.stop()
                self._provider = None
