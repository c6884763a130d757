"""Bodies and parameters are checked as Google's front end does it."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.google.discovery import load
from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.schema import Validator, camel, snake
from tests.sandbox.core.cloud import PROJECT, GoogleCloud

IAM = Validator(load("iam.v1").schemas)
RUN = Validator(load("run.v2").schemas)
STORAGE = Validator(load("storage.v1").schemas, legacy=True)


def refusal(validator: Validator, body: object, schema: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        validator.body(body, schema)
    assert caught.value.code == 400
    return caught.value


def test_either_spelling_of_a_field_is_taken() -> None:
    body = {"account_id": "x", "serviceAccount": {"display_name": "X"}}
    assert IAM.body(body, "CreateServiceAccountRequest") == {"accountId": "x", "serviceAccount": {"displayName": "X"}}


def test_output_only_fields_and_nulls_are_ignored() -> None:
    sent = {"accountId": "x", "serviceAccount": {"email": "made@up", "description": None, "etag": "abcd"}}
    assert IAM.body(sent, "CreateServiceAccountRequest")["serviceAccount"] == {"etag": "abcd"}


def test_nulls_clear_fields_in_the_older_apis() -> None:
    assert STORAGE.body({"labels": {"a": None}, "website": None}, "Bucket") == {"labels": {"a": None}, "website": None}


def test_bytes_reach_handlers_in_one_spelling() -> None:
    sent = {"accountId": "x", "serviceAccount": {"etag": "_-8"}}
    assert IAM.body(sent, "CreateServiceAccountRequest")["serviceAccount"] == {"etag": "/+8="}
    error = refusal(IAM, {"accountId": "x", "serviceAccount": {"etag": "é"}}, "CreateServiceAccountRequest")
    assert "TYPE_BYTES" in error.message


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"nope": 1}, 'Invalid JSON payload received. Unknown name "nope": Cannot find field.'),
        (
            {"serviceAccount": {"nope": 1}},
            "Invalid JSON payload received. Unknown name \"nope\" at 'service_account': Cannot find field.",
        ),
        ({"accountId": 5}, "Invalid value at 'account_id' (TYPE_STRING), 5"),
        ({"serviceAccount": {"displayName": ["x"]}}, "Invalid value at 'service_account.display_name' (TYPE_STRING)"),
        ({"serviceAccount": "x"}, "Invalid value at 'service_account'"),
        ([], "Root element must be a message"),
    ],
)
def test_what_does_not_fit_is_refused_in_googles_words(body: object, text: str) -> None:
    error = refusal(IAM, body, "CreateServiceAccountRequest")
    assert text in error.message
    assert error.details[0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"


@pytest.mark.parametrize(
    ("field", "good", "kept"),
    [
        ("maxInstanceRequestConcurrency", "80", 80),
        ("maxInstanceRequestConcurrency", 80.0, 80),
        ("timeout", "300s", "300s"),
        ("sessionAffinity", True, True),
    ],
)
def test_numbers_and_durations(field: str, good: object, kept: object) -> None:
    body = RUN.body({"template": {field: good}}, "GoogleCloudRunV2Service")
    assert body["template"][field] == kept


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("maxInstanceRequestConcurrency", "many"),
        ("maxInstanceRequestConcurrency", 2**31),
        ("maxInstanceRequestConcurrency", True),
        ("maxInstanceRequestConcurrency", 1.5),
        ("timeout", "5 minutes"),
        ("sessionAffinity", "true"),
        ("executionEnvironment", "EXECUTION_ENVIRONMENT_GEN9"),
        ("containers", {"image": "x"}),
    ],
)
def test_what_is_no_number_duration_flag_enum_or_list(field: str, bad: object) -> None:
    assert field in camel(refusal(RUN, {"template": {field: bad}}, "GoogleCloudRunV2Service").message)


@pytest.mark.parametrize(
    ("kind", "value"), [("byte", "no base64!"), ("google-datetime", "yesterday"), ("int64", "1e3")]
)
def test_formats(kind: str, value: str) -> None:
    validator = Validator({"T": {"type": "object", "properties": {"f": {"type": "string", "format": kind}}}})
    refusal(validator, {"f": value}, "T")


def test_int64_becomes_text_and_maps_are_checked() -> None:
    sent: dict[str, Any] = {"softDeletePolicy": {"retentionDurationSeconds": 604800}, "labels": {"a": "b"}}
    assert STORAGE.body(sent, "Bucket")["softDeletePolicy"] == {"retentionDurationSeconds": "604800"}
    assert "labels[a]" in refusal(STORAGE, {"labels": {"a": 1}}, "Bucket").message


def test_spellings() -> None:
    assert camel("retention_duration_seconds") == "retentionDurationSeconds"
    assert snake("retentionDurationSeconds") == "retention_duration_seconds"


def test_an_unknown_query_parameter_is_refused(cloud: GoogleCloud) -> None:
    project = f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
    answer = cloud.call("GET", f"{project}?nope=1")
    assert answer.status == 400
    assert 'Unknown name "nope": Cannot bind query parameter.' in answer.message
    assert cloud.call("GET", f"{project}?alt=json&prettyPrint=false&$.xgafv=2&quotaUser=me").status == 200


def test_parameters_of_the_wrong_type_are_refused(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data")
    url = "storage.googleapis.com/storage/v1/b/acme-data/o"
    assert cloud.call("GET", f"{url}?maxResults=many").status == 400
    assert cloud.call("GET", f"{url}?versions=maybe").status == 400
    assert cloud.call("GET", "storage.googleapis.com/storage/v1/b").reason == "required"


def test_a_body_that_is_no_json_or_not_wanted_is_refused(cloud: GoogleCloud) -> None:
    create = "cloudresourcemanager.googleapis.com/v1/projects"
    assert "Invalid JSON payload" in cloud.call("POST", create, b"{nope").message
    assert cloud.call("POST", create, b"[" * 100_000).status == 400
    assert cloud.call("GET", f"{create}/{PROJECT}", {"surprise": 1}).status == 400
