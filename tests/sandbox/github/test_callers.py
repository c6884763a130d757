from __future__ import annotations

import github
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from provisioner.sandbox.github import accounts, apps, callers, seed_github
from tests.sandbox.github.hub import Hub


def test_who_calls_decides_what_exists(hub: Hub) -> None:
    path = hub.repository()
    stranger = hub.write(lambda tx: _person(tx, "mallory", ("repo",)))
    assert hub.call("GET", path, token="").status_code == 404
    assert hub.call("GET", path, token=stranger).json()["message"] == "Not Found"
    assert hub.call("GET", path, token="ghp_wrong").json()["message"] == "Bad credentials"
    assert hub.call("GET", path, token="ghp_wrong").status_code == 401
    assert hub.call("GET", "/user", token="").json()["message"] == "Requires authentication"
    hub.call("PATCH", path, {"visibility": "public"})
    assert hub.call("GET", path, token="").status_code == 200
    assert hub.call("PATCH", path, {"description": "mine"}, token=stranger).status_code == 403


def _person(tx: object, login: str, scopes: tuple[str, ...]) -> str:
    account = accounts.create_account(tx, login, "User", "2026-01-01T00:00:00Z")  # type: ignore[arg-type]
    return callers.issue_classic_token(tx, account["id"], scopes)  # type: ignore[arg-type]


def test_an_app_lacking_a_permission_is_told_which_one(hub: Hub) -> None:
    path = hub.repository()
    installed = hub.write(lambda tx: apps.account_has_app(tx, apps.find_app(tx, "provision-env")["id"], "acme"))  # type: ignore[index]
    token = hub.write(lambda tx: callers.issue_installation_token(tx, installed["id"], {"contents": "read"}))
    refused = hub.call("PUT", f"{path}/environments/dev", {}, token=token)
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    assert refused.headers["x-accepted-github-permissions"] == "administration=write"
    assert hub.call("GET", path, token=token).status_code == 200


def test_a_fine_grained_token_is_held_to_its_permissions_and_its_owner(hub: Hub) -> None:
    path = hub.repository()
    ann = hub.write(lambda tx: accounts.find_account(tx, "ann"))["id"]
    acme = hub.write(lambda tx: accounts.find_account(tx, "acme"))["id"]
    hub.call("PUT", f"{path}/collaborators/ann", {"permission": "admin"})
    reading = hub.write(lambda tx: callers.issue_fine_grained_token(tx, ann, acme, {"contents": "read"}))
    refused = hub.call("PUT", f"{path}/topics", {"names": []}, token=reading)
    assert refused.json()["message"] == "Resource not accessible by personal access token"
    elsewhere = hub.write(lambda tx: callers.issue_fine_grained_token(tx, ann, ann, {"administration": "write"}))
    assert hub.call("GET", path, token=elsewhere).status_code == 404
    writing = hub.write(lambda tx: callers.issue_fine_grained_token(tx, ann, acme, {"administration": "write"}))
    assert hub.call("PUT", f"{path}/topics", {"names": []}, token=writing).status_code == 200


def test_a_classic_token_shows_its_scopes_and_needs_them(hub: Hub) -> None:
    path = hub.repository()
    bea = hub.write(lambda tx: accounts.find_account(tx, "bea"))["id"]
    blind = hub.write(lambda tx: callers.issue_classic_token(tx, bea, ("read:org",)))
    assert hub.call("GET", path, token=blind).status_code == 404
    shown = hub.call("GET", "/user", token=hub.tokens["user"])
    assert shown.headers["x-oauth-scopes"] == "admin:org, delete_repo, repo, workflow"
    seeing = hub.write(lambda tx: callers.issue_classic_token(tx, bea, ("repo",)))
    assert hub.call("GET", path, token=seeing).json()["permissions"]["push"] is False
    refused = hub.call("PUT", f"{path}/topics", {"names": []}, token=seeing)
    assert (refused.status_code, refused.json()["message"]) == (403, "Must have admin rights to Repository.")


def test_an_apps_own_jwt_gets_a_token_that_ends(hub: Hub) -> None:
    app = hub.write(lambda tx: apps.find_app(tx, "provision-env"))
    pem = hub.write(lambda tx: apps.app_private_key(tx, app["id"]))
    integration = github.GithubIntegration(
        auth=github.Auth.AppAuth(app["id"], pem.decode()), base_url=hub.url("api.github.com")
    )
    assert integration.get_app().slug == "provision-env"
    installation = integration.get_org_installation("acme")
    assert installation.raw_data["permissions"]["administration"] == "write"
    token = integration.get_access_token(installation.id, permissions={"metadata": "read"})
    assert token.permissions == {"metadata": "read"}
    hub.repository()
    assert hub.call("GET", "/installation/repositories", token=token.token).json()["total_count"] == 1
    assert hub.call("PATCH", "/repos/acme/model", {"description": "x"}, token=token.token).status_code == 403
    hub.world.clock.advance(3601)
    assert hub.call("GET", "/installation/repositories", token=token.token).status_code == 401


def test_a_jwt_that_lasts_too_long_or_is_signed_by_another_is_refused(hub: Hub) -> None:
    app = hub.write(lambda tx: apps.find_app(tx, "provision-env"))
    key = RSAKey.import_key(hub.write(lambda tx: apps.app_private_key(tx, app["id"])))
    now = int(hub.world.clock.now().timestamp())
    long = jwt.encode({"alg": "RS256"}, {"iss": app["client_id"], "iat": now, "exp": now + 3600}, key)
    refused = hub.call("GET", "/app", token=long)
    assert (refused.status_code, "too far in the future" in refused.text) == (401, True)
    forged = jwt.encode({"alg": "RS256"}, {"iss": app["id"], "iat": now, "exp": now + 60}, RSAKey.generate_key(2048))
    assert hub.call("GET", "/app", token=forged).json()["message"] == "A JSON web token could not be decoded"
    assert hub.call("GET", "/app").status_code == 401


def test_the_rate_limit_is_counted_shown_and_enforced(hub: Hub) -> None:
    spent = [hub.call("GET", "/versions", token="") for _ in range(60)]
    assert [answer.headers["x-ratelimit-remaining"] for answer in spent[-2:]] == ["1", "0"]
    refused = hub.call("GET", "/versions", token="")
    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    assert "API rate limit exceeded" in refused.json()["message"]
    assert hub.call("GET", "/versions").status_code == 200
    hub.world.clock.advance(3601)
    assert hub.call("GET", "/versions", token="").status_code == 200


def test_a_request_names_its_client_and_a_version_that_exists(hub: Hub) -> None:
    assert hub.call("GET", "/versions", user_agent="").status_code == 403
    assert hub.call("GET", "/versions", x_github_api_version="2001-01-01").status_code == 400
    assert hub.call("GET", "/versions").headers["x-github-api-version-selected"] == "2022-11-28"


@pytest.mark.parametrize("form", ["Bearer {}", "token {}"])
def test_the_token_may_be_sent_in_either_form(hub: Hub, form: str) -> None:
    answer = hub.call("GET", "/orgs/acme", token="", authorization=form.format(hub.tokens["installation"]))
    assert answer.json()["plan"]["name"] == "enterprise"


def test_a_token_changes_nothing_of_another_owners_public_repository(hub: Hub) -> None:
    hub.write(lambda tx: seed_github(hub.world, tx, owner="other"))
    made = hub.call("POST", "/orgs/other/repos", {"name": "open"})
    assert made.status_code == 201
    app = hub.write(lambda tx: apps.find_app(tx, "provision-env"))
    held = hub.write(lambda tx: apps.account_has_app(tx, app["id"], "acme"))
    token = hub.write(lambda tx: callers.issue_installation_token(tx, held["id"], app["permissions"]))
    assert hub.call("GET", "/repos/other/open", token=token).status_code == 200
    refused = hub.call("PATCH", "/repos/other/open", {"description": "mine"}, token=token)
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
