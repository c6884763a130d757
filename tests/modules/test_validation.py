"""Values that the modules refuse, each with a message that says what to write. One plan shows them all."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.modules.stage import Cloud, module_root, provider
from tests.modules.test_readmes import example

pytestmark = pytest.mark.e2e

DIGEST = "sha256:1595248959b1eaac7f793dfcab2adaecf9c14fdf1cc2b60d20539c6b22fd8e4a"
KEY = "projects/example-keys/locations/europe-west1/keyRings/ring/cryptoKeys/key"
# module, what stands in its example, what a person writes instead, what the message says
ALONE = (
    ("project-services", '"example-churn-dev"', '"Churn Dev"', "Write the project's id"),
    (
        "project-services",
        '"example-churn-dev"',
        '"example-churn-dev"\n  services = ["run"]',
        "such as run.googleapis.com",
    ),
    (
        "project-services",
        '"example-churn-dev"',
        '"example-churn-dev"\n  audited_services = ["iam.googleapis.com"]',
        "Keep iam.googleapis.com and sts.googleapis.com",
    ),
    ("billing-budget", '"01AB23-CD45EF-678901"', '"billingAccounts/01AB23"', "without the prefix billingAccounts/"),
    ("billing-budget", "= 500", "= 0.5", "Write a whole number of at least 1"),
    ("billing-budget", '"EUR"', '"euro"', "three capital letters"),
    ("service-account", '"churn-dev-runtime"', '"runtime@example.com"', "Write 6-30 lower-case letters"),
    ("service-account", '"roles/logging.logWriter"', '"roles/editor"', "name a narrower role"),
    (
        "service-account",
        '"roles/logging.logWriter"',
        '"roles/iam.serviceAccountTokenCreator"',
        "grant it on one account",
    ),
    ("gcs-bucket", '"EUROPE-WEST1"', '"europe-west1"', "Write the location in capitals"),
    ("gcs-bucket", '"models/"', '"models"', "Write prefixes that end with a slash"),
    ("gcs-bucket", '["models/"]', '["models/"]\n  soft_delete_days = 1', "Write 7 to 90 days"),
    (
        "gcs-bucket",
        '"serviceAccount:churn-dev-runtime@',
        '"user:churn-dev-runtime@',
        "nobody else uses a bucket directly",
    ),
    ("artifact-registry", '"serviceAccount:', '"user:', "people do not push images"),
    ("cloud-run", f"@{DIGEST}", ":latest", "A tag can be moved"),
    ("cloud-run", "churn-dev-runtime@example-churn-dev.iam", "1-compute@developer", "the default one is never used"),
    ("cloud-run", "version = 1", "version = 0", "Pin a version number"),
    ("cloud-run", '"group:churn-team@example.com"', '"churn-team"', "Write user:, group: or serviceAccount:"),
    ("workload-identity", '"churn-dev-gh"', '"gcp-churn"', "ids that start with gcp- are Google's"),
    ("workload-identity", '"dev"', '"dev:x"', "would read differently inside a token"),
    ("workload-identity", '"900100200"', '"churn"', "a name can be registered again by somebody else"),
    ("workload-identity", '"700800"', "\"1' || '1' == '1\"", "Write the owner's number as digits"),
    ("workload-identity", '"700800"', '"700800"\n  branch = "release/*"', "without wildcards"),
    ("workload-identity", '"700800"', '"700800"\n  trusted_workflows = ["x\'] || [\'"]', "Write workflows as owner/"),
    ("team-environment", '"churn-dev-runtime"', '"churn-dev-deploy"', "Give three different ids"),
    ("team-environment", '    cost-center = "cc-1204"\n', "", "Give the labels team, env, cost-center"),
    (
        "team-environment",
        '"churn-team@example.com"',
        '"churn-team@example.com"\n  allow_pull_request_plan = true\n  preview_account = "user:ann@example.com"',
        "Write the address of one service account",
    ),
    ("team-environment", '= "churn"\n    data', '= "a@example.com"\n    data', "an e-mail address does not fit"),
)
# Rules that compare two values: Terraform asks them only once every single value is right.
ACROSS = (
    ("gcs-bucket", '"EUROPE-WEST1"', f'"EU"\n  kms_key = "{KEY}"', "With kms_key, give the project's number"),
    ("artifact-registry", '"europe-west1"', '"europe-west1"\n  immutable_tags = false', "need mutable_reason"),
    ("cloud-run", '"group:churn-team@example.com"', '"allUsers"', "allUsers is allowed only together with ingress"),
    ("cloud-run", "LOG_LEVEL =", "API_KEY =", "keep one of them"),
    ("cloud-run", '"Scores customers"', '"x"\n  ingress = "public"', "A public service needs public_reason"),
    ("cloud-run", '"Scores customers"', '"x"\n  min_instances = 9', "not less than min_instances"),
    ("team-environment", '"churn/dev"', '"churn"', "a wider prefix would show the state of other environments"),
    (
        "team-environment",
        '"churn/dev"',
        '"churn/dev"\n  preview_account = "provision-env-preview-plan@example-ml-platform.iam.gserviceaccount.com"',
        "a pull request must not read the state of a guarded environment",
    ),
    ("team-environment", '  billing_account = "01AB23-CD45EF-678901"\n', "", "A budget needs the billing account"),
)
WRONG = (*ALONE, *ACROSS)


@pytest.fixture(scope="module")
def message(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("validation")
    with provider(Cloud(folder, ("example-churn-dev",))) as server:
        said = [
            module_root(folder / name, server, "\n".join(wrong_calls(cases))).errors()
            for name, cases in (("alone", ALONE), ("across", ACROSS))
        ]
    errors = [text for plan in said for text in plan.split("Error: ")]
    named = {found[1]: text for text in errors if (found := re.search(r'in module "(case_\d+)"', text))}
    return {"defaults": " ".join(text for text in errors if text not in named.values()), **named}


def wrong_calls(cases: tuple[tuple[str, str, str, str], ...]) -> Iterator[str]:
    for case in cases:
        module, right, wrong, _ = case
        good = example(module)
        assert good.count(right) == 1, (module, right)
        yield re.sub(r'^module "\w+"', f'module "case_{WRONG.index(case)}"', good.replace(right, wrong))


@pytest.mark.parametrize("index", range(len(WRONG)), ids=[f"{row[0]}: {row[3]}" for row in WRONG])
def test_a_wrong_value_is_refused_with_advice(index: int, message: dict[str, str]) -> None:
    # Where the default of the other value is at fault, the error names the variable and no call.
    assert WRONG[index][3] in message.get(f"case_{index}", message["defaults"])


def test_a_published_prefix_needs_a_publisher(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("publisher")
    lines = [line for line in example("gcs-bucket").splitlines() if "publisher " not in line]
    with provider(Cloud(folder, ("example-churn-dev",))) as server:
        assert (
            "set publisher to the account that writes there" in module_root(folder, server, "\n".join(lines)).errors()
        )
