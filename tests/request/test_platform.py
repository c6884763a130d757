"""platform.yaml: the platform team's own mistakes."""

from __future__ import annotations

import pytest

from provisioner.request.loading import parse_platform
from tests.request.inputs import EXAMPLES, platform_problems

GOOD = (EXAMPLES / "platform.yaml").read_text()

RULES = {
    "organisation's id without quotes": (
        ("123456789012", 'id: "'),
        "organisation.id: found 123456789012 (write text in",
    ),
    "shared pool": ("identity: {pool: shared}", "one pool for several environments is not supported yet"),
    "no https": ("oidc_issuer: http://x", "github.oidc_issuer: found 'http://x' (write an https address"),
    "label of a request": ("labels: {team: x}", "labels.team: team is set from each request (remove it)"),
    "label with a dot": ("labels: {unit: a.b}", "'unit: a.b' cannot be a label"),
    "label that nobody sets": ("required_labels: [team, unit]", "nothing sets the label unit"),
    "custom role": ("plan: [projects/x/roles/y]", "'projects/x/roles/y' is no predefined role"),
    "editor": ("plan: [roles/editor]", "roles/editor is never granted on a project"),
    "modules without a pin": ("modules: {source: 'https://example.com/m.git'}", "a git source must be pinned (add ref"),
    "modules from nowhere": ("modules: {source: /tmp/x}", "write builtin, a folder such as ../../modules, or https"),
    "template without a pin": ("template: {source: 'https://example.com/t.git'}", "add version: <40 hexadecimal"),
    "placeholder by tag": ("placeholder_image: us-docker.pkg.dev/a/b:latest", "write the image by digest"),
    "shared project without a contact": ("shared_projects: [example-shared]", "add contact: <e-mail address>"),
    "preview account of a team": (
        "preview_account: churn-dev-plan@example-churn-dev.iam.gserviceaccount.com",
        "is no account of example-ml-platform, the platform's own project (write the account that",
    ),
    "preview by a person": ("preview_account: ann@example.com", 'preview_account: found "ann@example.com"'),
    "shared project": ("contact: a@example.com\nshared_projects: [X]", "shared_projects[0]: found 'X'"),
    "waiver for everything": (
        "waivers: [{rule: run-public, resource: '***', owner: a, reason: because it is so, expires: 2027-01-31}]",
        "waivers[0].resource: the waiver would hold for everything",
    ),
    "waiver without a day": (
        "waivers: [{rule: run-public, resource: module.x, owner: a, reason: because it is so, expires: soon}]",
        'waivers[0].expires: found "soon"',
    ),
}
NESTED = {"oidc_issuer: http://x": "  owner: example-ml\n", "plan: [": "role_allow_list:\n"}


def changed(change: str | tuple[str, str]) -> str:
    if isinstance(change, tuple):
        return GOOD.replace('"123456789012"', "123456789012")
    for start, anchor in NESTED.items():
        if change.startswith(start):
            return GOOD.replace(anchor, f"{anchor}  {change}\n")
    return f"{GOOD}{change}\n"


@pytest.mark.parametrize(("change", "message"), RULES.values(), ids=RULES.keys())
def test_a_mistake_is_named_with_the_way_out(change: str | tuple[str, str], message: str) -> None:
    (found,) = platform_problems(changed(change))
    assert message in found
    assert found.startswith("platform.yaml:")


def test_the_example_is_good() -> None:
    assert parse_platform(GOOD, "platform.yaml").github.owner == "example-ml"


def test_a_bucket_of_google_and_its_project_are_refused_together() -> None:
    text = GOOD.replace("example-ml-terraform-state", "google-state").replace("example-ml-platform", "X")
    assert [line.split(" ")[1] for line in platform_problems(text)] == ["state.bucket:", "state.project:"]
