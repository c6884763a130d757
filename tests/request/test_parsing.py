"""The YAML itself: limits, places, and nothing that readers disagree about."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import InvalidInput
from provisioner.request.loading import load_request
from provisioner.request.parsing import ALIAS_LIMIT, parse
from provisioner.request.scalars import ambiguity, plain_value
from provisioner.request.source import SIZE_LIMIT, decode, read_text
from tests.request.inputs import ENVIRONMENTS, HEAD, platform, problems

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 5)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
REFUSED = {
    "tab": ("a:\n\tb: 1\n", "x:2:1: a tab stands where YAML wants spaces (indent with spaces)"),
    "two documents": ("a: 1\n---\nb: 2\n", "x:2:1: the file has several documents"),
    "key twice": ("a: 1\nb: 2\na: 3\n", "x:3:1: the key 'a' stands twice (keep one of them)"),
    "tag": ("a: !!python/object/apply:os.system [ls]\n", "x:1:4: the tag tag:yaml.org,2002:python/object/apply"),
    "merge key": ("a: &a {b: 1}\nc:\n  <<: *a\n", "x:3:3: merge keys (<<) are not read here (write the fields out)"),
    "alias to itself": ("a: &a [*a]\n", "x:1:8: the alias *a contains itself"),
    "unknown alias": ("a: *b\n", "x:1:4: the alias *b is not defined above"),
    "list as a key": ("? [a]\n: 1\n", "x:1:3: a key must be a plain word"),
    "not closed": ("a: [1, 2\nb: 3\n", "x:2:"),
    "colon in a value": ("a: b: c\n", "x:1:5: the file is not YAML"),
    "word that is a boolean elsewhere": (
        "a: no\n",
        'x:1:4: YAML readers differ about no (write true or false, or "no"',
    ),
    "octal": ("a: 0123\n", "x:1:4: YAML readers differ about 0123 (write a plain decimal number"),
    "sexagesimal": ("a: 12:30\n", "x:1:4: YAML readers differ about 12:30"),
    "key that is a boolean elsewhere": (
        "on: 1\n",
        'x:1:1: YAML readers differ about the key on (write "on" in quotes)',
    ),
    "too deep": ("a: " + "[" * 25 + "]" * 25 + "\n", "x:1:24: the document is nested deeper than 20 levels"),
    "bomb": (BOMB, "parts once its aliases are written out"),
    "many aliases": (
        "a: &a 1\n" + "".join(f"k{n}: *a\n" for n in range(ALIAS_LIMIT + 1)),
        f"x:{ALIAS_LIMIT + 2}:",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_safely_is_refused_in_its_place(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text, "x")
    assert message in str(caught.value)


def test_a_list_of_scalars_is_no_request() -> None:
    assert problems("- a\n- b\n")[0].startswith("t.yaml:1:1: the file holds no fields")


def test_places_of_keys_and_values_are_kept() -> None:
    document = parse("a:\n  - {b: 1, c: two}\n  - x\n", "f.yaml")
    assert document.value == {"a": [{"b": 1, "c": "two"}, "x"]}
    assert document.where(("a", 0, "c")) == "f.yaml:2:15"
    assert document.where(("a", 0, "c"), key=True) == "f.yaml:2:12"
    assert document.where(("a", 1)) == "f.yaml:3:5"
    assert document.where(("a", 0, "gone", "deeper")) == "f.yaml:2:5"


def test_an_alias_repeats_a_part_and_has_a_place_of_its_own() -> None:
    document = parse("a: &x {b: 1}\nc: *x\n", "f.yaml")
    assert document.value["c"] == {"b": 1}
    assert document.where(("c", "b")) == "f.yaml:2:4"


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such file") as caught:
        load_request(tmp_path / "gone.yaml", platform())
    assert caught.value.exit_code == 2
    assert "provision-env init" in caught.value.fix


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="this is a folder"):
        read_text(tmp_path)


def test_a_file_that_cannot_be_read() -> None:
    with pytest.raises(InvalidInput, match="the file cannot be read: Input/output error"):
        read_text(Path("/proc/self/mem"))


def test_a_file_that_grows_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(InvalidInput, match="larger than 256 KiB"):
        read_text(Path("/dev/zero"))


def test_the_largest_file_is_read() -> None:
    assert len(decode(b"a" * SIZE_LIMIT, "x")) == SIZE_LIMIT


def test_not_utf_8_names_the_byte() -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(b"a: 1\nb: caf\xe9\n", "x.yaml")
    assert str(caught.value) == "x.yaml:2:7: byte 0xe9 is not UTF-8 (save the file as UTF-8)"


@pytest.mark.parametrize("content", [b"", b"  \n\n"])
def test_an_empty_file(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="the file is empty"):
        decode(content, "x")


def test_a_byte_order_mark_is_no_part_of_the_first_field() -> None:
    assert parse(decode(b"\xef\xbb\xbfteam: a\n", "x"), "x").value == {"team": "a"}


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_whole_numbers_survive(number: int) -> None:
    assert parse(f"a: {number}\n", "x").value == {"a": number}


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"]), max_size=40))
def test_parsing_ends_with_a_document_or_with_a_place(text: str) -> None:
    try:
        place = parse(f"{text}\n", "x").where(())
    except InvalidInput as error:
        place = error.where
    assert place.split(":")[0] == "x"


@given(st.sampled_from(["true", "False", "null", "~", "1", "-5", "1.5", "1e3", "abc", "1.2.3", "europe-west1", "v1"]))
def test_what_readers_agree_on_is_read(text: str) -> None:
    assert ambiguity(text) is None
    assert parse(f"a: {text}\n", "x").value == {"a": plain_value(text)}


def test_the_same_request_with_and_without_a_head_comment() -> None:
    assert parse("# hello\n" + HEAD + ENVIRONMENTS, "x").value == parse(HEAD + ENVIRONMENTS, "x").value
