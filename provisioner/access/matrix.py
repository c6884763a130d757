"""The access matrix: every question with what should be, what is, and how that was established."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from provisioner.access.acts import permitted
from provisioner.access.claims import JobContext
from provisioner.access.contexts import Case
from provisioner.access.decision import Decision, Exchange, decide_among, exchange
from provisioner.access.holdings import Holding, holdings
from provisioner.access.model import AccessModel
from provisioner.errors import ProvisionError

How = Literal["computed", "executed", "not executable here"]

SCHEMA_VERSION = 1


class AccessMismatch(ProvisionError):
    """Somebody reaches an identity who should not, or somebody who should does not."""


@dataclass(frozen=True, slots=True)
class Row:
    """One job and one account.

    ``computed`` is None where a value that the plan does not know yet would decide. ``executed`` is None unless
    ``how`` is ``executed``. ``stage`` and ``reason`` are those of the execution where there was one, else of the
    computation: mint, exchange, impersonate, call or reached.
    """

    case: Case
    decision: Decision
    how: How = "computed"
    executed: bool | None = None
    stage: str = ""
    reason: str = ""
    detail: str = ""

    @property
    def right(self) -> bool:
        """Whether everything that was established is as it should be; an undecided computation is not."""
        return self.decision.reached is self.case.expected and (self.executed is None or self._agrees)

    @property
    def _agrees(self) -> bool:
        """Whether trying came out as computed: refused at the same stage, or by GitHub, which is not computed."""
        return self.executed is self.case.expected and self.stage in {"mint", self.decision.stage}

    def document(self) -> dict[str, Any]:
        """Return the row as JSON: what `access --output json` and the record of a run show."""
        job = self.case.job
        return {
            "context": self.case.context,
            "repository_id": job.repository.id,
            "event": job.event_name,
            "ref": job.ref,
            "environment": job.environment or "",
            "act": self.case.act.name if self.case.act else "",
            "identity": self.case.identity.name,
            "account": self.case.identity.email,
            "expected": self.case.expected,
            "computed": self.decision.reached,
            "executed": self.executed,
            "right": self.right,
            "how": self.how,
            "stage": self.stage or self.decision.stage,
            "reason": self.reason or self.decision.reason,
            "detail": self.detail or self.decision.detail,
        }


@dataclass(frozen=True, slots=True)
class AccessMatrix:
    """All rows, in the order of the questions, and what the accounts they are about hold."""

    rows: tuple[Row, ...]
    holdings: tuple[Holding, ...] = ()

    @property
    def wrong(self) -> tuple[Row, ...]:
        """The rows that are not as they should be."""
        return tuple(row for row in self.rows if not row.right)

    def summary(self) -> str:
        """Return one line for people."""
        granted = sum(row.case.expected for row in self.rows)
        executed = sum(row.how == "executed" for row in self.rows)
        parts = [f"{granted} ways in, {len(self.rows) - granted} refusals", f"{executed} of {len(self.rows)} executed"]
        if self.wrong:
            parts.append(f"{len(self.wrong)} WRONG")
        return ", ".join(parts)

    def document(self) -> dict[str, Any]:
        """Return the JSON shape: schema_version, summary, right, rows and holdings (see their documents)."""
        return {
            "schema_version": SCHEMA_VERSION,
            "summary": self.summary(),
            "right": not self.wrong,
            "rows": [row.document() for row in self.rows],
            "holdings": [holding.document() for holding in self.holdings],
        }

    def require_right(self) -> None:
        """Raise AccessMismatch that names every wrong row (the first twenty in words)."""
        if not self.wrong:
            return
        problems = problems_of(row.document() for row in self.wrong)
        raise AccessMismatch(
            f"{len(self.wrong)} rows of the access matrix are wrong; first: {problems[0].where}: {problems[0].reason}",
            fix="nothing is handed over until access is as promised: see `provision-env access`, mend the bindings "
            "or conditions that were changed by hand, and run up again",
        )


_MOST_PROBLEMS = 20


def problems_of(rows: Iterable[Mapping[str, Any]]) -> tuple[ProvisionError, ...]:
    """Return a sentence for each wrong row of a matrix's document, the first twenty."""
    wrong = [row for row in rows if not row["right"]]
    return tuple(map(_problem, wrong[:_MOST_PROBLEMS]))


def _problem(row: Mapping[str, Any]) -> ProvisionError:
    verb = "should reach" if row["expected"] else "must not reach"
    outcome = f"{row['stage']}, {row['reason']}"
    return ProvisionError(f"{verb} {row['account']} ({outcome})", where=f"{row['context']} -> {row['identity']}")


def compute(model: AccessModel, cases: Iterable[Case]) -> AccessMatrix:
    """Answer every question from the model alone."""
    exchanges: dict[JobContext, tuple[Exchange, ...]] = {}
    rows = []
    for case in cases:
        if case.job not in exchanges:
            exchanges[case.job] = _exchanges(model, case.job)
        decision = decide_among(model, exchanges[case.job], case.identity.email)
        if case.act is not None and decision.reached:
            decision = permitted(model, case.identity.email, case.act, decision)
        rows.append(Row(case, decision))
    everyone = {row.case.identity.name: row.case.identity for row in rows}
    return AccessMatrix(tuple(rows), holdings(model, everyone.values()))


def _exchanges(model: AccessModel, job: JobContext) -> tuple[Exchange, ...]:
    return tuple(exchange(job, provider) for provider in model.providers)


COLUMNS = ("IDENTITY", "JOB", "SHOULD", "IS", "STAGE", "REASON", "ESTABLISHED")


def table(matrix: AccessMatrix, *, everything: bool = False) -> Sequence[tuple[str, ...]]:
    """Return the rows for a table with COLUMNS: ways in and wrong rows, or everything."""
    shown = [row for row in matrix.rows if everything or row.case.expected or not row.right]
    return [_cells(row) for row in shown]


def _cells(row: Row) -> tuple[str, ...]:
    document = row.document()
    found = row.executed if row.executed is not None else row.decision.reached
    words = {True: "yes", False: "no", None: "unknown"}
    return (
        document["identity"],
        document["context"],
        words[row.case.expected],
        words[found] if row.right else f"{words[found]} (WRONG)",
        document["stage"],
        document["reason"],
        row.how,
    )
