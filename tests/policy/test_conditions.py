"""The reader of conditions: exactly the allowed form, and nothing that only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.access.expressions import ExpressionError, evaluate
from provisioner.policy.conditions import EVENTS, Asked, allowed_ids, condition_problem
from provisioner.policy.mappings import BOUND, mapping_problems
from provisioner.policy.principals import principal_problem, repository_of
from provisioner.request.resolve import Persona

TWO = "assertion.repository_owner_id == '1' && assertion.repository_id == '2' && assertion.event_name == 'push'"
SELF_HOSTED = Asked(self_hosted_runners=True)
digits = st.integers(1, 10**12).map(str)
events = st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=4, unique=True)


def condition(owner: str, ids: list[str], chosen: list[str]) -> str:
    listed = ", ".join(f"'{number}'" for number in ids)
    names = ",".join(f"'{event}'" for event in chosen)
    return (
        f"assertion.repository_owner_id=='{owner}' && assertion.repository_id in [{listed}] "
        f"&& assertion.event_name in [ {names} ]"
    )


@given(digits, st.lists(digits, min_size=1, max_size=3), events)
def test_the_allowed_form_passes_and_gives_its_ids(owner: str, ids: list[str], chosen: list[str]) -> None:
    text = condition(owner, ids, chosen)

    assert condition_problem(text, SELF_HOSTED) == ""
    assert allowed_ids(text) == tuple(ids)
    assert "self-hosted" in condition_problem(text, Asked())


@settings(deadline=None)  # the first example pays for loading CEL
@given(st.text(alphabet="'\"\\|&! ()=ainrtepositoryd_.,[]0129", min_size=1, max_size=30), st.integers(0, 200))
def test_an_accepted_condition_never_admits_a_stranger(noise: str, place: int) -> None:
    """Whatever is put into a good condition: if the reader still accepts it, CEL still refuses the stranger."""
    good = condition("91", ["70"], ["push"])
    changed = good[:place] + noise + good[place:]
    if condition_problem(changed, SELF_HOSTED):
        return
    stranger = {"repository_owner_id": "666", "repository_id": "667", "event_name": "push"}
    try:
        assert evaluate(changed, stranger) is not True
    except ExpressionError:
        return


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "assertion.repository_owner_id == '1' || true",
        "assertion.repository_owner_id == \"1\" && assertion.repository_id == '2' && assertion.event_name == 'push'",
        "assertion.repository_owner_id == '1' && assertion.repository_id == '2' && !(assertion.event_name == 'push')",
        "assertion.repository_owner_id == '1' && assertion.repository_id == '*' && assertion.event_name == 'push'",
        "assertion.repository_owner_id == '1' && assertion.repository_id == '' && assertion.event_name == 'push'",
        "assertion.repository_owner_id == '1' && assertion.repository_id == '2' && assertion.event_name == 'release'",
        "assertion.repository_owner_id == '1' && assertion.repository_id.matches('2') && assertion.event_name == ''",
        f"{TWO} && assertion.repository_id == '3'",
    ],
)
def test_other_words_are_refused(text: str) -> None:
    assert condition_problem(text, SELF_HOSTED)


def test_a_condition_longer_than_google_allows() -> None:
    many = [str(10**11 + number) for number in range(400)]

    assert "4096" in condition_problem(condition("1", many, ["push"]), SELF_HOSTED)


def test_workflows_that_the_request_trusts_are_pinned() -> None:
    trusted = "o/r/.github/workflows/deploy.yaml@refs/heads/main"
    asked = Asked(self_hosted_runners=True, trusted_workflows=(trusted,))
    base = condition("1", ["2"], ["push"])

    assert "job_workflow_ref" in condition_problem(base, asked)
    assert condition_problem(f"{base} && assertion.job_workflow_ref in ['{trusted}']", asked) == ""
    assert "path@ref" in condition_problem(f"{base} && assertion.job_workflow_ref in ['o/*']", SELF_HOSTED)


def test_mappings_of_too_many_attributes() -> None:
    crowd = dict(BOUND) | {f"attribute.a{number}": "assertion.ref" for number in range(60)}

    assert any("Google allows 50" in problem for problem in mapping_problems(crowd))
    assert list(mapping_problems(BOUND)) == []


@given(st.text(max_size=40))
def test_a_principal_of_a_pool_is_never_bound_by_a_free_value(value: str) -> None:
    pool = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/team-dev-gh"
    member = f"{pool}/attribute.repo_env_ref_event/{value}"
    allowed = principal_problem(member, "deploy", None) == ""

    parts = value.split(":")
    shape = len(parts) == 4 and parts[0].isdigit() and bool(parts[1]) and parts[2].startswith("refs/heads/")
    assert not allowed or shape
    assert principal_problem(member, "runtime", None)
    assert repository_of("group:a@example.com") == ""


_MAIN = "refs/heads/main"


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        ("deploy", f"repo_env_ref_event/7:prod:{_MAIN}:push", True),
        ("deploy", f"repo_env_ref_event/7::{_MAIN}:push", False),
        ("deploy", f"repo_env_ref_event/7:prod:{_MAIN}:schedule", False),
        ("deploy", "repo_event/7::pull_request", False),
        ("plan", f"repo_env_ref_event/7::{_MAIN}:schedule", True),
        ("plan", f"repo_env_ref_event/7:prod:{_MAIN}:push", False),
        ("plan", "repo_event/7::pull_request", True),
        ("plan", "repo_event/7:prod:pull_request", False),
        ("runtime", f"repo_env_ref_event/7:prod:{_MAIN}:push", False),
        (None, f"repo_env_ref_event/7:prod:{_MAIN}:push", True),
        (None, "repo_event/7::pull_request", False),
    ],
)
def test_each_account_has_its_own_grammar(kind: Persona | None, value: str, fits: bool) -> None:  # noqa: FBT001 - a column
    pool = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/team-dev-gh"

    assert (principal_problem(f"{pool}/attribute.{value}", kind, None) == "") is fits
