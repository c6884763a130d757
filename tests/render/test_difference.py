"""What a changed request does to the rendered roots, as reviewers read it."""

from __future__ import annotations

from provisioner.render import difference, render
from provisioner.render.difference import LARGEST
from provisioner.request.resolve import Team
from tests.render.teams import IDS, team

HEAD = "team: churn\nowner: a@example.com\ncost_center: cc-1\ndata_class: internal\n"
DEV = "  dev: {project: example-churn-dev}\n"
PROD = "  prod: {project: example-churn-prod}\n"


def asked(extra: str = "", environments: str = DEV) -> Team:
    return team(f"{HEAD}environments:\n{environments}{extra}")


def between(before: Team | None, after: Team) -> dict[str, str]:
    return difference(render(before, IDS) if before else None, render(after, IDS))


def changed(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]


def test_the_same_request_differs_in_nothing() -> None:
    assert between(asked(), asked()) == {}


def test_a_changed_value_is_the_only_line_that_differs() -> None:
    found = between(asked("budget: {amount: 100, currency: EUR}\n"), asked("budget: {amount: 250, currency: EUR}\n"))
    assert list(found) == ["churn-dev"]
    assert changed(found["churn-dev"]) == ['-    "amount": 100,', '+    "amount": 250,']
    assert "base/envs/churn-dev/terraform.tfvars.json" in found["churn-dev"]


def test_a_new_team_and_a_new_environment_are_new_files() -> None:
    new = between(None, asked())
    assert list(new) == ["churn-dev"]
    assert "--- /dev/null" in new["churn-dev"]
    assert not any(line.startswith("-") for line in changed(new["churn-dev"]))
    assert set(between(asked(), asked(environments=DEV + PROD))) == {"churn-prod", "churn-links"}


def test_what_leaves_is_shown_as_leaving() -> None:
    found = between(asked(environments=DEV + PROD), asked())["churn-prod"]
    assert "+++ /dev/null" in found
    assert all(line.startswith("-") for line in changed(found))


def test_given_values_are_hidden_and_their_change_is_not() -> None:
    def service(**values: str) -> str:
        pairs = ", ".join(f"{name}: {value}" for name, value in values.items())
        return f"services: {{scoring: {{env: {{{pairs}}}}}}}\n"

    found = between(asked(service(MODE="canary-one", SAME="canary")), asked(service(MODE="canary-two", SAME="canary")))
    assert changed(found["churn-dev"]) == [
        '-        "MODE": "(hidden, before)",',
        '+        "MODE": "(hidden, after)",',
    ]
    assert "canary" not in str(found) + str(between(None, asked(service(MODE="canary-one"))))


def test_a_flood_is_cut_and_the_rest_is_counted() -> None:
    names = ", ".join(f"bucket-{number:02}: {{publish_prefixes: [{'x' * 100}/, {'y' * 100}/]}}" for number in range(20))
    flood = asked(f"buckets: {{{names}}}\n")
    found = between(None, flood)["churn-dev"]
    assert len(found) < LARGEST + 100
    assert found.splitlines()[-1].startswith("… and ")
