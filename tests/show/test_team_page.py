"""The page of a team: whole, complete, quiet, and no text of anybody's becomes more than text."""

from __future__ import annotations

import re
from html import escape as escaped
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from provisioner.access import cases, compute
from provisioner.access.team_page import team_page
from provisioner.wiring import consoles
from tests.access.models import REPOSITORY, model_of, with_condition
from tests.access.test_page import Elements
from tests.show.documents import ACCESS, FACTS, RUN, TEAM, document

HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "'--></svg></style>"]


def links(html: str) -> list[str]:
    return [attributes["href"] or "" for tag, attributes in Elements(html).found if tag == "a"]


def test_the_page_is_whole_and_asks_nobody() -> None:
    html = team_page(document())
    elements = Elements(html)
    assert elements.open == []
    tags = [tag for tag, _ in elements.found]
    assert not {"script", "img", "link", "iframe", "form", "object"} & set(tags)
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith(("on", "src"))]
    assert "default-src 'none'" in html
    assert "url(" not in html
    assert "@import" not in html
    assert tags.count("svg") == len(TEAM.environments)


def test_everything_that_was_asked_for_is_there() -> None:
    whole = document()
    html = team_page(whole)
    for spec in TEAM.environments:
        assert f'id="environment-{spec.name}"' in html
        assert f"{spec.budget.amount:,} {spec.budget.currency} a month" in html
        assert all(f"{name}: {value}" in html for name, value in spec.labels.items())
    granted = [row for row in ACCESS["rows"] if row["expected"]]
    assert all(row["context"] in html for row in granted)
    for word in (TEAM.request.owner, TEAM.request.cost_center, FACTS["clone_url"], RUN["id"], "team fraud-leads"):
        assert str(word) in html
    assert f"up to {sum(spec.budget.amount for spec in TEAM.environments):,} EUR a month" in html
    things = [thing for each in whole["environments"] for thing in each["things"]]
    assert {thing["link"] for thing in things} <= set(links(html))


def _written(text: str) -> str:
    return escaped(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")  # as jinja writes them


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_people_write_stays_text(hostile: str) -> None:
    whole = document(description=hostile, owner=hostile, team=hostile, cost_center=hostile, owner_group=hostile)
    for each in whole["environments"]:
        each |= {
            "name": hostile,
            "project": hostile,
            "branch": hostile,
            "reviewers": [hostile],
            "labels": {hostile: hostile},
        }
        each["things"] = [{"kind": hostile, "name": hostile, "link": hostile, "address": hostile}]
        each["resources"]["kinds"] = {hostile: 1}
    whole["runs"] = [{**RUN, "message": hostile, "requester": hostile}]
    whole["access"]["rows"] = [
        {**ACCESS["rows"][0], "context": hostile, "identity": f"{hostile}/plan", "expected": True}
    ]
    whole["repository"] |= {
        "full_name": hostile,
        "default_branch": hostile,
        "access": [{"who": hostile, "permission": hostile}],
    }
    html = team_page(whole)
    elements = Elements(html)
    assert elements.open == []
    assert not {"script", "img"} & {tag for tag, _ in elements.found}
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    assert f'<p class="lead">{_written(hostile)}</p>' in html


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "http://example.com", " https://x"])
def test_only_secure_addresses_become_links(address: str) -> None:
    whole = document()
    whole["environments"][0]["things"] = [{"kind": "service", "name": "one", "link": address, "address": address}]
    whole["repository"]["html_url"] = address
    assert address not in links(team_page(whole))
    assert all(each.startswith(("https://", "#")) for each in links(team_page(whole)))


def test_what_does_not_exist_is_not_shown_as_if_it_did() -> None:
    whole = document(access=None, repository=None)
    for each in whole["environments"]:
        each |= {"exists": False, "things": [], "resources": {"count": 0, "kinds": {}}}
    html = team_page(whole)
    assert html.count("no state holds it") == len(TEAM.environments)
    assert "<svg" not in html
    assert "as promised" not in html


def test_access_that_is_not_as_promised_is_named_twice() -> None:
    loosened = compute(with_condition(model_of(TEAM), "true"), cases(TEAM, REPOSITORY)).document()
    html = team_page(document(access={"origin": "x", "made": "y", **loosened}))
    assert "NOT as promised" in html
    wrong = [row for row in loosened["rows"] if not row["right"]]
    assert len(re.findall(r'class="bad">WRONG', html)) == len(wrong) > 0


def test_what_was_granted_by_hand_is_named_where_it_concerns_the_team() -> None:
    strange = [
        {"sentence": "user:eve@example.com holds <b>roles/owner</b>", "ours": True},
        {"sentence": "somebody else's", "ours": False},
    ]
    html = team_page(document(access={"origin": "x", "made": "y", **ACCESS, "right": False, "unmanaged": strange}))
    assert "Not from Terraform: user:eve@example.com holds &lt;b&gt;roles/owner&lt;/b&gt;." in html
    assert "somebody else" not in html


def address(url: str) -> tuple[str, str, dict[str, Any]]:
    parts = urlsplit(url)
    return parts.netloc, parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


def test_addresses_of_consoles() -> None:
    project = {"project": "example-churn-dev"}
    host = "console.cloud.google.com"
    service = address(consoles.of_service("scoring", "europe-west1", "example-churn-dev"))
    assert service == (host, "/run/detail/europe-west1/scoring/metrics", project)
    registry = address(consoles.of_registry("europe-west1-docker.pkg.dev/example.com:old/images", "example-churn-dev"))
    assert registry == (host, "/artifacts/docker/example.com%3Aold/europe-west1/images", project)
    assert address(consoles.of_bucket("a", "example-churn-dev")) == (host, "/storage/browser/a", project)
    account = address(consoles.of_account("a@b.iam.gserviceaccount.com", "example-churn-dev"))
    assert account[1] == "/iam-admin/serviceaccounts/details/a%40b.iam.gserviceaccount.com"
    odd = address(consoles.of_bucket("../x?y#z", "p&q=1"))
    assert odd == (host, "/storage/browser/../x%3Fy%23z", {"project": "p&q=1"})
