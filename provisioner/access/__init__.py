"""Who can become whom: computed from a plan or a state, and proven by trying.

    repository = Repository(facts.id, facts.owner_id, facts.full_name, visibility)
    model = AccessModel.merged(AccessModel.from_state(state) for state in states.values())
    matrix = compute(model, cases(team, repository))
    minter = ActionsMinter(handle.mint_job_token, session, issuer, (repository,))
    matrix = Prover(session, minter, model).prove(matrix)
    matrix.require_right()

``prove`` and ``minting`` need requests and are imported by those who prove.
"""

from __future__ import annotations

from provisioner.access.changes import AccessChange, compare
from provisioner.access.claims import JobContext, Repository, claims
from provisioner.access.contexts import Case, Identity, cases, identities
from provisioner.access.decision import Decision, decide
from provisioner.access.matrix import COLUMNS, AccessMatrix, AccessMismatch, Row, compute, table
from provisioner.access.model import AccessModel

__all__ = [
    "COLUMNS",
    "AccessChange",
    "AccessMatrix",
    "AccessMismatch",
    "AccessModel",
    "Case",
    "Decision",
    "Identity",
    "JobContext",
    "Repository",
    "Row",
    "cases",
    "claims",
    "compare",
    "compute",
    "decide",
    "identities",
    "table",
]
