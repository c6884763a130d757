"""The form of a case, and the jobs that legitimately reach each identity."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.access import JobContext
from provisioner.access.decision import Stage
from tests.attacks.attempts import Attempt, Victim, work
from tests.attacks.estate import PINNED, Estate

CONDITION = ("unauthorized_client", "The given credential is rejected by the attribute condition.")
NO_BINDING = (
    "PERMISSION_DENIED",
    "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
)
SIGNATURE = ("invalid_grant", "Unable to verify the ID Token signature.")
NO_TARGET = ("invalid_target", 'The target service indicated by the "audience" parameters is invalid.')
UNKNOWN_TOKEN = ("UNAUTHENTICATED", "Request had invalid authentication credentials.")


@dataclass(frozen=True)
class Attack:
    """One row: what the attacker does to which identity, and where, how and in whose words that ends.

    ``words`` are part of what the refusing service says. The nearest legitimate job is the one of ``identity`` itself
    (a runtime account has none, there it is the job of the deploy account beside it), and ``right`` what it may do.
    """

    name: str
    identity: str
    does: Attempt
    stage: Stage
    code: str
    words: str
    right: Attempt = work

    def __str__(self) -> str:
        return f"{self.identity}: {self.name}"


def victim_of(estate: Estate, identity: str) -> Victim:
    """Return the identity with the job that is nearest to it."""
    place, _, kind = identity.rpartition("/")
    spec = estate.spec(place)
    slug = place.rpartition("/")[0] or "fraud-detection"
    job = JobContext(
        estate.repositories[slug],
        "push",
        f"refs/heads/{spec.branch}",
        None if kind == "plan" else spec.name,
        job_workflow_ref=PINNED if slug == "churn" else "",
    )
    return Victim(identity, job)


def neighbour_of(estate: Estate, identity: str) -> Victim:
    """Return the legitimate neighbour: the identity itself, or the deploy account in place of a runtime account."""
    return victim_of(estate, identity.replace("/runtime", "/deploy"))
