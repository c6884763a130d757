"""The errands of Google: what its services do without being asked. Modules are imported when there is work."""

from __future__ import annotations

from datetime import datetime

from provisioner.sandbox.http import Application
from provisioner.sandbox.world import World


def take_on_errands(world: World, application: Application) -> None:
    """Have the errands run; ``application`` is the door back into the sandbox."""
    world.errands.take_on("subscriptions", lambda: _subscriptions(world, application))
    world.errands.take_on("jobs", lambda: _jobs(world, application))
    world.errands.take_on("cleanup", lambda: _cleanup(world))
    world.errands.take_on("secrets", lambda: _secrets(world))
    world.errands.take_on("alerts", lambda: _alerts(world, application))


def _subscriptions(world: World, application: Application) -> datetime | None:
    if not _any(world, "google/pubsub.attended", "google/pubsub.expiry", "google/pubsub.subscriptions"):
        return None
    from provisioner.sandbox.google.messaging.push import attend_subscriptions  # noqa: PLC0415 - see above

    return attend_subscriptions(world, application)


def _jobs(world: World, application: Application) -> datetime | None:
    if not _any(world, "google/cloudscheduler.plans"):
        return None
    from provisioner.sandbox.google.messaging.runs import run_jobs  # noqa: PLC0415 - see above

    return run_jobs(world, application)


def _secrets(world: World) -> datetime | None:
    if not _any(world, "google/secretmanager.looks"):
        return None
    from provisioner.sandbox.google.messaging.secret_times import look_after_secrets  # noqa: PLC0415 - see above

    return look_after_secrets(world)


def _cleanup(world: World) -> datetime | None:
    if not _any(world, "google/artifactregistry.repositories"):
        return None
    from provisioner.sandbox.google.registry.cleanup import clean_repositories  # noqa: PLC0415 - see above

    return clean_repositories(world)


def _alerts(world: World, application: Application) -> datetime | None:
    if not _any(world, "google/monitoring.alertPolicies"):
        return None
    from provisioner.sandbox.google.observability.alerting import evaluate_policies  # noqa: PLC0415 - see above

    return evaluate_policies(world, application)


def _any(world: World, *collections: str) -> bool:
    with world.store.transaction() as tx:
        return any(next(tx.scan(collection), None) is not None for collection in collections)
