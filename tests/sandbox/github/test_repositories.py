from __future__ import annotations

import github
import pytest

from provisioner.sandbox.github import seed_github
from tests.sandbox.github.hub import Hub


def test_pygithub_creates_changes_and_deletes_a_repository(hub: Hub) -> None:
    org = hub.client().get_organization("acme")
    made = org.create_repo("model", private=True, description="Scores", has_wiki=False)
    assert (made.full_name, made.private, made.default_branch, made.has_wiki) == ("acme/model", True, "main", False)
    assert made.id > 2**30
    made.edit(description="Better scores", delete_branch_on_merge=True)
    again = hub.client().get_repo("acme/model")
    assert (again.description, again.delete_branch_on_merge, again.id) == ("Better scores", True, made.id)
    again.replace_topics(["Fraud", "mlops"])
    assert again.get_topics() == ["fraud", "mlops"]
    again.enable_vulnerability_alert()
    assert again.get_vulnerability_alert()
    again.enable_automated_security_fixes()
    user = hub.client(hub.tokens["user"])
    user.get_repo("acme/model").delete()
    with pytest.raises(github.UnknownObjectException):
        hub.client().get_repo("acme/model")


def test_a_repository_made_again_has_another_number(hub: Hub) -> None:
    org = hub.client(hub.tokens["user"]).get_organization("acme")
    first = org.create_repo("model", private=True)
    first.delete()
    assert org.create_repo("model", private=True).id != first.id


def test_a_taken_name_is_refused_in_githubs_shape(hub: Hub) -> None:
    path = hub.repository()
    refused = hub.call("POST", "/orgs/acme/repos", {"name": "MODEL"})
    assert refused.status_code == 422
    assert refused.json()["message"] == "Repository creation failed."
    expected = {"resource": "Repository", "code": "custom", "field": "name"}
    assert refused.json()["errors"] == [{**expected, "message": "name already exists on this account"}]
    assert refused.json()["documentation_url"].startswith("https://docs.github.com/rest/repos/repos")
    assert hub.call("GET", path).status_code == 200


def test_what_a_body_may_not_contain_is_refused_not_dropped(hub: Hub) -> None:
    refused = hub.call("POST", "/orgs/acme/repos", {"name": 5, "colour": "blue"})
    assert refused.status_code == 422
    assert '"colour" is not a permitted key.' in refused.json()["message"]
    assert "For 'properties/name', 5 is not a string." in refused.json()["message"]
    assert '"name" wasn\'t supplied.' in hub.call("POST", "/orgs/acme/repos", {}).json()["message"]
    assert hub.call("GET", "/orgs/acme/repos").json() == []


def test_a_rename_leaves_a_redirection_that_ends_when_the_name_is_taken(hub: Hub) -> None:
    hub.repository("old")
    client = hub.client()
    client.get_repo("acme/old").edit(name="new")
    moved = hub.call("GET", "/repos/acme/old")
    assert moved.status_code == 301
    assert moved.headers["location"].startswith(hub.url("api.github.com"))
    assert client.get_repo("acme/old").name == "new"
    assert hub.call("PATCH", "/repos/acme/old", {"description": "x"}).status_code == 307
    hub.repository("old")
    assert client.get_repo("acme/old").name == "old"


def test_an_archived_repository_is_read_only_until_it_is_not(hub: Hub) -> None:
    path = hub.repository(auto_init=True)
    assert hub.call("PATCH", path, {"archived": True}).json()["archived"] is True
    refused = hub.call("POST", f"{path}/actions/variables", {"name": "A", "value": "1"})
    assert (refused.status_code, refused.json()["message"]) == (403, "Repository was archived so is read-only.")
    assert hub.call("PATCH", path, {"description": "x"}).status_code == 403
    assert hub.call("PATCH", path, {"archived": False}).status_code == 200
    assert hub.call("POST", f"{path}/actions/variables", {"name": "A", "value": "1"}).status_code == 201


def test_the_default_branch_must_exist(hub: Hub) -> None:
    path = hub.repository(auto_init=True)
    refused = hub.call("PATCH", path, {"default_branch": "trunk"})
    assert refused.status_code == 422
    assert "The branch trunk was not found." in refused.json()["errors"][0]["message"]


def test_pages_links_and_etags(hub: Hub) -> None:
    for number in range(5):
        hub.repository(f"r{number}")
    first = hub.call("GET", "/orgs/acme/repos?per_page=2")
    assert [row["name"] for row in first.json()] == ["r0", "r1"]
    assert 'page=2>; rel="next"' in first.headers["link"]
    assert 'page=3>; rel="last"' in first.headers["link"]
    assert hub.url("api.github.com") in first.headers["link"]
    names = [repo.name for repo in hub.client().get_organization("acme").get_repos()]
    assert names == [f"r{number}" for number in range(5)]
    same = hub.call("GET", "/repos/acme/r0", if_none_match=hub.call("GET", "/repos/acme/r0").headers["etag"])
    assert (same.status_code, same.content) == (304, b"")
    hub.call("PATCH", "/repos/acme/r0", {"description": "changed"})
    assert hub.call("GET", "/repos/acme/r0", if_none_match=same.headers["etag"]).status_code == 200


def test_what_is_not_played_is_refused_by_name(hub: Hub) -> None:
    path = hub.repository()
    refused = hub.call("GET", f"{path}/pages")
    assert refused.status_code == 501
    assert refused.json()["message"] == f"The sandbox does not implement GET {path}/pages."


def test_a_failed_request_leaves_nothing_behind(hub: Hub) -> None:
    refused = hub.call("POST", "/orgs/acme/repos", {"name": "half", "private": True, "team_id": 1})
    assert refused.status_code == 404
    assert hub.call("GET", "/repos/acme/half").status_code == 404
    hub.repository("half")


def test_nothing_of_a_deleted_repository_stays(hub: Hub) -> None:
    path = hub.repository(auto_init=True)
    number = hub.call("GET", path).json()["id"]
    hub.call("PUT", f"{path}/environments/prod", {})
    hub.call("POST", f"{path}/environments/prod/variables", {"name": "A", "value": "1"})
    hub.call("PUT", f"/orgs/acme/teams/fraud{path}", {"permission": "push"})
    place = hub.world.folder / "git" / f"{number}.git"
    assert place.exists()
    assert hub.call("DELETE", path, token=hub.tokens["user"]).status_code == 204
    assert not place.exists()
    with hub.world.store.transaction() as tx:
        kept = [
            key
            for collection in ("environments", "variables", "team_access", "rulesets")
            for key, _ in tx.scan(f"github/{collection}", f"{number}/")
        ]
    assert kept == []
    assert hub.call("GET", "/orgs/acme/teams/fraud/repos").json() == []


def test_switches_and_visibility(hub: Hub) -> None:
    path = hub.repository(visibility="internal")
    assert hub.call("GET", path).json()["visibility"] == "internal"
    body = {"security_and_analysis": {"dependabot_security_updates": {"status": "enabled"}}}
    shown = hub.call("PATCH", path, body).json()["security_and_analysis"]
    assert shown["dependabot_security_updates"] == {"status": "enabled"}
    assert hub.call("GET", f"{path}/automated-security-fixes").json() == {"enabled": True, "paused": False}
    hub.call("DELETE", f"{path}/automated-security-fixes")
    assert hub.call("GET", f"{path}/automated-security-fixes").json()["enabled"] is False
    assert hub.call("GET", f"{path}/vulnerability-alerts").status_code == 404
    other = {"security_and_analysis": {"unheard_of": {"status": "enabled"}}}
    assert hub.call("PATCH", path, other).status_code == 501
    assert hub.call("POST", "/orgs/acme/repos", {"name": "x", "license_template": "mit"}).status_code == 501
    assert hub.call("PUT", f"{path}/topics", {"names": ["a b"]}).status_code == 422
    assert hub.call("PUT", f"{path}/topics", {"names": [f"t{n}" for n in range(21)]}).status_code == 422


def test_a_team_plan_has_no_internal_repositories(hub: Hub) -> None:
    hub.write(lambda tx: seed_github(hub.world, tx, owner="acme", plan="team"))
    refused = hub.call("POST", "/orgs/acme/repos", {"name": "x", "visibility": "internal"})
    assert refused.status_code == 422


def test_a_team_is_let_in_as_the_repository_is_made(hub: Hub) -> None:
    team = hub.call("GET", "/orgs/acme/teams/fraud").json()["id"]
    path = hub.repository(team_id=team)
    assert [row["slug"] for row in hub.call("GET", f"{path}/teams").json()] == ["fraud"]


@pytest.mark.parametrize("name", ["", "..", "x" * 101])
def test_names_that_cannot_be(hub: Hub, name: str) -> None:
    assert hub.call("POST", "/orgs/acme/repos", {"name": name}).status_code == 422


def test_other_characters_in_a_name_become_hyphens(hub: Hub) -> None:
    assert hub.call("POST", "/orgs/acme/repos", {"name": "my model!"}).json()["name"] == "my-model-"


def test_the_default_branch_is_changed_for_git_too(hub: Hub) -> None:
    path = hub.repository(auto_init=True)
    head = hub.call("GET", f"{path}/git/ref/heads/main").json()["object"]["sha"]
    hub.call("POST", f"{path}/git/refs", {"ref": "refs/heads/trunk", "sha": head})
    assert hub.call("PATCH", path, {"default_branch": "trunk"}).json()["default_branch"] == "trunk"
    assert hub.call("DELETE", f"{path}/git/refs/heads/trunk").status_code == 422
    assert hub.call("DELETE", f"{path}/git/refs/heads/main").status_code == 204
