"""``doctor``: what a run needs, and what is said where something is missing. Each fault beside the sound machine."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from provisioner import settings
from provisioner.runs.leases import Leases
from provisioner.runs.ledger import Ledger
from provisioner.terraform.identity import ProcessIdentity, identify
from provisioner.wiring.readiness import Finding, Situation, all_checks, clouds, examine
from tests.cli.program import EXAMPLES, Ended, Person

CHECKS = [
    "python", "terraform", "terraform settings", "git", "run book", "disk", "locks", "requests", "sandbox", "provider",
    "google", "github", "clock",
]  # fmt: skip


@pytest.fixture
def desk(person: Person, tmp_path: Path) -> Person:
    """Somebody in a sound platform folder."""
    folder = tmp_path / "platform"
    (folder / "teams").mkdir(parents=True)
    shutil.copy(EXAMPLES / "platform.yaml", folder / "platform.yaml")
    shutil.copy(EXAMPLES / "churn.yaml", folder / "teams" / "churn.yaml")
    return Person(person.home, folder)


def examined(desk: Person, *arguments: str) -> tuple[Ended, dict[str, dict[str, str]]]:
    ended = desk.runs("doctor", "-o", "json", "--patience", "100", *arguments)
    return ended, {each["check"]: each for each in ended.document["checks"]}


def test_a_sound_machine_is_ready_for_the_sandbox(desk: Person) -> None:
    ended, found = examined(desk, "--sandbox")
    assert list(found) == CHECKS
    assert {name for name, each in found.items() if each["state"] == "bad"} == set()
    assert (ended.code, ended.document["ready"], ended.err) == (0, True, "")
    assert found["requests"]["found"].startswith(f"{desk.folder}/platform.yaml and 1 in")


def in_the_way(desk: Person) -> None:
    desk.state.mkdir()
    (desk.state / "runs").write_text("a file where the folder should be")


def scribbled(desk: Person) -> None:
    Ledger(desk.state / "runs").close()
    (desk.state / "runs" / "ledger.sqlite3").write_bytes(b"this is no database" * 100)


def wrong_request(desk: Person) -> None:
    (desk.folder / "teams" / "churn.yaml").write_text("team: churn\nowner: [\n")


def wrong_platform(desk: Person) -> None:
    (desk.folder / "platform.yaml").write_text("organisation: 7\n")


@pytest.mark.parametrize(
    ("break_it", "check", "words"),
    [
        (in_the_way, "run book", "PROVISION_ENV_STATE"),
        (scribbled, "run book", "put back a copy"),
        (wrong_request, "requests", "provision-env validate"),
        (wrong_platform, "requests", "platform.yaml"),
    ],
)
def test_what_is_broken_is_named_with_a_way_to_mend_it(
    desk: Person, break_it: Callable[[Person], None], check: str, words: str
) -> None:
    break_it(desk)
    current = settings.read({"PROVISION_ENV_STATE": str(desk.state), "HOME": str(desk.home), "PATH": "/usr/bin:/bin"})
    (found,) = examine(Situation(current, desk.folder, sandbox=True, patience=100), {check: all_checks()[check]})
    assert found.state == "bad"
    assert words in found.found + found.fix


def of(check: Callable[[Situation], Finding], *, sandbox: bool = False, **variables: str) -> Finding:
    current = settings.read({"HOME": "/nowhere", "PATH": "", **variables})
    return check(Situation(current, Path("/nowhere"), sandbox=sandbox, patience=60))


def test_settings_of_terraform_that_do_not_exist_matter_only_where_they_are_used(tmp_path: Path) -> None:
    from provisioner.wiring.readiness import machine  # noqa: PLC0415 - only this test looks at it

    there, gone = tmp_path / "rc", tmp_path / "gone"
    there.touch()
    assert of(machine.terraform_settings, TF_CLI_CONFIG_FILE=str(there)).state == "ok"
    assert of(machine.terraform_settings, TF_CLI_CONFIG_FILE=str(gone)).state == "bad"
    assert of(machine.terraform_settings, sandbox=True, TF_CLI_CONFIG_FILE=str(gone)).state == "ok"
    assert of(machine.git).state == "bad"


def test_a_lock_that_was_left_is_a_warning_and_one_that_is_held_is_none(tmp_path: Path) -> None:
    from provisioner.wiring.readiness import machine  # noqa: PLC0415 - as above

    ledger, myself = Ledger(tmp_path / "runs"), identify(1)
    assert myself is not None
    gone = ProcessIdentity(myself.pid, "0", myself.boot_id, myself.host)
    killed = Leases(ledger, "up-churn-1", gone).hold(["churn-dev"])
    killed.__enter__()
    left = of(machine.locks, PROVISION_ENV_STATE=str(tmp_path))
    assert (left.state, left.fix) == ("warning", "provision-env locks break churn-dev")
    with Leases(ledger, "up-churn-2", myself).hold(["churn-dev"]):
        assert of(machine.locks, PROVISION_ENV_STATE=str(tmp_path)).state == "ok"


class GitHub:
    """Answers as GitHub does to a token; ``wrong`` is how far its clock is behind ours."""

    def __init__(self) -> None:
        self.status, self.scopes, self.wrong = 200, "", 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response_only(outer.status)
                self.send_header("Date", formatdate(time.time() - outer.wrong, usegmt=True))
                self.send_header("X-OAuth-Scopes", outer.scopes)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def github() -> Iterator[GitHub]:
    answering = GitHub()
    thread = threading.Thread(target=answering.server.serve_forever, args=(0.02,))
    thread.start()
    yield answering
    answering.server.shutdown()
    thread.join()
    answering.server.server_close()


@pytest.mark.parametrize(
    ("token", "status", "scopes", "state", "words"),
    [
        ("ghs_0123", 200, "", "ok", "installation token"),
        ("ghs_0123", 401, "", "bad", "refuses the installation token"),
        ("ghp_0123", 200, "repo, workflow, admin:org", "ok", "classic token"),
        ("ghp_0123", 200, "repo", "bad", "lacks read:org, workflow"),
    ],
)
def test_a_token_is_told_by_its_kind_and_by_what_it_lacks(  # noqa: PLR0913, PLR0917 - one per column
    github: GitHub, token: str, status: int, scopes: str, state: str, words: str
) -> None:
    github.status, github.scopes = status, scopes
    found = of(clouds.github, GITHUB_TOKEN=token, GITHUB_API_URL=github.url)
    assert found.state == state
    assert words in found.found
    assert token not in str(found)


def test_a_token_is_not_sent_to_whom_a_folder_names(github: GitHub, tmp_path: Path) -> None:
    text = (EXAMPLES / "platform.yaml").read_text(encoding="utf-8")
    said = text.replace("\ngithub:\n", "\ngithub:\n  api_url: https://127.0.0.1:1\n")
    (tmp_path / "platform.yaml").write_text(said, encoding="utf-8")
    given = settings.read({"HOME": "/nowhere", "GITHUB_TOKEN": "ghs_0123", "GITHUB_API_URL": github.url})
    found = clouds.github(Situation(given, tmp_path, sandbox=False, patience=60))
    assert (found.state, "was not sent to https://127.0.0.1:1" in found.found) == ("warning", True)
    assert found.fix.endswith("GITHUB_API_URL=https://127.0.0.1:1")


def test_without_a_token_the_sandbox_is_offered() -> None:
    found = of(clouds.github)
    assert (found.state, found.found) == ("bad", "there is no GitHub token")
    assert "--sandbox" in found.fix
    assert of(clouds.github, sandbox=True).state == "skipped"


@pytest.mark.parametrize(("wrong", "state"), [(0, "ok"), (120, "warning"), (900, "bad"), (-900, "bad")])
def test_a_clock_that_is_wrong_is_found_by_what_servers_say(github: GitHub, wrong: float, state: str) -> None:
    github.wrong = wrong
    off = clouds.seconds_off(github.url, 60)
    assert off is not None
    assert abs(off - wrong) < 50
    assert clouds.compared(off).state == state


def test_a_key_of_a_service_account_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text('{"type": "service_account"}')
    current = settings.read({"HOME": "/nowhere", "GOOGLE_APPLICATION_CREDENTIALS": str(key)})
    situation = Situation(current, tmp_path, sandbox=False, patience=60)
    (found,) = examine(situation, {"google": clouds.google})
    assert found.state == "bad"
    assert "keys are refused" in found.found


def test_a_check_that_never_answers_and_one_that_falls_ill_hold_nobody_up(tmp_path: Path) -> None:
    never = threading.Event()

    def waits(_: Situation) -> Finding:
        never.wait()
        return Finding("waits", "ok", "")

    def falls_ill(_: Situation) -> Finding:
        raise KeyError("depth")

    situation = Situation(settings.read({"HOME": "/nowhere"}), tmp_path, sandbox=True, patience=0.2)
    found = examine(situation, {"waits": waits})
    assert [(each.check, each.state) for each in found] == [("waits", "warning")]
    assert "no answer within 0.2 s" in found[0].found
    patient = Situation(situation.settings, tmp_path, sandbox=True, patience=60)
    (ill,) = examine(patient, {"ill": falls_ill})
    assert (ill.state, ill.found) == ("warning", "could not be checked: KeyError: 'depth'")
    never.set()


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.xdist_group("cli-sandbox")
def test_in_the_sandbox_both_clouds_are_asked_as_the_real_ones_are(desk: Person) -> None:
    try:
        assert desk.runs("sandbox", "start").code == 0
        ended = desk.runs("sandbox", "shell", *desk.command, "doctor", "-o", "json", "--patience", "100")
        found = {each["check"]: each for each in ended.document["checks"]}
        assert "access token of " in found["google"]["found"]
        assert "cannot see project" in found["google"]["found"]  # nobody made the platform's project yet
        assert "GitHub knows no" in found["github"]["found"]
        assert (ended.code, found["provider"]["state"]) == (4, "ok")
    finally:
        desk.runs("sandbox", "stop")
