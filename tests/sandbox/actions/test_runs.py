"""Runs under way and afterwards: logs, secrets, annotations, tokens, cancelling, running again."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.sandbox.actions.bench import Bench, needs_act

pytestmark = needs_act

TALK = r"""
name: talk
on: push
jobs:
  a:
    runs-on: x
    outputs: {leak: "${{ steps.s.outputs.leak }}", fine: ok}
    steps:
      - id: s
        name: Say it
        run: |
          echo "the word is ${{ secrets.WORD }}, the token $TOKEN"
          echo "::add-mask::made-up-later"; echo "not made-up-later"
          echo "::error file=src/a.py,line=3,endLine=4,title=Bad::two%0Alines"
          echo "leak=${{ secrets.WORD }}" >> "$GITHUB_OUTPUT"
          echo "# Done" >> "$GITHUB_STEP_SUMMARY"
        env: {TOKEN: "${{ github.token }}"}
      - run: echo "again" >> "$GITHUB_STEP_SUMMARY"
"""


def test_secrets_stay_out_of_logs_and_outputs(bench: Bench) -> None:
    bench.secret("WORD", "open sesame")
    bench.push({"talk": TALK})
    log = bench.log("a")
    assert "the word is ***, the token ***" in log
    assert "not ***" in log
    assert not any(word in log for word in ("open sesame", "ghs_", "made-up-later"))
    job = bench.stored("a")
    assert job["outputs"] == {"fine": "ok"}
    assert job["summary"] == "# Done\nagain\n"
    texts = [(row["annotation_level"], row["message"]) for row in job["annotations"]]
    assert ("warning", "Skip output 'leak' since it may contain secret.") in texts
    (error,) = [row for row in job["annotations"] if row["annotation_level"] == "failure"]
    assert (error["path"], error["start_line"], error["end_line"], error["title"]) == ("src/a.py", 3, 4, "Bad")
    sha = bench.run()["head_sha"]
    checks = bench.hub.call("GET", f"{bench.path}/commits/{sha}/check-runs", token=bench.person("bea")).json()
    assert [(row["name"], row["conclusion"], row["app"]["slug"]) for row in checks["check_runs"]] == [
        ("a", "success", "github-actions")
    ]


@pytest.mark.slow
def test_nothing_of_a_job_is_left_on_disk(bench: Bench) -> None:
    bench.push({"talk": TALK})
    folder = bench.hub.world.folder / "actions"
    assert [path for path in folder.rglob("*") if path.is_file()] == []


TOKEN = """
on: push
permissions: {contents: read, issues: write}
jobs:
  a:
    runs-on: x
    steps:
      - run: |
          cat > KEEP <<< "$TOKEN"
          test -z "$GITHUB_TOKEN$GH_TOKEN$GOOGLE_OAUTH_ACCESS_TOKEN$CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"
          test -z "$TF_REATTACH_PROVIDERS$ACTIONS_ID_TOKEN_REQUEST_TOKEN"
          test "$HOME" != REAL && test -z "$(ls -A "$GITHUB_WORKSPACE")"
          ask() { curl -sf --noproxy '*' -H "Authorization: Bearer $TOKEN" "$@"; }
          api() { place=$1; shift; ask "API/repos/acme/$place" "$@"; }
          api model/contents/a/b > /dev/null
          api model/issues -d '{"title":"x"}' > /dev/null
          ! api model/topics -X PUT -d '{"names":[]}'
          ! api other > /dev/null
        env: {TOKEN: "${{ secrets.GITHUB_TOKEN }}"}
"""


def test_the_token_of_a_job_does_what_was_declared_and_ends_with_it(bench: Bench, tmp_path: Path) -> None:
    bench.hub.repository("other")
    kept = tmp_path / "kept"
    text = TOKEN.replace("KEEP", str(kept)).replace("API", bench.hub.url("api.github.com"))
    bench.push({"token": text.replace("REAL", str(Path.home())), "a/b": "x"})
    assert bench.conclusions() == {"a": "success"}, bench.log("a")
    assert bench.hub.call("GET", bench.path, token=kept.read_text().strip()).status_code == 401


@pytest.mark.slow
def test_logs_come_as_text_and_as_an_archive(bench: Bench) -> None:
    bench.push({"talk": TALK})
    run = bench.run()["id"]
    place = bench.call("GET", f"runs/{run}/logs").headers["location"]
    archive = bench.fetch(place)
    with zipfile.ZipFile(io.BytesIO(archive.content)) as packed:
        assert packed.namelist() == ["0_a.txt"]
        assert b"Say it" in packed.read("0_a.txt")
    bench.hub.world.clock.advance(61)
    assert bench.fetch(place).status_code == 404
    assert bench.call("DELETE", f"runs/{run}/logs").status_code == 204
    assert bench.call("GET", f"runs/{run}/logs").status_code == 404


TWO = """
on: push
jobs:
  good:
    runs-on: x
    outputs: {n: "${{ github.run_attempt }}"}
    steps: [{run: 'true'}]
  bad:
    needs: good
    runs-on: x
    steps: [{run: 'test ${{ github.run_attempt }}/${{ needs.good.outputs.n }} = 2/1'}]
  after:
    needs: bad
    runs-on: x
    steps: [{run: 'true'}]
"""


def test_failed_jobs_run_again_with_what_the_others_left(bench: Bench) -> None:
    bench.push({"two": TWO})
    run = bench.run()["id"]
    assert bench.conclusions() == {"good": "success", "bad": "failure", "after": "skipped"}
    first = bench.jobs()["good"]["id"]
    assert bench.call("POST", f"runs/{run}/rerun-failed-jobs").status_code == 201
    bench.settle()
    assert bench.conclusions() == {"good": "success", "bad": "success", "after": "success"}
    assert bench.jobs()["good"]["id"] == first
    shown = bench.run()
    assert (shown["run_attempt"], shown["conclusion"]) == (2, "success")
    assert bench.call("GET", f"runs/{run}/attempts/1").json()["conclusion"] == "failure"
    assert bench.call("GET", f"runs/{run}/attempts/2/jobs").json()["total_count"] == 2
    assert bench.call("GET", f"runs/{run}/jobs?filter=all").json()["total_count"] == 5
    assert bench.call("POST", f"runs/{run}/rerun-failed-jobs").status_code == 403
    assert bench.call("POST", f"runs/{run}/rerun").status_code == 201
    bench.settle()
    assert bench.run()["run_attempt"] == 3
    assert bench.call("DELETE", f"runs/{run}").status_code == 204
    assert bench.call("GET", f"runs/{run}").status_code == 404


SLOW = """
on: push
jobs:
  slow:
    runs-on: x
    timeout-minutes: LIMIT
    steps:
      - run: echo begun > PIPE; exec sleep 300
      - if: always()
        run: echo "cleaned up"
  always:
    needs: slow
    if: always()
    runs-on: x
    steps: [{run: 'test ${{ needs.slow.result }} = cancelled'}]
  never:
    needs: slow
    runs-on: x
    steps: [{run: 'true'}]
"""


def test_a_run_is_cancelled_while_a_job_is_at_work(bench: Bench, pipe: Path) -> None:
    bench.push({"slow": SLOW.replace("PIPE", str(pipe)).replace("LIMIT", "10")}, settle=False)
    bench.go_on()
    assert pipe.read_text() == "begun\n"
    run = bench.run()
    assert (run["status"], bench.conclusions()["slow"]) == ("in_progress", "in_progress")
    assert bench.call("POST", f"runs/{run['id']}/cancel").status_code == 202
    bench.settle()
    assert bench.conclusions() == {"slow": "cancelled", "always": "success", "never": "skipped"}
    assert bench.run()["conclusion"] == "cancelled"
    assert "cleaned up" in bench.log("slow")
    assert bench.call("POST", f"runs/{run['id']}/cancel").status_code == 409


@pytest.mark.slow
def test_a_job_that_takes_too_long_is_stopped(bench: Bench, pipe: Path) -> None:
    bench.push({"slow": SLOW.replace("PIPE", "/dev/null").replace("LIMIT", "0.01")})
    assert pipe.is_fifo()
    assert bench.conclusions()["slow"] == "cancelled"
    assert "has exceeded the maximum execution time of 0.01 minutes" in bench.stored("slow")["note"]


@pytest.mark.parametrize("state", ["off", "act"])
def test_without_execution_runs_are_recorded(bench: Bench, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    bench.hub.world.settings.change({"actions": state})
    monkeypatch.setattr("provisioner.sandbox.github.actions.starting.act_program", lambda: None)
    bench.push({"talk": TALK})
    run = bench.run()
    assert (run["status"], run["conclusion"], bench.conclusions()) == ("completed", "skipped", {})
    assert ("switched off" in run["display_title"]) == (state == "off")
    assert ("act is not installed" in run["display_title"]) == (state == "act")
    refused = bench.call("POST", f"runs/{run['id']}/rerun")
    assert (refused.status_code, "Not executed" in json.loads(refused.text)["message"]) == (403, True)
