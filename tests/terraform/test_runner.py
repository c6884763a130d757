"""What runs rely on, held by the binary and by the embedded Terraform alike."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from provisioner.errors import Interrupted
from provisioner.terraform.binary import Terraform
from provisioner.terraform.errors import PlanFileRefused, StaleLock, StalePlan, TerraformFailed
from provisioner.terraform.events import Event, Operation, Started, Summary
from provisioner.terraform.identity import ProcessIdentity
from provisioner.terraform.runner import Runner
from tests.terraform.roots import write_root

pytestmark = pytest.mark.e2e

OUTPUTS = {"shown": {"value": "${terraform_data.a.output}"}, "hidden": {"value": "swordfish", "sensitive": True}}


def applied(runner: Runner, root: Path) -> None:
    runner.init(root)
    planned = runner.plan(root, root / "plan")
    runner.apply(root, planned.file, planned.digest)


def test_init_is_done_once_and_again_when_something_it_reads_has_changed(runner: Runner, root: Path) -> None:
    module = {"module": {"part": {"source": "../part"}}}
    write_root(root.parent / "part", {"inner": "1"})
    (root.parent / "part/main.tf.json").write_text('{"resource":{"terraform_data":{"inner":{"input":"1"}}}}')
    write_root(root, {"a": "x"}, more=module)
    assert [runner.init(root), runner.init(root)] == [True, False]
    (root.parent / "part/main.tf.json").write_text('{"resource":{"terraform_data":{"inner":{"input":"2"}}}}')
    assert [runner.init(root), runner.init(root)] == [True, False]
    write_root(root, {"a": "y"}, more=module)
    assert [runner.init(root), runner.init(root)] == [True, False]
    shutil.rmtree(root / ".terraform")
    assert [runner.init(root), runner.init(root)] == [True, False]


def test_a_changed_value_file_needs_no_init(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "${var.text}"}, more={"variable": {"text": {"type": "string"}}})
    (root / "terraform.tfvars.json").write_text('{"text": "one"}')
    runner.init(root)
    (root / "terraform.tfvars.json").write_text('{"text": "two"}')
    assert not runner.init(root)
    planned = runner.plan(root, root / "plan")
    assert runner.show(root, planned.file).changes[0].after == {"input": "two", "triggers_replace": None}


def test_a_folder_that_lost_its_initialisation_is_initialised_again_by_plan(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"})
    assert runner.plan(root, root / "plan").changes


def test_a_plan_is_private_known_by_its_digest_and_says_what_it_changes(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x", "b": "y"}, outputs=OUTPUTS)
    runner.init(root)
    planned = runner.plan(root, root / "plan")
    shown = runner.show(root, planned.file)
    assert planned.changes
    assert planned.file.stat().st_mode & 0o777 == 0o600
    assert planned.digest == shown.digest == hashlib.sha256(planned.file.read_bytes()).hexdigest()
    assert [change.address for change in shown.changed()] == ["terraform_data.a", "terraform_data.b"]
    assert str(shown.summary()) == "2 to add, 0 to change, 0 to destroy"
    assert "swordfish" not in json.dumps(shown.redacted().as_json())


def test_after_an_apply_the_outputs_are_known_and_the_next_plan_is_empty(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"}, outputs=OUTPUTS)
    runner.init(root)
    planned = runner.plan(root, root / "plan")
    result = runner.apply(root, planned.file, planned.digest)
    again = runner.plan(root, root / "plan")
    assert (result.outputs, result.complete) == ({"shown": "x"}, True)
    assert runner.outputs(root) == {"shown": "x", "hidden": "swordfish"}
    assert not again.changes
    assert runner.show(root, again.file).is_empty


def test_the_state_is_read_as_values(runner: Runner, root: Path) -> None:
    write_root(root, {"a": {"input": "x"}, "many": {"for_each": {"k": "v"}, "input": "${each.value}"}})
    assert runner.init(root)
    assert runner.state(root).is_empty
    applied(runner, root)
    state = runner.state(root)
    found = state.find('terraform_data.many["k"]')
    assert [each.address for each in state.resources()] == ["terraform_data.a", 'terraform_data.many["k"]']
    assert found is not None
    assert (found.index, found.values["output"], found.tainted) == ("k", "v", False)


def test_only_the_approved_plan_file_is_applied(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"})
    runner.init(root)
    planned = runner.plan(root, root / "plan")
    approved = planned.digest
    write_root(root, {"a": "exchanged"})
    runner.plan(root, root / "plan")
    with pytest.raises(PlanFileRefused, match="approved was"):
        runner.apply(root, root / "plan", approved)
    (root / "plan").unlink()
    with pytest.raises(PlanFileRefused, match="cannot be read"):
        runner.apply(root, root / "plan", approved)
    assert runner.state(root).is_empty


def test_a_plan_that_was_overtaken_is_stale(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"})
    runner.init(root)
    first = runner.plan(root, root / "first")
    second = runner.plan(root, root / "second")
    runner.apply(root, second.file, second.digest)
    with pytest.raises(StalePlan) as stale:
        runner.apply(root, first.file, first.digest)
    assert stale.value.diagnostics[0].summary == "Saved plan is stale"


def test_destroy_is_a_saved_plan_too(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"})
    applied(runner, root)
    planned = runner.plan(root, root / "plan", destroy=True)
    assert runner.show(root, planned.file).changed()[0].actions == ("delete",)
    runner.apply(root, planned.file, planned.digest)
    assert runner.state(root).is_empty


def test_a_refresh_plans_no_change_of_resources(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"})
    applied(runner, root)
    write_root(root, {"a": "other"})
    assert not runner.plan(root, root / "plan", refresh_only=True).changes
    assert runner.plan(root, root / "plan").changes


def test_an_invalid_root_fails_with_its_place_and_leaves_no_plan(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"})
    runner.init(root)
    planned = runner.plan(root, root / "plan")
    write_root(root, {"a": "${terraform_data.missing.id}"})
    with pytest.raises(TerraformFailed) as failed:
        runner.plan(root, planned.file)
    assert failed.value.where.startswith("main.tf.json:1:")
    assert "missing" in failed.value.reason
    assert not planned.file.exists()


def test_a_lock_that_nobody_holds_cannot_be_broken(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"})
    runner.init(root)
    with pytest.raises(StaleLock):
        runner.force_unlock(root, "12345")


def test_what_is_not_tainted_cannot_be_untainted(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"})
    applied(runner, root)
    with pytest.raises(TerraformFailed, match="not tainted"):
        runner.untaint(root, "terraform_data.a")


def test_a_failed_provisioner_taints_and_untaint_heals(runner: Runner, root: Path) -> None:
    write_root(root, {"a": {"input": "x", "provisioner": [{"local-exec": {"command": "exit 7"}}]}})
    runner.init(root)
    planned = runner.plan(root, root / "plan")
    with pytest.raises(TerraformFailed) as failed:
        runner.apply(root, planned.file, planned.digest)
    tainted = runner.state(root).find("terraform_data.a")
    assert failed.value.diagnostics[0].address == "terraform_data.a"
    assert tainted is not None
    assert tainted.tainted
    runner.untaint(root, "terraform_data.a")
    assert not runner.plan(root, root / "plan").changes


def test_a_state_that_could_not_be_saved_is_pushed_and_an_older_one_refused(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"})
    applied(runner, root)
    errored = root / "errored.tfstate"
    document = json.loads((root / "terraform.tfstate").read_text())
    errored.write_text(json.dumps({**document, "serial": document["serial"] + 5, "outputs": {}}))
    runner.state_push(root, errored)
    assert json.loads((root / "terraform.tfstate").read_text())["serial"] >= document["serial"] + 5
    errored.write_text(json.dumps(document))
    with pytest.raises(TerraformFailed, match="serial"):
        runner.state_push(root, errored, lock=False)


def test_events_tell_the_way_and_every_process_is_reported(terraform: Terraform, root: Path) -> None:
    events: list[Event] = []
    started: list[ProcessIdentity] = []
    applied(Runner(terraform, {}, events.append, on_started=started.append), write_root(root, {"a": "x"}))
    stages = [(each.stage, each.address, each.action) for each in events if isinstance(each, Operation)]
    assert stages == [("start", "terraform_data.a", "create"), ("complete", "terraform_data.a", "create")]
    assert Summary("apply", 1, 0, 0, 0) in events
    assert Started(terraform.version) in events
    assert len({each.pid for each in started}) == 3


def test_known_secrets_are_in_no_event_and_no_error(terraform: Terraform, root: Path) -> None:
    events: list[Event] = []
    secret = 'to"ken-swordfish'
    runner = Runner(terraform, {"GOOGLE_OAUTH_ACCESS_TOKEN": secret, "PATH": "/usr/bin:/bin"}, events.append)
    command = "echo said $GOOGLE_OAUTH_ACCESS_TOKEN; exit 1"
    write_root(root, {"a": {"input": "x", "provisioner": [{"local-exec": {"command": command}}]}})
    runner.init(root)
    planned = runner.plan(root, root / "plan")
    with pytest.raises(TerraformFailed) as failed:
        runner.apply(root, planned.file, planned.digest)
    assert "said (redacted)" in failed.value.reason
    assert "swordfish" not in f"{events} {failed.value} {failed.value.diagnostics}"


def test_a_terraform_or_a_root_that_is_gone_is_told(terraform: Terraform, root: Path) -> None:
    write_root(root, {"a": "x"})
    with pytest.raises(TerraformFailed, match="/no/such/terraform cannot be started: No such file"):
        Runner(Terraform(("/no/such/terraform",), "terraform", "1.11.4"), {}).init(root)
    runner = Runner(terraform, {})
    shutil.rmtree(root)
    root.write_text("a file")
    with pytest.raises(TerraformFailed, match="cannot be worked in: Not a directory"):
        runner.state(root)


def test_an_interrupted_runner_starts_nothing_more(runner: Runner, root: Path) -> None:
    write_root(root, {"a": "x"})
    runner.interrupt()
    with pytest.raises(Interrupted):
        runner.init(root)
    assert not (root / ".terraform/provision-env.sha256").exists()
