"""Whatever a job looks like: it gets in exactly when the promise says so."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.access import Case, JobContext, claims, compute, identities
from provisioner.access.claims import Repository
from provisioner.access.contexts import should_reach
from provisioner.access.expressions import extract
from tests.access.models import REPOSITORY, model_of
from tests.policy.roots import fraud_detection

TEAM = fraud_detection()
MODEL = model_of(TEAM)
IDENTITIES = identities(TEAM)
_LONG_ENOUGH = 60

environments = st.one_of(
    st.none(),
    st.just("dev"),
    st.just(""),
    st.sampled_from(["dev", "stage", "prod", "Dev", "push", "", "dev:refs/heads/main", "dev:", ":dev", "prod "]),
    st.text(max_size=_LONG_ENOUGH),
)
refs = st.one_of(
    st.just("refs/heads/main"),
    st.just("refs/heads/main"),
    st.sampled_from(
        ["refs/heads/main", "refs/tags/main", "refs/heads/dev", "refs/pull/7/merge", "refs/heads/main:push"]
    ),
    st.text(max_size=_LONG_ENOUGH).map(lambda text: f"refs/heads/{text}"),
)
events = st.one_of(
    st.sampled_from(["push", "workflow_dispatch", "schedule", "pull_request"]),
    st.sampled_from(["push", "workflow_dispatch", "schedule", "pull_request", "pull_request_target", "workflow_run"]),
    st.text(max_size=20),
)
repositories = st.one_of(
    st.just(REPOSITORY),
    st.builds(
        Repository,
        st.sampled_from(["701234567", "7012345670", "1"]),
        st.sampled_from(["91234567", "2"]),
        st.sampled_from(["example-ml/fraud-detection", "example-attacker/fraud-detection"]),
    ),
)
jobs = st.builds(
    JobContext,
    repositories,
    events,
    refs,
    environments,
    runner_environment=st.sampled_from(["github-hosted", "github-hosted", "self-hosted", ""]),
    audience=st.sampled_from([None, None, None, "https://github.com/somebody"]),
)


@settings(max_examples=400, deadline=None)
@given(jobs)
def test_only_the_promised_set_is_accepted(job: JobContext) -> None:
    found = [Case("any", job, i, expected=should_reach(job, i, TEAM, REPOSITORY)) for i in IDENTITIES]

    assert compute(MODEL, found).wrong == ()


@settings(deadline=None)
@given(
    jobs,
    st.sampled_from(sorted(claims(JobContext(REPOSITORY, "push", "refs/heads/main", "prod")))),
    st.text(max_size=9),
)
def test_a_claim_changed_by_hand_never_opens_what_the_job_itself_could_not(
    job: JobContext, name: str, value: str
) -> None:
    """Only what identifies the job counts; every other claim may say anything."""
    decisive = {"repository_id", "repository_owner_id", "environment", "ref", "event_name", "runner_environment"}
    if name in decisive:
        return
    altered = replace(job, altered=((name, value),))
    plain = compute(MODEL, [Case("any", job, i, expected=False) for i in IDENTITIES])
    changed = compute(MODEL, [Case("any", altered, i, expected=False) for i in IDENTITIES])

    assert [row.decision.reached for row in changed.rows] == [row.decision.reached for row in plain.rows]


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="{}"), min_size=1), st.text())
def test_extract_returns_what_stands_between(lead: str, mark: str, rest: str) -> None:
    found = extract(f"{lead}{mark}{rest}", f"{mark}{{name}}")

    assert f"{lead}{mark}{rest}".split(mark, 1)[1] == found


def test_extract_of_a_text_that_does_not_fit_is_empty() -> None:
    assert extract("refs/tags/v1", "refs/heads/{branch}") == ""
    assert extract("a/b", "{first}/") == "a"
    assert extract("a", "{first}/") == ""
