"""Derived names: legal, bounded, stable, and never the same for two things."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.request.models import Request
from provisioner.request.names import (
    account_id_problem,
    bounded,
    bucket_problem,
    derived_names,
    environment_problem,
    pool_id_problem,
    project_id_problem,
    stable_hash,
)
from provisioner.request.parts import Bucket, Environment, Registry, Service
from provisioner.request.resolve import Team, resolve
from tests.request.inputs import platform

SLUGS = st.from_regex(r"[a-z][a-z0-9-]{0,28}[a-z0-9]", fullmatch=True)
ENVIRONMENTS = st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True)
KEYS = st.from_regex(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?", fullmatch=True)
PROJECTS = st.from_regex(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", fullmatch=True)
LEGAL = {
    "plan account": r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "deploy account": r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "runtime account": r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "workload identity pool": r"[a-z][a-z0-9-]{2,30}[a-z0-9]",
    "bucket": r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "registry": r"[a-z][a-z0-9-]{0,61}[a-z0-9]",
    "service": r"[a-z][a-z0-9-]{0,47}[a-z0-9]",
}


def team(slug: str, environment: str, project: str, key: str, *, shared: bool = False) -> Team:
    request = Request(
        team=slug,
        owner="a@example.com",
        cost_center="cc-1",
        data_class="internal",
        environments={environment: Environment(project=project)},
        buckets={key: Bucket()},
        registries={key: Registry()},
        services={key: Service()},
    )
    return resolve(request, platform(shared_projects=(project,) if shared else ()))


@given(slug=SLUGS, environment=ENVIRONMENTS, project=PROJECTS, key=KEYS, shared=st.booleans())
def test_every_name_is_legal_however_long_its_parts(
    slug: str, environment: str, project: str, key: str, *, shared: bool
) -> None:
    for name in derived_names(team(slug, environment, project, key, shared=shared)):
        assert re.fullmatch(LEGAL[name.what], name.name), name


@given(SLUGS, ENVIRONMENTS, PROJECTS, KEYS)
def test_the_same_request_gives_the_same_names(slug: str, environment: str, project: str, key: str) -> None:
    first, second = (derived_names(team(slug, environment, project, key)) for _ in range(2))
    assert first == second


@given(
    parts=st.lists(st.text("abc-", min_size=1, max_size=20), min_size=1, max_size=4),
    limit=st.integers(16, 40),
    salted=st.booleans(),
)
def test_a_name_fits_and_says_when_it_was_cut(parts: list[str], limit: int, *, salted: bool) -> None:
    name = bounded(parts, limit, suffix="-x", salted=salted)
    whole = "-".join(parts) + "-x"
    assert len(name) <= limit
    assert name == whole if not salted and len(whole) <= limit else name.endswith(f"-{stable_hash(parts)}-x")


@given(SLUGS, SLUGS, ENVIRONMENTS, ENVIRONMENTS)
def test_in_a_shared_project_two_teams_never_meet(one: str, other: str, first: str, second: str) -> None:
    pairs = {(one, first), (other, second)}
    names = {derived_names(team(slug, name, "example-shared", "k", shared=True)) for slug, name in pairs}
    assert len({each.name for found in names for each in found if each.what == "plan account"}) == len(pairs)


def test_joined_names_would_meet_without_the_hash() -> None:
    plain = [bounded(parts, 30) for parts in (("a-b", "c"), ("a", "b-c"))]
    salted = [bounded(parts, 30, salted=True) for parts in (("a-b", "c"), ("a", "b-c"))]
    assert plain[0] == plain[1]
    assert salted[0] != salted[1]


def test_names_stay_what_they_were_in_earlier_versions() -> None:
    """A changed name would replace buckets and accounts: these are frozen."""
    long = team("a-team-with-a-very-long-name", "staging-europe", "example-project-with-a-name", "raw-customer-events")
    assert [name.name for name in derived_names(long)] == [
        "a-team-with-a-very-hf2fie-plan",
        "a-team-with-a-ve-hf2fie-deploy",
        "a-team-with-a-v-hf2fie-runtime",
        "a-team-with-a-very-lon-hf2fie-gh",
        "example-project-with-a-name-a-team-with-a-very-long-name-rrkyyl",
        "a-team-with-a-very-long-name-staging-europe-raw-customer-events",
        "a-team-with-a-very-long-name-staging-europ-7y3yty",
    ]
    assert [name.shortened for name in derived_names(long)] == [True, True, True, True, True, False, True]


@pytest.mark.parametrize(
    ("check", "text", "found"),
    [
        (project_id_problem, "short", "6-30"),
        (project_id_problem, "ends-with-", "ends without"),
        (project_id_problem, "x-undefined-y", "'undefined'"),
        (project_id_problem, "good-project-1", None),
        (environment_problem, "dev", None),
        (environment_problem, "github", "GITHUB_"),
        (environment_problem, "githubby", None),
        (environment_problem, "dev\n", "1-31"),
        (account_id_problem, "a-b", "6-30"),
        (pool_id_problem, "gcp-x", "gcp-"),
        (pool_id_problem, "abc", "4-32"),
        (bucket_problem, "goog-x", "goog"),
        (bucket_problem, "my-g00gle-x", "google"),
        (bucket_problem, "ab", "3-63"),
        (bucket_problem, "fine-bucket", None),
    ],
)
def test_owners_rules(check: object, text: str, found: str | None) -> None:
    assert callable(check)
    said = check(text)
    assert said is None if found is None else found in said
