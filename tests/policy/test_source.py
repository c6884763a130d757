"""Source that nobody here wrote: what the scan refuses, and what it must not trip over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hcl2.api import loads

from provisioner.errors import InvalidInput
from provisioner.policy import scan_root
from provisioner.policy.source.blocks import Block, calls, parse
from provisioner.policy.source.tokens import Unreadable
from provisioner.render import render
from tests.policy.roots import IDS, fraud_detection

BACKEND = (
    'terraform {\n  backend "gcs" {\n    bucket = "example-ml-terraform-state"\n    prefix = "churn/dev"\n  }\n}\n'
)
SERVICE = """resource "google_cloud_run_v2_service" "x" {
  lifecycle {
    ignore_changes = [client, template[0].containers[0].image]
  }
}
"""
TEAM = fraud_detection()
MODULES = Path(__file__).parents[2] / "terraform" / "modules"


def found(tmp_path: Path, text: str, **files: str) -> set[str]:
    root = tmp_path / "envs" / "churn-dev"
    root.mkdir(parents=True, exist_ok=True)
    (root / "main.tf").write_text(BACKEND + text)
    for name, content in files.items():
        (root / name.replace("__", ".")).write_text(content)
    return {finding.rule for finding in scan_root(root, TEAM.platform)}


def test_what_we_render_is_clean(tmp_path: Path) -> None:
    render(TEAM, IDS).write(tmp_path)

    for root in sorted((tmp_path / "envs").iterdir()):
        assert scan_root(root, TEAM.platform) == (), root.name


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("PE-HCL-001", 'terraform {\n required_providers {\n  null = { source = "hashicorp/null" }\n }\n}'),
        ("PE-HCL-001", 'terraform {\n required_providers {\n  google = { source = "evil/google" }\n }\n}'),
        ("PE-HCL-001", "terraform {\n required_providers {\n  random = {}\n }\n}"),
        ("PE-HCL-001", 'resource "null_resource" "x" {}'),
        ("PE-HCL-001", 'ephemeral "vault_secret" "x" {}'),
        ("PE-HCL-001", 'provider "external" {}'),
        ("PE-HCL-002", 'data "external" "x" {\n  program = ["id"]\n}'),
        ("PE-HCL-002", 'check "c" {\n  data "http" "x" {\n    url = "https://example.com"\n  }\n}'),
        ("PE-HCL-002", 'data "google_client_config" "x" {}'),
        ("PE-HCL-002", 'data "terraform_remote_state" "x" {}'),
        ("PE-HCL-003", 'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}'),
        ("PE-HCL-003", 'removed {\n  from = google_storage_bucket.x\n  provisioner "local-exec" { command = "id" }\n}'),
        ("PE-HCL-003", 'resource "google_x" "x" {\n  connection {\n    host = "x"\n  }\n}'),
        ("PE-HCL-004", 'provider "google" {\n  credentials = "key.json"\n}'),
        ("PE-HCL-004", 'provider "google" {\n  storage_custom_endpoint = "https://example.com/"\n}'),
        ("PE-HCL-005", 'module "x" {\n  source = "hashicorp/consul/aws"\n}'),
        ("PE-HCL-005", 'module "x" {\n  source = "git::https://github.com/a/b.git?ref=main"\n}'),
        ("PE-HCL-005", 'module "x" {\n  source = "${var.where}"\n}'),
        ("PE-HCL-005", 'module "x" {\n  source = "../../../elsewhere"\n}'),
        ("PE-HCL-006", 'locals {\n  a = file("/etc/passwd")\n}'),
        ("PE-HCL-006", 'locals {\n  a = file("../secret")\n}'),
        ("PE-HCL-006", 'locals {\n  a = file("~/.ssh/id_rsa")\n}'),
        ("PE-HCL-006", "locals {\n  a = file(var.path)\n}"),
        ("PE-HCL-006", 'locals {\n  a = "x ${base64encode(file("/etc/passwd"))}"\n}'),
        ("PE-HCL-006", 'locals {\n  a = templatefile("${path.module}/../x", {})\n}'),
        ("PE-HCL-006", 'locals {\n  a = fileset(path.module, "../**")\n}'),
        ("PE-HCL-006", 'locals {\n  a = <<-EOT\n    ${filebase64("/etc/passwd")}\n  EOT\n}'),
        ("PE-HCL-006", 'resource "google_storage_bucket_object" "x" {\n  source = "/etc/passwd"\n}'),
        ("PE-HCL-007", 'resource "google_x" "y" {\n  a = "not closed\n}'),
        ("PE-HCL-007", 'resource "google_x" "y" {\n'),
        ("PE-HCL-007", 'module "x" {\n  source = "./missing"\n}'),
        ("PE-STATE-003", 'terraform {\n  backend "local" {}\n}'),
        ("PE-STATE-003", "terraform {\n  cloud {}\n}"),
        ("PE-STATE-003", 'terraform {\n  backend "gcs" {\n    bucket = "mine"\n    prefix = "x"\n  }\n}'),
        ("PE-STATE-003", BACKEND.replace("prefix", "access_token = var.token\n    prefix")),
        ("PE-RUN-009", 'resource "google_cloud_run_v2_service" "x" {\n  name = "x"\n}'),
    ],
)
def test_what_must_not_be_planned_is_found(rule: str, text: str, tmp_path: Path) -> None:
    assert rule in found(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        'provider "google" {\n  project = "p"\n}',
        'data "google_project" "x" {}',
        'ephemeral "google_client_config" "x" {}',
        'module "x" {\n  source = "git::https://github.com/a/b.git//m/x?ref=' + "a" * 40 + '"\n}',
        'locals {\n  a = file("${path.module}/data/x.json")\n  b = "file(/etc/passwd)" # file("/etc/passwd")\n}',
        "locals {\n  a = { for k, v in var.x : k => v if v != null }\n  b = <<EOT\n } quoted {\nEOT\n}",
        'locals {\n  a = "$${file(\\"/etc/passwd\\")} %%{ x"\n}',
        SERVICE,
    ],
)
def test_ordinary_source_passes(text: str, tmp_path: Path) -> None:
    assert found(tmp_path, text) == set()


@pytest.mark.parametrize("name", ["more.tf.json", "main.tofu", "main.tofu.json"])
def test_a_syntax_that_is_not_read_is_refused(name: str, tmp_path: Path) -> None:
    assert found(tmp_path, "", **{name.replace(".", "__"): "{}"}) == {"PE-HCL-007"}


def test_a_link_and_a_large_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.tf").write_text("locals {}\n")
    root = tmp_path / "envs" / "churn-dev"
    root.mkdir(parents=True)
    (root / "link.tf").symlink_to(tmp_path / "elsewhere.tf")

    assert found(tmp_path, "", large__tf="#" * (1 << 20) + "\n#") == {"PE-HCL-007"}
    assert len([f for f in scan_root(root) if f.rule == "PE-HCL-007"]) == 2


def test_a_module_folder_that_links_outside_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "main.tf").write_text('resource "null_resource" "x" {}\n')
    root = tmp_path / "tree" / "envs" / "churn-dev"
    root.mkdir(parents=True)
    (root / "m").symlink_to(outside)

    assert found(tmp_path / "tree", 'module "x" {\n  source = "./m"\n}') == {"PE-HCL-005"}


def test_modules_are_followed_and_findings_name_file_and_line(tmp_path: Path) -> None:
    module = tmp_path / "modules" / "x"
    module.mkdir(parents=True)
    (module / "main.tf").write_text('\n\ndata "external" "x" {}\n')
    found(tmp_path, 'module "x" {\n  source = "../../modules/x"\n}')

    findings = scan_root(tmp_path / "envs" / "churn-dev")

    assert [(f.rule, f.resource) for f in findings] == [("PE-HCL-002", "modules/x/main.tf:3")]


def test_a_module_beyond_what_is_read_is_told(tmp_path: Path) -> None:
    for number in range(120):
        folder = tmp_path / "modules" / f"m{number}"
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text('data "external" "x" {}\n')
    found(tmp_path, "".join(f'module "m{n}" {{\n  source = "../../modules/m{n}"\n}}\n' for n in range(120)))

    findings = scan_root(tmp_path / "envs" / "churn-dev")

    read, told = ({f.resource for f in findings if f.rule == rule} for rule in ("PE-HCL-002", "PE-HCL-007"))
    assert read
    assert len(read) + len(told) == 120


def test_a_root_without_a_backend_and_a_folder_without_source(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("locals {}\n")

    assert {f.rule for f in scan_root(tmp_path)} == {"PE-STATE-003"}
    with pytest.raises(InvalidInput, match="no Terraform files"):
        scan_root(tmp_path / "none")


@pytest.mark.parametrize("path", sorted(MODULES.glob("*/*.tf")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_reader_sees_the_blocks_that_checkov_sees(path: Path) -> None:
    text = path.read_text()

    assert sorted(_blocks(parse(text))) == sorted(_theirs(loads(text)))


def _blocks(body: Block) -> list[tuple[str, ...]]:
    return [(block.type, *block.labels) for block in body.blocks]


def _theirs(document: dict[str, list[dict[str, object]]]) -> list[tuple[str, ...]]:
    """Flatten the blocks of a file."""
    labels = {"resource": 2, "data": 2, "variable": 1, "output": 1, "module": 1, "provider": 1}
    found: list[tuple[str, ...]] = []
    for kind, blocks in document.items():
        for block in blocks if isinstance(blocks, list) else ():
            found += [(kind, *names) for names in _labels(block, labels.get(kind, 0))]
    return found


def _labels(block: dict[str, object], depth: int) -> list[tuple[str, ...]]:
    if depth == 0:
        return [()]
    inner = [(key, value) for key, value in block.items() if not key.startswith("__")]
    return [
        (key, *rest)
        for key, value in inner
        for rest in (_labels(value, depth - 1) if isinstance(value, dict) else [()])
    ]


@pytest.mark.parametrize(
    "text", ["a = 1 }", '"x" = 1', "a {", "a = 1\na = 2", 'a = "${', "a = <<EOT\nx", "x \x00 {}", "a " * 3]
)
def test_what_is_not_hcl_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(Unreadable, match="nested"):
        parse("a {\n" * 60 + "}\n" * 60)


def test_calls_are_found_inside_templates_of_templates() -> None:
    body = parse('a = "${upper("${lower(file("x"))}")}"\n')

    assert [call.name for call in calls(body.attributes["a"].words)] == ["upper", "lower", "file"]
