"""Parse nginx's configuration language, with offsets for edits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import field

from piwizard.errors import PiwizardError
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class Span:
    """A piece of the text."""

    start: int
    end: int


@dataclass(frozen=True)
class Token(Span):
    """A word, a quoted string, a comment, or one of `{};`."""

    value: str
    kind: str  # "word", "comment", "{", "}", ";"


@dataclass
class Directive:
    """A directive with its block, if any.

    `start` is the offset of its name, `end` the offset behind its `;` or `}`.
    """

    start: int
    end: int
    name: str
    words: list[Token]
    #: Start and end of the inside of its block.
    inside: Span | None = None
    children: list[Directive] = field(default_factory=list)
    comments: list[Token] = field(default_factory=list)

    @property
    def args(self) -> list[str]:
        """Return the arguments, without quotes."""
        return [word.value for word in self.words]

    def named(self, name: str) -> list[Directive]:
        """Return the directives with that name directly in the block."""
        return [child for child in self.children if child.name == name]


def parse(text: str, path: str) -> Directive:
    """Parse a file as one block; `path` is for error messages."""
    return _Parser(text, path).parse()


def line_of(text: str, offset: int) -> int:
    """Return the line number, counted from 1."""
    return text.count("\n", 0, offset) + 1


def refuse(path: str, line: int, reason: str) -> PiwizardError:
    """Return the error for a file that nginx rejects."""
    return PiwizardError(f"{path}, line {line}: {reason}.", hint="Fix that line, then check it with `sudo nginx -t`.")


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self.tokens = _tokens(text, path)

    def parse(self) -> Directive:
        root = Directive(0, len(self.text), "", [], Span(0, len(self.text)))
        end = self._fill(root)
        if end is not None:
            raise self._error(end.start, 'unexpected "}"')
        return root

    def _fill(self, block: Directive) -> Token | None:
        """Parse up to the closing brace of the block and return it; None at the end of the file."""
        words: list[Token] = []
        for token in self.tokens:
            if token.kind == "comment":
                block.comments.append(token)
            elif token.kind == "word":
                words.append(token)
            elif token.kind == "}" and not words:
                return token
            elif token.kind == "}" or not words:
                raise self._error(token.start, f'unexpected "{token.kind}"')
            else:
                block.children.append(self._directive(words, token))
                words = []
        if words:
            raise self._error(words[0].start, f'"{words[0].value}" is never ended by ";"')
        return None

    def _directive(self, words: list[Token], end: Token) -> Directive:
        directive = Directive(words[0].start, end.end, words[0].value, words[1:])
        if end.kind == ";":
            self._check_semicolon(directive)
            return directive
        close = self._fill(directive)
        if close is None:
            raise self._error(directive.start, f'the block "{directive.name}" is never closed by "}}"')
        directive.inside = Span(end.end, close.start)
        directive.end = close.end
        return directive

    def _check_semicolon(self, directive: Directive) -> None:
        """Find a missing `;`, which makes a directive include the lines after it."""
        if "\n" not in self.text[directive.start : directive.end]:
            return
        from crossplane import analyzer, errors

        statement = {"directive": directive.name, "line": 0, "args": directive.args}
        try:
            analyzer.analyze(self.path, statement, ";", check_ctx=False)
        except errors.NgxParserBaseException as error:
            raise self._error(directive.start, f'{error.strerror}: is a ";" missing?') from error

    def _error(self, offset: int, reason: str) -> PiwizardError:
        return refuse(self.path, line_of(self.text, offset), reason)


def _tokens(text: str, path: str) -> Iterator[Token]:
    """Yield crossplane's tokens, which have only line numbers, with offsets."""
    at = 0
    in_lua = False  # crossplane ends a Lua block with a ";" of its own
    for value, quoted in _lex(text, path):
        if in_lua:
            in_lua = False
            yield Token(at, at, ";", ";")
            continue
        while at < len(text) and text[at].isspace():
            at += 1
        start = at
        if not quoted and value.startswith("#"):
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline
            yield Token(start, start + len(text[start:at].rstrip("\r")), text[start:at].rstrip("\r"), "comment")
            continue
        if quoted and text[at] == "{":
            in_lua = True
            at += len(value) + 2
        elif quoted:
            at = _closing_quote(text, at)
        else:
            at += len(value)
        yield Token(start, at, value, value if not quoted and value in ("{", "}", ";") else "word")


def _closing_quote(text: str, start: int) -> int:
    at = start + 1
    while text[at] != text[start]:
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _lex(text: str, path: str) -> Iterator[tuple[str, bool]]:
    import crossplane  # slow on a Pi, and not every command needs it

    # crossplane reads files only, and forgets a last line that is not ended. A byte that is no UTF-8 (an umlaut of
    # old in a comment) is one character here and stays one there.
    with os.fdopen(os.memfd_create("nginx.conf"), "wb") as memory:
        memory.write(text.replace("\r", " ").encode("utf-8", "replace") + b"\n")
        memory.flush()
        try:
            for value, _, quoted in crossplane.lex(f"/proc/self/fd/{memory.fileno()}"):
                yield value, quoted
        except crossplane.errors.NgxParserBaseException as error:
            raise refuse(path, error.lineno, error.strerror) from error
