"""What stands under a pull request: from what each root was planned, what is rendered, and nothing given away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from provisioner.cloud.google import GoogleCloud
from provisioner.errors import InvalidInput
from provisioner.policy import PolicyContext, Verdict, check
from provisioner.render import RepositoryIds
from provisioner.request.resolve import Team
from provisioner.terraform.plan import Plan
from provisioner.wiring.bases import Basis, Reading, basis_of
from provisioner.wiring.observing import Preview
from provisioner.wiring.proposing import Proposal, comments, platform_of, proposal
from tests.policy.breaking import resource
from tests.render.teams import EXAMPLES, IDS, example

ROOTS = ("fraud-detection-dev", "fraud-detection-stage", "fraud-detection-prod", "fraud-detection-links")
NOTHING = Basis(state=False, why="there is none yet")


class Cloud:
    """A bucket in which every state lies; ``seen`` are those that may be read. Whoever looks is remembered."""

    def __init__(self, *seen: str) -> None:
        self.seen = seen
        self.asked: list[str] = []

    def has_object(self, _bucket: str, name: str) -> bool:
        self.asked.append(name)
        return True

    def sees_object(self, bucket: str, name: str) -> bool:
        return self.has_object(bucket, name) and name in self.seen


def planned(cloud: Cloud, reading: Reading, root: str) -> Basis:
    return basis_of(cast("GoogleCloud", cloud), example("fraud-detection"), root, reading)


@pytest.mark.parametrize(
    ("reading", "states"),
    [(Reading.STATES, set(ROOTS)), (Reading.NOTHING, set()), (Reading.PULL_REQUEST, {"fraud-detection-dev"})],
)
def test_a_pull_request_looks_at_no_state_but_dev_s(reading: Reading, states: set[str]) -> None:
    cloud = Cloud("fraud-detection/dev/default.tfstate")
    assert {root for root in ROOTS if planned(cloud, reading, root).state} == states
    assert len(cloud.asked) == len(states)


def test_a_state_that_may_not_be_read_counts_as_none_and_a_read_one_is_not_refreshed() -> None:
    dev = ROOTS[0]
    hidden = planned(Cloud(), Reading.PULL_REQUEST, dev)
    assert (hidden.state, hidden.document()["from"]) == (False, "nothing")
    read = planned(Cloud("fraud-detection/dev/default.tfstate"), Reading.PULL_REQUEST, dev)
    assert (read.refresh, planned(Cloud(), Reading.STATES, dev).refresh) == (False, True)


def test_without_a_state_the_backend_is_local(tmp_path: Path) -> None:
    Basis(state=True, why="").prepare(tmp_path)
    assert not list(tmp_path.iterdir())
    NOTHING.prepare(tmp_path)
    assert "local" in (tmp_path / "backend_override.tf").read_text()


def previewed(team: Team, root: str, basis: Basis) -> Preview:
    change = resource("google_storage_bucket", {"name": "a", "location": "EU"})
    plan = Plan.from_json({"format_version": "1.2", "complete": True, "resource_changes": [change]})
    return Preview(root, plan, check(plan, PolicyContext(team.platform, team)), basis)


def said(proposed: Proposal | None, *bases: Basis) -> list[tuple[str, ...]]:
    team = example("fraud-detection")
    previews = [previewed(team, *pair) for pair in zip(ROOTS, bases, strict=False)]
    return [each.parts for each in comments(team, IDS, previews, proposed)]


def test_the_comment_says_from_what_every_root_was_planned() -> None:
    overview, dev, stage = said(None, Basis(state=True, why="as it lies there"), NOTHING)
    assert "| fraud-detection-dev | from its state: as it lies there |" in overview[0]
    assert "| fraud-detection-stage | from nothing: there is none yet |" in overview[0]
    assert "Planned from its state: as it lies there." in dev[0]
    assert "Planned from nothing: there is none yet." in stage[0]
    assert "Rendered" not in overview[0]


def test_a_diff_is_folded_and_cannot_leave_its_fence() -> None:
    (overview, _) = said(Proposal("compared", {"fraud-detection-dev": "-a\n+``````\n+</details>@maria"}), NOTHING)
    assert "<details><summary>fraud-detection-dev: 3 lines</summary>" in overview[0]
    assert overview[0].count("`" * 7) == 2


def test_many_diffs_become_several_comments_that_each_fit() -> None:
    diffs = {f"root-{number}": "+x\n" * 5_000 for number in range(9)}
    (overview, _) = said(Proposal("compared", diffs), NOTHING)
    assert len(overview) > 1
    assert all(len(part) < 65_536 for part in overview)
    assert sum(part.count("<details>") for part in overview) == 9
    assert len({part.partition("\n")[0] for part in overview}) == len(overview)


def test_a_root_that_a_change_leaves_alone_begins_no_comment() -> None:
    team, same = example("fraud-detection"), Proposal("compared", {})
    state = Basis(state=True, why="as it lies there")

    def begun(preview: Preview, proposed: Proposal | None) -> list[bool]:
        return [each.telling for each in comments(team, IDS, [preview], proposed)]

    good = replace(previewed(team, ROOTS[2], NOTHING), verdict=Verdict("", ()))
    assert begun(good, same) == [False, False], "everything is new to nothing; the request is as it was"
    assert begun(good, Proposal("compared", {ROOTS[2]: "+x"})) == [True, True]
    assert begun(good, None) == [True, True]
    assert begun(replace(good, basis=state), same) == [True, True], "its state differs"
    assert begun(replace(good, basis=state, plan=Plan(changes=())), same) == [False, False]
    assert begun(good, Proposal("compared", {"a root that leaves": "-x"})) == [True, False]
    assert begun(previewed(team, ROOTS[2], NOTHING), same) == [True, True], "a rule refuses it"


def test_the_base_may_be_absent_unreadable_or_another(tmp_path: Path) -> None:
    team = example("fraud-detection")
    absent = proposal(team, tmp_path / "none.yaml", IDS, None)
    assert "no such request" in absent.base
    (tmp_path / "broken.yaml").write_text("team: [")
    broken = proposal(team, tmp_path / "broken.yaml", IDS, None)
    assert "cannot be read" in broken.base
    assert broken.diffs == absent.diffs
    assert set(absent.diffs) == set(ROOTS)
    base = EXAMPLES / "fraud-detection.yaml"
    assert proposal(team, base, IDS, None).diffs == {}
    shown = proposal(team, base, RepositoryIds("1", "2"), team.platform.model_copy(update={"locations": ()}))
    assert shown.diffs == {}, "the ids are those of one repository on both sides"


def test_what_the_base_s_own_settings_change_is_shown(tmp_path: Path) -> None:
    base = tmp_path / "teams" / "fraud-detection.yaml"
    base.parent.mkdir()
    base.write_bytes((EXAMPLES / "fraud-detection.yaml").read_bytes())
    settings = tmp_path / "platform.yaml"
    text = (EXAMPLES / "platform.yaml").read_text()
    settings.write_text(text.replace("example-ml-terraform-state", "example-ml-older-state"))
    found = proposal(example("fraud-detection"), base, IDS, platform_of(base, settings))
    assert "example-ml-older-state" in found.diffs["fraud-detection-dev"]
    settings.write_text("nothing: [")
    assert platform_of(base, settings) is None


def test_one_says_which_states_are_read(tmp_path: Path) -> None:
    from click.testing import CliRunner  # noqa: PLC0415 - only here

    from provisioner.cli.verbs.plan import command  # noqa: PLC0415 - likewise

    asked = CliRunner().invoke(command, [str(tmp_path / "x.yaml"), "--empty-state", "--pull-request"])
    assert isinstance(asked.exception, InvalidInput)
    assert "--empty-state" in asked.exception.where
    assert replace(NOTHING, why="x").document() == {"from": "nothing", "because": "x"}
