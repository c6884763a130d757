"""Wrong fields: the place, what was found, what to write instead."""

from __future__ import annotations

import pytest

from provisioner.errors import InvalidInput
from tests.request.inputs import ENVIRONMENTS, HEAD, problems, request

CASES = {
    "a misspelt field is recognised": (
        HEAD + "environments:\n  dev:\n    project: example-churn-dev\n    regin: europe-west1\n",
        "t.yaml:8:5: environments.dev.regin: unknown field (did you mean region?)",
    ),
    "an unknown field shows the known ones": (
        HEAD + ENVIRONMENTS + "budget: {zzz: 1, amount: 5}\n",
        "t.yaml:7:10: budget.zzz: unknown field (remove it; fields here: amount, currency)",
    ),
    "a missing field is described": (
        HEAD + "environments:\n  dev: {}\n",
        "t.yaml:6:8: environments.dev.project: missing (add 'project: …' - Project id; the project exists already.)",
    ),
    "a number where text is wanted": (
        HEAD.replace("cc-1", "12") + ENVIRONMENTS,
        (
            "t.yaml:3:14: cost_center: found 12 (write text in quotes - Who pays: a label of lower-case letters, "
            "digits, hyphens and underscores.)"
        ),
    ),
    "text where a number is wanted": (
        HEAD + ENVIRONMENTS + 'budget: {amount: "500"}\n',
        (
            't.yaml:7:18: budget.amount: found "500" (write a whole number without quotes - Whole units of the '
            "currency per month.)"
        ),
    ),
    "a value out of its bounds": (
        HEAD + ENVIRONMENTS + "budget: {amount: 0}\n",
        "t.yaml:7:18: budget.amount: found 0 (write 1 or more)",
    ),
    "a choice that does not exist": (
        HEAD.replace("internal", "confidental") + ENVIRONMENTS,
        (
            't.yaml:4:13: data_class: found "confidental" (did you mean confidential? write one of: public, internal, '
            "confidential, restricted)"
        ),
    ),
    "another version control": (
        HEAD + ENVIRONMENTS + "vcs: gitlab\n",
        't.yaml:7:6: vcs: found "gitlab" (write github - Other systems are not supported yet.)',
    ),
    "a key with capitals": (
        HEAD + ENVIRONMENTS + "services:\n  Scoring: {}\n",
        (
            "t.yaml:8:3: services.Scoring: this name cannot be used (write 1-20 lower-case letters, digits and "
            "hyphens, a letter first)"
        ),
    ),
    "a pattern is said in words": (
        HEAD + ENVIRONMENTS + "services:\n  scoring: {memory: 1GB}\n",
        't.yaml:8:21: services.scoring.memory: found "1GB" (write: A number and Mi or Gi, such as 512Mi or 2Gi.)',
    ),
    "one value where a list is wanted": (
        HEAD + "environments:\n  dev: {project: example-churn-dev, reviewers: {team: a}}\n",
        (
            't.yaml:6:48: environments.dev.reviewers: found {"team": "a"} (write a list: [one, two] - Who must approve '
            "a deployment; one of them is enough.)"
        ),
    ),
    "the team's name in capitals": (
        HEAD.replace("churn", "Churn") + ENVIRONMENTS,
        (
            't.yaml:1:7: team: found "Churn" (write: Short name, part of all others: 2-30 lower-case letters, digits, '
            "hyphens; a letter first.)"
        ),
    ),
    "no e-mail address": (
        HEAD.replace("a@example.com", "nobody") + ENVIRONMENTS,
        't.yaml:2:8: owner: found "nobody" (write: E-mail address of the people who answer for this.)',
    ),
}


@pytest.mark.parametrize(("text", "message"), CASES.values(), ids=CASES.keys())
def test_a_wrong_field_is_explained(text: str, message: str) -> None:
    assert problems(text) == [message]


def test_all_problems_are_named_at_once_in_the_order_of_the_file() -> None:
    found = problems("owner: nobody\nteam: Churn\nenvironments: {}\nzzz: 1\n")
    assert [line.split(" ")[1] for line in found] == [
        "cost_center:", "data_class:", "owner:", "team:", "environments:", "zzz:",
    ]  # fmt: skip


def test_a_value_is_shown_shortened() -> None:
    (found,) = problems(HEAD.replace("churn", "C" * 500) + ENVIRONMENTS)
    assert "CCC…" in found
    assert len(found) < 250


def test_the_headline_counts_and_exits_with_two() -> None:
    with pytest.raises(InvalidInput) as caught:
        request("team: A\nowner: b\n" + ENVIRONMENTS)
    assert str(caught.value) == "t.yaml: 4 problems (mend each of them and try again)"
    assert caught.value.exit_code == 2


def test_a_quoted_value_keeps_its_meaning() -> None:
    text = HEAD + ENVIRONMENTS + 'services:\n  scoring: {env: {A: "on", B: "0123", C: "true", D: "12"}}\n'
    assert request(text).services["scoring"].env == {"A": "on", "B": "0123", "C": "true", "D": "12"}
