"""Whatever is sent to GitHub's API, the answer is GitHub's: never a mistake of ours, never silence."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from provisioner.sandbox.github import github_application, operator_tokens, seed_github
from provisioner.sandbox.github.routing import Route
from provisioner.sandbox.github.table import ROUTES
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import World, open_world

_FEW, _PER_ROUTE = 120, 40
_KNOWN = ("acme", "model", "ann", "fraud", "main", "1", "2", "dev", "ci.yml", "README.md", "heads/main", "platform")
_ODD = ("", "0", "-1", "99999999999999999999", "..", "\x00", "ünï", "a b", "%2F", "x" * 300, "refs/heads/main", "😀")
_FIELDS = (
    *("name", "private", "description", "ref", "sha", "message", "content", "branch", "title", "body", "head", "base"),
    *("state", "labels", "enforcement", "target", "rules", "conditions", "bypass_actors", "reviewers", "wait_timer"),
    *(
        "deployment_branch_policy",
        "type",
        "value",
        "encrypted_value",
        "key_id",
        "permission",
        "role",
        "inputs",
        "event",
    ),
    *(
        "tree",
        "parents",
        "object",
        "tag",
        "force",
        "names",
        "visibility",
        "archived",
        "topics",
        "use_default",
        "context",
    ),
    *("include_claim_keys", "status", "conclusion", "environment_ids", "comment", "config", "events", "active", "sub"),
    *("enabled", "allowed_actions", "selected_repository_ids", "default_branch", "has_issues", "merge_method"),
)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from((*_KNOWN, *_ODD)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=3),
    max_leaves=6,
)
_LITERALS = (b"", b"{", b"[]", b"null", b'"x"', b"1e999", b'{"name": "\\ud800"}', b"\xff", b"[" * 5000 + b"]" * 5000)
PHASES = (Phase.generate,)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = open_world(MemoryStore(), tmp_path_factory.mktemp("hub"))
    with world.store.transaction() as tx:
        teams = [{"slug": "fraud", "members": ["ann"]}]
        seed_github(world, tx, owner="acme", plan="enterprise", users=("ann", "bea"), teams_wanted=teams)
    # With two unlucky deletions everything is gone: what is asked for again is made again.
    furnish(world)
    return world


def furnish(world: World) -> None:
    for verb, path, body in (
        ("POST", "/orgs/acme/repos", {"name": "model", "private": True, "auto_init": True}),
        ("PUT", "/repos/acme/model/environments/dev", {}),
        ("POST", "/repos/acme/model/issues", {"title": "One"}),
    ):
        send(world, Request(verb, "api.github.com", path, "", headers(token(world)), json.dumps(body).encode()))


def token(world: World, kind: str = "user") -> str:
    with world.store.transaction() as tx:
        return str(operator_tokens(world, tx)[kind])


def headers(bearer: str) -> dict[str, str]:
    credentials = {"authorization": f"Bearer {bearer}"} if bearer else {}
    return {"user-agent": "fuzz", "content-type": "application/json", **credentials}


def send(world: World, request: Request) -> Response:
    return github_application(world)(request)


def check(world: World, request: Request) -> None:
    response = send(world, request)
    content = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    assert response.status != 500, (request, content)
    for name, value in response.headers:
        assert "\n" not in name + value
    if response.status >= 400 and content:
        assert json.loads(content)["message"], (request, content)
    if request.method == "DELETE":
        furnish(world)


def requests_of(world: World, entry: Route) -> st.SearchStrategy[Request]:
    word = st.sampled_from(_KNOWN) | st.sampled_from(_KNOWN) | st.sampled_from(_ODD)
    bearer = st.sampled_from((token(world),) * 4 + (token(world, "installation"), "", "ghp_unknown"))
    return st.builds(
        lambda path, query, body, given: Request(entry.method, "api.github.com", path, query, headers(given), body),
        st.lists(word, min_size=8, max_size=8).map(lambda words: path_of(entry.template, words)),
        st.lists(
            st.tuples(st.sampled_from(("per_page", "page", "ref", "state", "q", *_FIELDS[:6])), word), max_size=3
        ).map(urlencode),
        bodies(),
        bearer,
    )


def path_of(template: str, words: list[str]) -> str:
    """Fill a template; owner and repository are mostly the ones there are."""
    fixed = {"owner": "acme", "org": "acme", "repo": "model"}
    parts = template.replace("+}", "}").split("{")
    path = parts[0]
    for part, word in zip(parts[1:], words, strict=False):
        name, _, rest = part.partition("}")
        value = fixed.get(name, word) if word in _KNOWN else word
        path += quote(value, safe="/" if "+}" in template else "") + rest
    return path


def bodies() -> st.SearchStrategy[bytes]:
    some: st.SearchStrategy[Any] = st.dictionaries(st.sampled_from(_FIELDS), _ANYTHING, max_size=6)
    encoded = some.map(lambda value: json.dumps(value).encode())
    return encoded | encoded | encoded | _ANYTHING.map(lambda v: json.dumps(v).encode()) | st.sampled_from(_LITERALS)


@settings(max_examples=_FEW, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_route(hub: World, data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(ROUTES), label="route")
    check(hub, data.draw(requests_of(hub, entry), label="request"))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("entry", ROUTES, ids=lambda entry: f"{entry.method} {entry.template}")
def test_every_route(hub: World, entry: Route) -> None:
    def hold(request: Request) -> None:
        check(hub, request)

    often = settings(max_examples=_PER_ROUTE, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
    often(given(requests_of(hub, entry))(hold))()
