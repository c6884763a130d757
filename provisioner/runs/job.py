"""The steps of a run: each looks at the world, does what is missing, and returns a small JSON document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from provisioner.errors import Blocked, ProvisionError
from provisioner.render import RepositoryIds, Tree, render, waves
from provisioner.repository import RepositoryFacts
from provisioner.request.problems import Problem
from provisioner.request.resolve import Team
from provisioner.runs.approval import ApprovalRequest, RootChange
from provisioner.runs.engine import Document
from provisioner.runs.interruption import Interruption
from provisioner.runs.leases import Leases
from provisioner.runs.progress import Report, counted, telling
from provisioner.runs.tools import Tools
from provisioner.terraform.changes import ChangeSet
from provisioner.terraform.plan import Plan
from provisioner.terraform.state import StateDocument


@dataclass(slots=True)
class Job:
    """One run at work.

    ``seen`` keeps plans read in this process, so that each is read once. ``imports`` are what roots take in, by root;
    ``rendering`` is held while the shared work folder is written.
    """

    tools: Tools
    run_id: str
    verb: str
    team: Team
    leases: Leases
    interruption: Interruption
    workers: int = 3
    delete_data: bool = False
    seen: dict[str, Plan] = field(default_factory=dict)
    imports: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    rendering: Lock = field(default_factory=Lock)

    def folder(self, root: str) -> Path:
        """Return where a root is rendered."""
        return self.tools.work / "envs" / root

    def environment(self, root: str) -> str:
        """Return the environment that a root belongs to; empty for a root that serves several."""
        return next((spec.name for spec in self.team.environments if spec.names.root == root), "")

    def preflight(self) -> Document:
        """Ask both clouds whether the run can work; raises Blocked with everything that stops it."""
        with telling(self.tools.progress, "preflight") as told:
            problems = self.problems()
            blocking = tuple(problem.as_error() for problem in problems if problem.blocking)
            if blocking:
                raise Blocked(f"{counted(len(blocking), 'thing')} to mend before this can run", problems=blocking)
            for problem in problems:
                self.tools.progress(Report("preflight", "", "note", str(problem)))
            told.detail = counted(len(problems), "note") if problems else "nothing in the way"
        return {"notes": [str(problem) for problem in problems]}

    def problems(self) -> list[Problem]:
        """Return what both clouds find in the way, asked side by side."""
        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(port.preflight, self.team) for port in (self.tools.cloud, self.tools.repositories)]
            return [problem for future in asked for problem in future.result()]

    def prepare_repository(self) -> Document:
        """Find or create the repository; its numeric id goes into the trust conditions."""
        with telling(self.tools.progress, "repository") as told:
            facts = self.tools.repositories.prepare(self.team)
            told.detail = f"{facts.full_name} (id {facts.id}){', created' if facts.created else ''}"
        document = asdict(facts)
        self.tools.artifacts.put(self.run_id, "repository", document)
        return document

    def render(self, facts: Document) -> Document:
        """Write the team's roots into its work folder."""
        with telling(self.tools.progress, "render") as told:
            tree = self.tree(facts)
            tree.write(self.tools.work)
            told.detail = counted(len(tree.folders()), "root")
        ordered = _waves(self.team)
        return {"digest": tree.digest(), "waves": ordered, "roots": [root for wave in ordered for root in wave]}

    def tree(self, facts: Document) -> Tree:
        """Return the roots with what they take in."""
        return render(self.team, RepositoryIds(facts["id"], facts["owner_id"]), imports=self.imports)

    def approve(
        self,
        plans: Mapping[str, Document],
        agreed: list[str],
        access: Callable[[], tuple[str, ...]] = tuple,
        sets: Callable[[], Mapping[str, ChangeSet]] = dict,
    ) -> Document:
        """Ask for agreement to what changes, unless nothing does or exactly this was agreed to before.

        ``access`` says what the plans do to access; it is asked only where somebody is. ``sets`` are their changes.
        """
        changing = [plan for plan in plans.values() if plan["changes"]]
        open_changes = [plan for plan in changing if plan["content"] not in agreed]
        if not open_changes:
            return {"by": "", "agreed": agreed}
        changes = tuple(map(_change, open_changes))
        facts = self.facts()
        ids = (facts["id"], facts["owner_id"])
        request = ApprovalRequest(self.verb, self.team.slug, changes, bool(agreed), access(), sets, ids)
        with telling(self.tools.progress, "approve") as told:
            who = self.tools.approver(request)
            told.detail = f"by {who}"
        digests = {plan["root"]: plan["digest"] for plan in open_changes}
        self.tools.ledger.audit("approved", run=self.run_id, team=self.team.slug, by=who, plans=digests)
        return {"by": who, "agreed": [*agreed, *(plan["content"] for plan in open_changes)]}

    def publish(self, facts: Document, outputs: Mapping[str, Any]) -> Document:
        """Fill the repository and read everything back."""
        with telling(self.tools.progress, "publish") as told:
            known = RepositoryFacts(**facts)
            by_environment = {spec.name: outputs[spec.names.root] for spec in self.team.environments}
            done = self.tools.repositories.publish(self.team, known, by_environment)
            differences = self.tools.repositories.verify(self.team, known, by_environment)
            if differences:
                raise ProvisionError(
                    f"the repository is not what was set up: {differences[0]}",
                    fix="run `up` again",
                    where=known.full_name,
                )
            told.detail = done.get("summary", "")
        return done

    def survey(self) -> Document:
        """Find out which roots hold anything, and which of their buckets and registries hold data that is kept."""
        with telling(self.tools.progress, "survey") as told:
            facts = self.facts()
            self.render(facts)
            found = dict(self._all_states())
            present = [root for root, state in found.items() if any(state.resources())]
            kept = {} if self.delete_data else {root: self._kept(found[root]) for root in present}
            parts = counted(sum(map(len, kept.values())), "part")
            told.detail = f"{counted(len(present), 'root', 'hold')} resources, {parts} kept"
        kept = {root: addresses for root, addresses in kept.items() if addresses}
        return {"facts": facts, "waves": _waves(self.team), "present": present, "kept": kept}

    def render_unprotected(self, survey: Document) -> Document:
        """Write the roots without deletion protection and without what is kept."""
        with telling(self.tools.progress, "render"):
            ids = RepositoryIds(survey["facts"]["id"], survey["facts"]["owner_id"])
            tree = render(self.team, ids, protection=False, delete_data=self.delete_data, kept=survey["kept"])
            tree.write(self.tools.work)
        return {"digest": tree.digest()}

    def archive(self) -> Document:
        """Make the repository read-only."""
        with telling(self.tools.progress, "archive") as told:
            archived = self.tools.repositories.archive(self.team)
            told.detail = "archived" if archived else "there was none"
        return {"archived": archived}

    def facts(self) -> Document:
        """Return what this or the last ``up`` of the team recorded of its repository."""
        for run in self.tools.ledger.runs(self.team.slug):
            facts = self.tools.artifacts.get(run.id, "repository")
            if facts is not None:
                return facts
        raise ProvisionError(
            f"no run of this machine ever set {self.team.slug} up", fix="destroy it where it was made, see `runs list`"
        )

    def _all_states(self) -> Iterator[tuple[str, StateDocument]]:
        for root in (root for wave in _waves(self.team) for root in wave):
            runner = self.tools.runner(self.run_id, root)
            runner.init(self.folder(root))
            yield root, runner.state(self.folder(root))

    def _kept(self, state: StateDocument) -> list[str]:
        return [each.address for each in state.resources() if self.tools.cloud.holds_data(each.type, each.values)]

    def prove(self, facts: Document) -> Document:
        """Establish who reaches which identity; raises when a row of the matrix is wrong."""
        with telling(self.tools.progress, "prove") as told:
            matrix = self.tools.proof.prove(self.team, RepositoryFacts(**facts), self._states())
            self.tools.artifacts.put(self.run_id, "access", matrix)
            told.detail = str(matrix["summary"])
        return matrix

    def _states(self) -> dict[str, StateDocument]:
        """Read what every root holds; grants across environments are in roots of their own."""
        roots = [root for wave in waves(self.team) for root in wave]
        with ThreadPoolExecutor(self.workers) as pool:
            states = pool.map(lambda root: self.tools.runner(self.run_id, root).state(self.folder(root)), roots)
            return dict(zip(roots, states, strict=True))


def _waves(team: Team) -> list[list[str]]:
    """Return the waves as JSON has them."""
    return [list(wave) for wave in waves(team)]


def _change(plan: Document) -> RootChange:
    counts = plan["counts"]
    return RootChange(
        plan["root"],
        plan["digest"],
        counts["add"] + counts["imported"],
        counts["change"],
        counts["remove"],
        tuple(plan["lines"]),
    )
