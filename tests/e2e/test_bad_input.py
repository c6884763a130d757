"""Wrong requests: told with their place, exit code 2, nothing made anywhere; each beside its nearest good one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.desk import Desk, new_desk

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-input")]

HEAD = "team: churn\nowner: churn@example.com\ncost_center: cc-1\ndata_class: internal\n"
DEV = "environments:\n  dev: {project: example-churn-dev}\n"
GOOD = HEAD + DEV
LEVELS = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
BOMB = f"a0: &a0 [x, x, x]\n{LEVELS}{GOOD}"


@dataclass(frozen=True)
class Wrong:
    """A wrong request, where it is wrong, words of the message, and the nearest that is right."""

    text: str | bytes
    place: str
    words: str
    right: str | bytes = GOOD


CASES = {
    "unknown field": Wrong(GOOD + "colour: red\n", ":7:1", "colour", GOOD + "description: red\n"),
    "unknown field below": Wrong(
        GOOD + "services: {scoring: {memroy: 1Gi}}\n", ":7:", "memory", GOOD + "services: {scoring: {memory: 1Gi}}\n"
    ),
    "wrong type": Wrong(
        GOOD + 'buckets: {data: {keep_versions: "ten"}}\n',
        ":7:",
        "keep_versions",
        GOOD + "buckets: {data: {keep_versions: 10}}\n",
    ),
    "invalid project": Wrong(HEAD + "environments:\n  dev: {project: Example_Churn}\n", ":6:", "Example_Churn"),
    "duplicated environment": Wrong(
        GOOD + "  dev: {project: example-churn-two}\n", ":7:3", "dev", GOOD + "  prod: {project: example-churn-two}\n"
    ),
    "region not allowed": Wrong(
        HEAD + "environments:\n  dev: {project: example-churn-dev, region: us-east1}\n",
        ":6:",
        "us-east1",
        HEAD + "environments:\n  dev: {project: example-churn-dev, region: europe-west4}\n",
    ),
    "one project for two environments": Wrong(
        GOOD + "  prod: {project: example-churn-dev}\n",
        ":7:",
        "example-churn-dev",
        GOOD + "  prod: {project: example-churn-prod}\n",
    ),
    "bomb": Wrong(BOMB, ":", "alias"),
    "tab": Wrong(HEAD + "environments:\n\tdev: {project: example-churn-dev}\n", ":6:", "tab"),
    "not UTF-8": Wrong(
        GOOD.encode() + "description: Zürich\n".encode("latin-1"),
        ":7:",
        "UTF-8",
        GOOD.encode() + "description: Zürich\n".encode(),
    ),
    "empty": Wrong("", ":", "the file is empty"),
    "two documents": Wrong(f"{GOOD}---\n{GOOD}", ":7:", "document", f"---\n{GOOD}"),
}


@pytest.fixture
def empty_desk(tmp_path: Path) -> Iterator[Desk]:
    """Give a desk where nothing may be started."""
    desk = new_desk(tmp_path)
    yield desk
    assert not (desk.person.state / "sandbox").exists()


@pytest.mark.parametrize("name", CASES)
def test_up_refuses_a_wrong_request_before_anything_is_made(empty_desk: Desk, name: str) -> None:
    case = CASES[name]
    request = empty_desk.written("churn.yaml", case.text)
    ended = empty_desk.up(request)
    assert ended.code == 2, ended
    assert f"error: {request}{case.place}" in ended.err
    assert case.words in ended.err
    assert "Traceback" not in ended.err
    assert "--debug" not in ended.err
    assert not (empty_desk.person.state / "runs").exists()


@pytest.mark.parametrize("name", CASES)
def test_the_nearest_right_request_is_valid(empty_desk: Desk, name: str) -> None:
    request = empty_desk.written("churn.yaml", CASES[name].right)
    ended = empty_desk.person.runs("validate", request)
    assert ended.code == 0, ended


def test_a_request_that_is_not_there(empty_desk: Desk) -> None:
    ended = empty_desk.up(empty_desk.folder / "nowhere.yaml")
    assert ended.code == 2
    assert f"{empty_desk.folder / 'nowhere.yaml'}: there is no such file" in ended.err


def test_a_folder_is_no_request(empty_desk: Desk) -> None:
    (empty_desk.folder / "teams").mkdir()
    ended = empty_desk.up(empty_desk.folder / "teams")
    assert ended.code == 2
    assert "--debug" not in ended.err


def test_a_wrong_platform_is_told_with_its_place(empty_desk: Desk) -> None:
    platform = empty_desk.folder / "platform.yaml"
    platform.write_text(platform.read_text().replace("regions: [", "regoins: ["))
    ended = empty_desk.up(empty_desk.written("churn.yaml", GOOD))
    assert ended.code == 2
    assert f"error: {platform}:" in ended.err
    assert "regoins" in ended.err


def test_a_request_that_cannot_be_read(empty_desk: Desk) -> None:
    request = empty_desk.written("churn.yaml", "x" * 2_000_000)
    ended = empty_desk.up(request)
    assert ended.code == 2
    assert str(request) in ended.err
