"""The words of HCL's native syntax (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "text", "number", "mark", "line"]

_BLANK = re.compile(r"[ \t\r\ufeff]+")
_COMMENT = re.compile(r"(#|//)[^\n]*|/\*.*?\*/", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w-]*")
_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
_HEREDOC = re.compile(r"<<(?P<indent>-?)(?P<end>[^\W\d][\w-]*)\r?\n")
_MARK = re.compile(r"\.\.\.|=>|==|!=|<=|>=|&&|\|\||::|[{}\[\]()=.,:?!<>+*/%&|-]")


class Unreadable(ValueError):
    """The text is not HCL as this reader knows it; ``line`` says where."""

    def __init__(self, reason: str, line: int) -> None:
        """Keep the line apart from the words."""
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Token:
    """One word. A ``text`` token holds what stands between the quotes or in the heredoc, unevaluated."""

    kind: Kind
    text: str
    line: int


def tokens(source: str, first_line: int = 1) -> Iterator[Token]:
    """Yield the words of a file or an expression; comments and blanks are left out. Raises Unreadable."""
    position, line = 0, first_line
    while position < len(source):
        token, end = _next(source, position, line)
        if token is not None:
            yield token
        line += source.count("\n", position, end)
        position = end


def _next(source: str, position: int, line: int) -> tuple[Token | None, int]:
    skipped = _BLANK.match(source, position) or _COMMENT.match(source, position)
    if skipped:
        return None, skipped.end()
    if source[position] == "\n":
        return Token("line", "\n", line), position + 1
    if source[position] == '"':
        end = _closing_quote(source, position + 1, line)
        return Token("text", source[position + 1 : end], line), end + 1
    heredoc = _HEREDOC.match(source, position)
    return _heredoc(source, heredoc, line) if heredoc else _word(source, position, line)


def _word(source: str, position: int, line: int) -> tuple[Token, int]:
    kinds: tuple[tuple[Kind, re.Pattern[str]], ...] = (("name", _NAME), ("number", _NUMBER), ("mark", _MARK))
    for kind, pattern in kinds:
        found = pattern.match(source, position)
        if found:
            return Token(kind, found[0], line), found.end()
    raise Unreadable(f"{source[position]!r} does not belong here", line)


def _closing_quote(source: str, position: int, line: int) -> int:
    """Return where the quoted text that begins before ``position`` ends; templates in it may hold quotes again."""
    while position < len(source):
        if source[position] == '"':
            return position
        if source[position] == "\n":
            break
        position = _past(source, position, line)
    raise Unreadable("a quoted text does not end on its line", line)


def _past(source: str, position: int, line: int) -> int:
    """Step over one character, escape or template of a quoted text."""
    if source.startswith(("$${", "%%{"), position):
        return position + 3
    if source.startswith(("${", "%{"), position):
        return _closing_brace(source, position + 2, line) + 1
    return position + (2 if source[position] == "\\" else 1)


def _closing_brace(source: str, position: int, line: int) -> int:
    depth = 1
    while position < len(source):
        character = source[position]
        if character == '"':
            position = _closing_quote(source, position + 1, line)
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return position
        position += 1
    raise Unreadable("a template does not end", line)


def _heredoc(source: str, found: re.Match[str], line: int) -> tuple[Token, int]:
    end = re.compile(rf"^[ \t]*{re.escape(found['end'])}[ \t]*\r?$", re.MULTILINE).search(source, found.end())
    if end is None:
        raise Unreadable(f"the heredoc {found['end']} does not end", line)
    return Token("text", source[found.end() : end.start()], line), end.end()


def templates(token: Token) -> Iterator[str]:
    """Yield the expressions inside a text's ``${…}`` and the words of its ``%{…}``."""
    text, position = token.text, 0
    while position < len(text):
        if text.startswith(("$${", "%%{"), position):
            position += 3
        elif text.startswith(("${", "%{"), position):
            end = _closing_brace(text, position + 2, token.line)
            yield text[position + 2 : end].strip("~")
            position = end + 1
        else:
            position += 1
