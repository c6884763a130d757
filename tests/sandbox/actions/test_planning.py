"""Which jobs run, in which order, with what: decided by the sandbox, executed by act."""

from __future__ import annotations

import pytest

from tests.sandbox.actions.bench import Bench, needs_act

pytestmark = needs_act

GRAPH = """
name: graph
run-name: Graph of ${{ github.ref_name }}
on: push
env:
  REGION: ${{ vars.REGION }}
jobs:
  build:
    runs-on: ubuntu-24.04
    outputs:
      tag: ${{ steps.facts.outputs.tag }}
      matrix: ${{ steps.facts.outputs.matrix }}
    steps:
      - id: facts
        run: |
          echo "tag=v1 of it's $REGION" >> "$GITHUB_OUTPUT"
          echo 'matrix={"v":[1,2]}' >> "$GITHUB_OUTPUT"
  test:
    name: test ${{ matrix.v }}
    needs: build
    runs-on: [ubuntu-24.04]
    strategy:
      matrix: ${{ fromJSON(needs.build.outputs.matrix) }}
    outputs:
      last: ${{ steps.a.outputs.last }}
    steps:
      - id: a
        if: matrix.v == 2
        run: echo "last=${{ matrix.v }}/${{ strategy.job-total }}" >> "$GITHUB_OUTPUT"
  left-out:
    needs: test
    if: github.ref != 'refs/heads/main'
    runs-on: x
    steps: [{run: exit 1}]
  after-left-out:
    needs: left-out
    runs-on: x
    steps: [{run: exit 1}]
  last:
    needs: [build, test, after-left-out]
    if: ${{ !failure() && !cancelled() }}
    runs-on: x
    steps:
      - run: test "${{ join(needs.*.result, ' ') }}" = "success success skipped"
      - run: test "${{ needs.test.outputs.last }}|${{ needs.build.outputs.tag }}" = "2/2|v1 of it's here"
      - run: test "$(echo "${{ github.workflow_ref }}")" = "acme/model/.github/workflows/graph.yaml@refs/heads/main"
"""


def test_a_graph_with_outputs_matrix_and_jobs_left_out(bench: Bench) -> None:
    bench.call("POST", "variables", {"name": "REGION", "value": "here"})
    bench.push({"graph": GRAPH})
    assert bench.conclusions() == {
        "build": "success",
        "test 1": "success",
        "test 2": "success",
        "left-out": "skipped",
        "after-left-out": "skipped",
        "last": "success",
    }
    run = bench.run()
    assert (run["status"], run["conclusion"], run["display_title"]) == ("completed", "success", "Graph of main")
    assert [step["conclusion"] for step in bench.jobs()["test 1"]["steps"]] == ["skipped"]


BROKEN = """
on: push
jobs:
  a:
    runs-on: x
    strategy: {matrix: {v: [1, 2, 3]}, max-parallel: 1, fail-fast: true}
    steps: [{run: 'test ${{ matrix.v }} != 1'}]
  tolerated:
    runs-on: x
    continue-on-error: true
    steps: [{run: exit 1}]
  cleanup:
    needs: [a, tolerated]
    if: failure()
    runs-on: x
    steps: [{run: 'test ${{ needs.a.result }}-${{ needs.tolerated.result }} = failure-success'}]
  never:
    needs: a
    runs-on: x
    steps: [{run: 'true'}]
"""


def test_a_failure_stops_its_matrix_and_what_needs_it(bench: Bench) -> None:
    bench.push({"broken": BROKEN})
    assert bench.conclusions() == {
        "a (1)": "failure",
        "a (2)": "cancelled",
        "a (3)": "cancelled",
        "tolerated": "failure",
        "cleanup": "success",
        "never": "skipped",
    }
    assert bench.run()["conclusion"] == "failure"


CALLER = """
on: push
permissions: {contents: read}
jobs:
  one:
    uses: ./.github/workflows/called.yaml
    with: {who: "${{ github.ref_name }}", times: 2}
    secrets: {KEY: "${{ secrets.OUTER }}"}
  two:
    needs: one
    runs-on: x
    steps: [{run: 'test "${{ needs.one.outputs.said }}" = "main 2"'}]
"""
CALLED = """
on:
  workflow_call:
    inputs:
      who: {type: string, required: true}
      times: {type: number}
    secrets: {KEY: {required: true}}
    outputs:
      said: {value: "${{ jobs.inner.outputs.said }}"}
jobs:
  inner:
    runs-on: x
    permissions: {contents: write, id-token: write}
    outputs: {said: "${{ steps.a.outputs.said }}"}
    steps:
      - id: a
        run: echo "said=${{ inputs.who }} ${{ inputs.times }}" >> "$GITHUB_OUTPUT"
      - run: test -n "${{ secrets.KEY }}" && test -z "${{ secrets.OUTER }}"
      - run: test -z "$ACTIONS_ID_TOKEN_REQUEST_TOKEN"
"""


def test_a_called_workflow_gets_inputs_and_no_more_rights_than_its_caller(bench: Bench) -> None:
    bench.secret("OUTER", "the outer secret")
    bench.push({"caller": CALLER, "called": CALLED})
    assert bench.conclusions() == {"one / inner": "success", "two": "success"}
    bench.push({"caller": CALLER.replace("times: 2", "other: 2")})
    assert bench.conclusions() == {"one": "failure", "two": "skipped"}
    assert "other is not defined" in bench.stored("one")["note"]


FAR = """
on: push
jobs:
  left-out: {if: false, runs-on: x, steps: [{run: exit 1}]}
  always: {needs: left-out, if: always(), runs-on: x, steps: [{run: 'true'}]}
  last: {needs: always, runs-on: x, steps: [{run: exit 1}]}
"""


def test_success_looks_at_every_job_before(bench: Bench) -> None:
    bench.push({"far": FAR})
    assert bench.conclusions() == {"left-out": "skipped", "always": "success", "last": "skipped"}


GROUPED = """
on: push
concurrency: {group: "one-${{ github.ref }}", cancel-in-progress: CANCEL}
jobs:
  hold:
    runs-on: x
    environment: gate
    steps: [{run: 'true'}]
"""


@pytest.mark.parametrize(
    ("cancels", "expected"),
    [("false", ["waiting", "cancelled", "pending"]), ("true", ["cancelled", "cancelled", "waiting"])],
)
def test_a_group_has_one_at_work_and_one_waiting(bench: Bench, cancels: str, expected: list[str]) -> None:
    bench.environment("gate", reviewers=[{"type": "User", "id": bench.number("ann")}])
    for round_ in range(3):
        text = GROUPED.replace("CANCEL", cancels)
        bench.push({"grouped": text, "a/b": str(round_)})
    assert [run["conclusion"] or run["status"] for run in bench.runs()] == expected


@pytest.mark.slow
def test_a_group_goes_to_whoever_waits(bench: Bench) -> None:
    bench.environment("gate", reviewers=[{"type": "User", "id": bench.number("ann")}])
    bench.push({"grouped": GROUPED.replace("CANCEL", "false")})
    bench.push({"a/b": "1"})
    first, second = bench.runs()
    assert bench.call("POST", f"runs/{first['id']}/cancel").status_code == 202
    bench.settle()
    assert [run["status"] for run in bench.runs()] == ["completed", "waiting"]
    assert bench.conclusions(second["id"]) == {"hold": "waiting"}


INVALID = "on: push\njobs:\n  a:\n    runs-on: x\n    needs: [b]\n    steps: [{run: a}]\n"


def test_an_invalid_file_is_a_run_that_does_not_start(bench: Bench) -> None:
    bench.push({"bad": INVALID})
    assert (bench.run()["conclusion"], bench.conclusions()) == ("startup_failure", {})


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("runs-on: windows-latest\n    steps: [{run: a}]", "no runner for windows-latest"),
        ("runs-on: x\n    container: alpine\n    steps: [{run: a}]", "without containers"),
        ("runs-on: x\n    steps: [{uses: 'some/where@v1'}]", "import-repo FOLDER some/where"),
        ("runs-on: x\n    steps: [{uses: 'actions/github-script@v9', with: {script: a}}]", "actions/github-script@v9"),
        ("runs-on: x\n    steps: [{uses: 'docker://alpine'}]", "docker://alpine cannot be used"),
        ("runs-on: x\n    strategy: {matrix: {a: []}}\n    steps: [{run: a}]", "'a' does not contain any values"),
    ],
)
def test_what_this_machine_cannot_run_says_so(bench: Bench, job: str, reason: str) -> None:
    bench.push({"odd": f"on: push\njobs:\n  a:\n    {job}\n"})
    assert bench.conclusions() == {"a": "failure"}
    assert reason in bench.stored("a")["note"]


ACTION = """
inputs: {word: {default: x}}
outputs: {said: {value: "${{ steps.a.outputs.said }}"}}
runs:
  using: composite
  steps:
    - id: a
      shell: bash
      run: echo "said=${{ inputs.word }}" >> "$GITHUB_OUTPUT"
"""
USER = """
on: push
jobs:
  a:
    runs-on: x
    steps:
      - id: s
        uses: acme/tool/say@COMMIT
        with: {word: hello}
      - run: test ${{ steps.s.outputs.said }} = hello
"""


@pytest.mark.slow
def test_an_action_of_this_github_is_used_at_its_commit(bench: Bench) -> None:
    bench.hub.repository("tool", visibility="public", private=False)
    body = {"message": "m", "content": bench.encoded(ACTION)}
    made = bench.hub.call("PUT", "/repos/acme/tool/contents/say/action.yml", body).json()
    bench.push({"use": USER.replace("COMMIT", made["commit"]["sha"])})
    assert bench.conclusions() == {"a": "success"}
    bench.push({"use": USER.replace("COMMIT", "0" * 40)})
    assert "unable to find version" in bench.stored("a")["note"]
