"""The page for reviewers: what it shows, that it asks nobody for anything, and that names cannot break it."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from provisioner.access import cases, compute
from provisioner.access.page import page
from provisioner.access.picture import Account, draw
from tests.access.models import REPOSITORY, model_of, with_condition
from tests.policy.roots import fraud_detection

TEAM = fraud_detection()
MODEL = model_of(TEAM)
CASES = cases(TEAM, REPOSITORY)
DOCUMENT = compute(MODEL, CASES).document()


class Elements(HTMLParser):
    """Collects the elements of a page, and what is open at its end."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def html(document: dict[str, Any]) -> str:
    return page("fraud-detection", document, origin="Established by run up-1", made="2026-11-21")


def test_holdings_are_what_the_grants_say() -> None:
    held = {(each["identity"], each["role"], each["scope"]) for each in DOCUMENT["holdings"]}
    for grant in MODEL.grants:
        owner = [
            i
            for i in {c.identity.name: c.identity for c in CASES}.values()
            if grant.member == f"serviceAccount:{i.email}"
        ]
        assert all((identity.name, grant.role, grant.scope) in held for identity in owner)
    assert {identity.partition("/")[2] for identity, _, _ in held} >= {"plan", "deploy"}


def test_the_page_is_whole_and_asks_nobody() -> None:
    text = html(DOCUMENT)
    elements = Elements(text)
    assert elements.open == []
    tags = [tag for tag, _ in elements.found]
    assert tags.count("svg") == len(TEAM.environments)
    assert not {"script", "img", "link", "iframe", "form"} & set(tags)
    assert not [
        name for _, attributes in elements.found for name in attributes if name.startswith(("on", "src", "href"))
    ]
    assert "default-src 'none'" in text
    assert "as promised" in text
    granted = [row for row in DOCUMENT["rows"] if row["expected"]]
    assert all(row["context"] in text for row in granted)
    assert f"Ways in ({len(granted)})" in text


def test_every_refusal_is_listed_with_its_reason() -> None:
    text = html(DOCUMENT)
    refused = [row for row in DOCUMENT["rows"] if not row["expected"]]
    assert sum(map(int, re.findall(r"<summary><strong>(\d+)</strong>", text))) == len(refused)
    assert all(row["reason"] in text for row in refused)


def test_a_wrong_row_stands_at_the_top() -> None:
    loosened = compute(with_condition(MODEL, "true"), CASES).document()
    text = html(loosened)
    assert "NOT as promised" in text
    assert text.index("Wrong</h2>") < text.index("<svg")
    assert "NOT as promised" not in html(DOCUMENT)


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x>', "{{ 7 * 7 }}", "'--></svg>"])
def test_names_stay_text(hostile: str) -> None:
    row = {**DOCUMENT["rows"][0], "context": hostile, "identity": f"dev/{hostile}", "expected": True}
    held = [{"identity": f"dev/{hostile}", "account": hostile, "role": hostile, "scope": hostile, "conditional": False}]
    elements = Elements(html({**DOCUMENT, "rows": [row], "holdings": held}))
    assert elements.open == []
    assert not {"script", "img"} & {tag for tag, _ in elements.found}


def test_what_roles_allow_and_what_terraform_does_not_know_is_told() -> None:
    stranger = {"member": "user:eve@example.com", "role": "", "scope": "key:abc", "condition": "", "ours": True}
    roles = {"roles/run.viewer": ["run.services.get", "<b>"]}
    text = html({**DOCUMENT, "roles": roles, "unmanaged": [stranger], "unread": ["folder 7"]})
    assert Elements(text).open == []
    assert "2 permissions" in text
    assert "<code>run.services.get</code> <code>&lt;b&gt;</code>" in text
    assert "<details open><summary>1 grants and keys" in text
    assert '<td class="bad">user:eve@example.com</td>' in text
    assert "Could not be read: folder 7." in text
    assert "Not from Terraform" not in html(DOCUMENT)


def test_boxes_do_not_overlap_and_arrows_meet_them() -> None:
    accounts = [
        Account("plan", tuple((f"job {n}", n % 2 == 0) for n in range(7)), ("a on b",)),
        Account("deploy", (("push", True),), tuple(f"role {n}" for n in range(9))),
        Account("runtime", (), ()),
    ]
    picture = draw(accounts)
    for kind in ("job", "account", "role"):
        column = sorted((box.y, box.y + box.height) for box in picture.boxes if box.kind == kind)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(column))
    assert all(box.y >= 0 and box.y + box.height <= picture.height for box in picture.boxes)
    assert len(picture.arrows) == 7 + 1 + 1 + 9
    assert sum(not arrow.tried for arrow in picture.arrows) == 3
