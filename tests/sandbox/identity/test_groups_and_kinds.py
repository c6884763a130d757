"""Groups that bindings name, provider kinds besides OIDC, names of permissions, and conditions looked at."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.errors import InvalidInput
from provisioner.sandbox.google.foundations import lay_foundations
from tests.sandbox.identity.cloud import PROJECT, Cloud
from tests.sandbox.identity.federated import IAM, POOL, PROVIDER, Federation

Json = dict[str, Any]
PROJECT_URL = f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
SAML = (
    '<md:EntityDescriptor entityID="https://idp.example"><md:KeyDescriptor><ds:X509Certificate>TUlJ</ds:X509Certificate>'
    "</md:KeyDescriptor></md:EntityDescriptor>"
)


def _seed(cloud: Cloud, **groups: list[str]) -> list[str]:
    plan = {"groups": [{"email": f"{name}@example.com", "members": members} for name, members in groups.items()]}
    with cloud.world.store.transaction() as tx:
        return lay_foundations(cloud.world, tx, plan)


def test_a_binding_to_a_group_counts_for_its_members_through_other_groups(cloud: Cloud) -> None:
    binding = {"role": "roles/viewer", "members": ["group:all@example.com"]}
    cloud.ok("POST", f"{PROJECT_URL}:setIamPolicy", {"policy": {"bindings": [binding]}})
    ada = cloud.user_token("ada@example.com")
    assert cloud.call("GET", PROJECT_URL, token=ada).status == 403
    assert _seed(cloud, all=["team@example.com"], team=["Ada@example.com", "all@example.com"]) == [
        "Google group all@example.com (1 members)",
        "Google group team@example.com (2 members)",
    ]
    assert cloud.call("GET", PROJECT_URL, token=ada).status == 200
    assert _seed(cloud, all=["team@example.com"]) == []
    assert len(_seed(cloud, team=["grace@example.com"])) == 1
    assert cloud.call("GET", PROJECT_URL, token=ada).status == 403


def test_a_group_of_no_addresses_is_refused(cloud: Cloud) -> None:
    with pytest.raises(InvalidInput, match="no e-mail address"):
        _seed(cloud, all=["ada"])


def test_unknown_permissions_are_refused_by_name(cloud: Cloud) -> None:
    def ask(*names: str) -> Json:
        answer = cloud.call("POST", f"{PROJECT_URL}:testIamPermissions", {"permissions": list(names)})
        return answer.body if answer.status == 200 else {"refused": answer.message}

    assert ask("run.services.get") == {"permissions": ["run.services.get"]}
    wrong = "Permission run.services.fly is not valid for this resource."
    assert ask("run.services.get", "run.services.fly") == {"refused": wrong}
    assert "refused" in ask("nonsense")
    assert "refused" in ask("storage.*")
    # A permission of an API that the sandbox does not play is no mistake of the client.
    assert ask("container.clusters.get") == {"permissions": ["container.clusters.get"]}


def test_a_condition_is_linted(cloud: Cloud) -> None:
    good = {"condition": {"expression": "resource.name.startsWith('x')", "title": "t"}}
    assert cloud.ok("POST", f"{IAM}/iamPolicies:lintPolicy", good) == {}
    bad = cloud.ok("POST", f"{IAM}/iamPolicies:lintPolicy", {"condition": {"expression": "resource.name =="}})
    assert (bad["lintResults"][0]["severity"], bad["lintResults"][0]["fieldName"]) == ("ERROR", "condition.expression")


def test_auditable_services(cloud: Cloud) -> None:
    body = {"fullResourceName": f"//cloudresourcemanager.googleapis.com/projects/{PROJECT}"}
    found = cloud.ok("POST", f"{IAM}/iamPolicies:queryAuditableServices", body)["services"]
    assert {"name": "storage.googleapis.com"} in found


@pytest.mark.parametrize(
    ("provider", "field"),
    [
        ({"aws": {"accountId": "1"}}, "aws.account_id"),
        ({"saml": {"idpMetadataXml": "<x/>"}}, "saml.idp_metadata_xml"),
        ({"x509": {"trustStore": {}}}, "x509.trust_store.trust_anchors"),
        ({"x509": {"trustStore": {"trustAnchors": [{"pemCertificate": "no"}]}}}, "x509.trust_store"),
        ({"aws": {"accountId": "1" * 12}, "saml": {"idpMetadataXml": SAML}}, "provider_config"),
        ({}, "provider_config"),
    ],
)
def test_other_kinds_of_providers_are_checked(federation: Federation, provider: Json, field: str) -> None:
    url = f"{IAM}/{POOL}/providers?workloadIdentityPoolProviderId=other"
    answer = federation.cloud.call("POST", url, {"attributeMapping": {"google.subject": "assertion.sub"}} | provider)
    assert answer.status == 400
    assert answer.body["error"]["details"][0]["fieldViolations"][0]["field"] == field


def test_other_kinds_of_providers_are_kept_and_exchange_nothing(federation: Federation) -> None:
    base = f"{IAM}/{POOL}/providers?workloadIdentityPoolProviderId="
    federation.cloud.ok("POST", f"{base}amazon", {"aws": {"accountId": "1" * 12}})
    mapping = {"attributeMapping": {"google.subject": "assertion.subject"}}
    federation.cloud.ok("POST", f"{base}corporate", mapping | {"saml": {"idpMetadataXml": SAML}})
    amazon = federation.cloud.ok("GET", f"{IAM}/{POOL}/providers/amazon")
    assert amazon["attributeMapping"]["google.subject"] == "assertion.arn"
    for kind, name in (("aws", "amazon"), ("saml", "corporate")):
        refused = federation.exchange(federation.token(), PROVIDER.replace("github", name))
        assert (refused.status, refused.body["error"]) == (400, "invalid_request")
        assert kind in refused.body["error_description"]
