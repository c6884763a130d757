"""The listed breaks still fit the code: a text that moved would leave its rule untried until the long run notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutate import PROJECT, listed

ROOMS = sorted(path.stem for path in (PROJECT / "tests" / "mutations").glob("*.toml"))


@pytest.mark.parametrize("room", ROOMS)
def test_every_break_names_one_place(room: str) -> None:
    found = list(listed([room]))
    assert found
    misfits = [each.why for each in found if (PROJECT / each.file).read_text().count(each.find) != 1]
    assert misfits == []
    paths = {Path(test.partition("::")[0]) for each in found for test in each.tests}
    assert [path for path in paths if not (PROJECT / path).exists()] == []
