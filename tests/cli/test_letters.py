"""Output in a character set that lacks our signs: plainer, never a crash, and JSON stays JSON."""

from __future__ import annotations

import io
import json
import sys

import pytest

from provisioner.cli.letters import tolerate
from tests.cli.program import Person


def _printed(text: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="latin-1", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    tolerate()
    stream.write(text)
    return written.getvalue()


def test_signs_become_plain_letters_and_known_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _printed("✓ Zürich ✗ … ·", monkeypatch).decode("latin-1") == "+ Zürich x ... ·"


def test_a_document_says_the_same_in_any_character_set(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"team": "日本 💥"}
    assert json.loads(_printed(json.dumps(said, ensure_ascii=False), monkeypatch)) == said


def test_the_program_speaks_to_an_old_terminal(person: Person) -> None:
    ended = person.given(PYTHONIOENCODING="latin-1").runs("doctor", "--sandbox", "--patience", "0.1")
    assert "Traceback" not in ended.err
    assert "unexpected" not in ended.err
    assert "+ python" in ended.out
