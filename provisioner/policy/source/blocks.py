"""Blocks and attributes: as much of HCL's structure as the rules need, expressions left as words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from provisioner.policy.source.tokens import Token, Unreadable, templates, tokens

_OPENING, _CLOSING = frozenset("{[("), frozenset("}])")
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Expression:
    """The right side of an attribute."""

    words: tuple[Token, ...]
    line: int

    def literal(self) -> str | None:
        """Return the value of a plain quoted text; None for everything else, templates and escapes included."""
        if len(self.words) != 1 or self.words[0].kind != "text":
            return None
        text = self.words[0].text
        return None if "${" in text or "%{" in text or "\\" in text else text

    def source(self) -> str:
        """Return the words joined, quotes restored; for comparing, not for running."""
        return "".join(f'"{w.text}"' if w.kind == "text" else w.text for w in self.words if w.kind != "line")


@dataclass(frozen=True, slots=True)
class Block:
    """One block: ``type label label { … }``."""

    type: str
    labels: tuple[str, ...]
    line: int
    attributes: dict[str, Expression] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def of(self, kind: str) -> Iterator[Block]:
        """Yield the blocks of a type directly inside this one."""
        return (block for block in self.blocks if block.type == kind)

    def walk(self) -> Iterator[Block]:
        """Yield this block and every one inside it, at any depth."""
        yield self
        for block in self.blocks:
            yield from block.walk()

    def expressions(self) -> Iterator[Expression]:
        """Yield every attribute's expression, at any depth."""
        return chain.from_iterable(block.attributes.values() for block in self.walk())

    def text(self, name: str) -> str | None:
        """Return an attribute's literal text, None when it is absent or anything else."""
        expression = self.attributes.get(name)
        return expression.literal() if expression else None


@lru_cache(maxsize=256)
def parse(source: str) -> Block:
    """Read a file into one block without a type. Raises Unreadable, also for a name given twice.

    All roots share their modules' files: each is read once. Nobody changes a block that was read.
    """
    reader = _Reader(tuple(tokens(source)))
    body = Block("", (), 1)
    reader.body(body, 0)
    return body


@dataclass
class _Reader:
    words: tuple[Token, ...]
    position: int = 0

    def body(self, block: Block, depth: int) -> None:
        """Read attributes and blocks into ``block`` until its closing brace (or the end, for the file itself)."""
        if depth > _DEPTH:
            raise Unreadable(f"blocks are nested more than {_DEPTH} deep", block.line)
        while self._skip_lines():
            word = self._take()
            if word.text == "}" and depth and word.kind == "mark":
                return
            if word.kind != "name":
                raise Unreadable(f"{word.text!r} stands where an attribute or a block should begin", word.line)
            self._item(block, word, depth)
        if depth:
            raise Unreadable(f"the block {block.type} does not end", block.line)

    def _item(self, block: Block, name: Token, depth: int) -> None:
        if self._peek("="):
            self._take()
            if name.text in block.attributes:
                raise Unreadable(f"{name.text} is given twice", name.line)
            block.attributes[name.text] = Expression(tuple(self._expression()), name.line)
            return
        inner = Block(name.text, tuple(self._labels()), name.line)
        self.body(inner, depth + 1)
        block.blocks.append(inner)

    def _labels(self) -> Iterator[str]:
        while True:
            word = self._take()
            if word.kind == "mark" and word.text == "{":
                return
            if word.kind not in {"name", "text"}:
                raise Unreadable(f"{word.text!r} is no label of a block", word.line)
            yield word.text

    def _expression(self) -> Iterator[Token]:
        depth = 0
        while self.position < len(self.words):
            word = self.words[self.position]
            ends = word.kind == "line" or (word.kind == "mark" and word.text == "}")
            if depth == 0 and ends:
                return
            if word.kind == "mark":
                depth += (word.text in _OPENING) - (word.text in _CLOSING)
            self.position += 1
            yield word

    def _skip_lines(self) -> bool:
        while self.position < len(self.words) and self.words[self.position].kind == "line":
            self.position += 1
        return self.position < len(self.words)

    def _peek(self, mark: str) -> bool:
        return self.position < len(self.words) and self.words[self.position].text == mark

    def _take(self) -> Token:
        if self.position >= len(self.words):
            raise Unreadable("the file ends in the middle of a block", self.words[-1].line if self.words else 1)
        self.position += 1
        return self.words[self.position - 1]


@dataclass(frozen=True, slots=True)
class Call:
    """A function call: its name and the words between its brackets."""

    name: str
    arguments: tuple[Token, ...]
    line: int


def calls(words: tuple[Token, ...]) -> Iterator[Call]:
    """Yield the function calls in an expression, those inside its texts' templates included."""
    for index, word in enumerate(words):
        if word.kind == "text":
            for expression in templates(word):
                yield from calls(tuple(tokens(expression, word.line)))
        elif word.kind == "name" and index + 1 < len(words) and words[index + 1].text == "(":
            yield Call(word.text, _arguments(words, index + 1), word.line)


def _arguments(words: tuple[Token, ...], opening: int) -> tuple[Token, ...]:
    depth = 0
    for index in range(opening, len(words)):
        if words[index].kind == "mark":
            depth += (words[index].text in _OPENING) - (words[index].text in _CLOSING)
        if depth == 0:
            return words[opening + 1 : index]
    return words[opening + 1 :]
