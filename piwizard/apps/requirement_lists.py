"""Read pip's requirements files: continued lines, includes, hashes and encodings."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import field

from piwizard.apps.modules import join_path, parent_folder
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.version_specs import distribution_of
from piwizard.system.lazy_dataclass import dataclass

MAX_INCLUDED_FILES = 20
MAX_LINES = 5000
INCLUDE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)")
CONSTRAINT = re.compile(r"(?:-c|--constraint)[ =]?\s*(\S+)")
EDITABLE = re.compile(r"(?:-e|--editable)[ =]?\s*(.+)")
HASH = re.compile(r"\s--hash[ =](\S+)")
OPTION = re.compile(r"-{1,2}[A-Za-z]")
COMMENT = re.compile(r"(?:^|\s+)#.*$")
EGG = re.compile(r"#egg=([A-Za-z0-9._-]+)")
PINNED = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[\w,. -]*\])?\s*==\s*([\w.!+-]+)\s*(;[^\\]*)?", re.ASCII)
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
"""Windows PowerShell writes UTF-16 with such a mark. The longer mark comes first."""


@dataclass(frozen=True)
class ListedLine:
    """A requirement or an option of a list, in one line, without comments and hashes.

    `editable`: it was written with -e.
    """

    text: str
    file: str
    line: int
    hashes: tuple[str, ...] = ()
    editable: bool = False

    @property
    def is_option(self) -> bool:
        return bool(OPTION.match(self.text))

    @property
    def name(self) -> str | None:
        """Return the distribution that the line requires; None if it names none."""
        if egg := EGG.search(self.text):
            return distribution_of(egg[1])
        return None if self.is_option else distribution_of(self.text)


@dataclass
class RequirementList:
    """A requirements file with the files that it includes.

    `limits` are the lines of its constraint files. `pip_reads`: pip decodes the file as piwizard does.
    """

    file: str
    lines: list[ListedLine] = field(default_factory=list)
    limits: list[ListedLine] = field(default_factory=list)
    pip_reads: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Return the distributions that are required."""
        return tuple(dict.fromkeys(name for one in self.lines if (name := one.name)))

    @property
    def hashed(self) -> bool:
        """Return whether pip requires a hash for each line."""
        return any(one.hashes or one.text == "--require-hashes" for one in self.lines)

    @property
    def pins(self) -> tuple[str, ...]:
        """Return the exact versions that the list and its constraint files set."""
        return tuple(dict.fromkeys(pin for one in (*self.lines, *self.limits) if (pin := _pin(one.text))))


def read_requirement_list(checkout: RepositoryCheckout, file: str) -> RequirementList:
    """Return a requirements file with all that it includes."""
    found = RequirementList(file)
    _read_into(checkout, file, found, found.lines, {file})
    return found


def _read_into(
    checkout: RepositoryCheckout, file: str, found: RequirementList, lines: list[ListedLine], seen: set[str]
) -> None:
    text, plain = decode_list(checkout.content(file) or b"")
    found.pip_reads &= plain
    for number, line in _logical_lines(text):
        for pattern, target in ((INCLUDE, lines), (CONSTRAINT, found.limits)):
            if match := pattern.fullmatch(line):
                other = join_path(parent_folder(file), match[1].removeprefix("./"))
                if pattern is CONSTRAINT:
                    lines.append(ListedLine(f"-c {other}", file, number))
                if other not in seen and len(seen) < MAX_INCLUDED_FILES:
                    seen.add(other)
                    _read_into(checkout, other, found, target, seen)
                break
        else:
            hashes = tuple(HASH.findall(line))
            plain_line = HASH.sub("", line).strip()
            match = EDITABLE.fullmatch(plain_line)
            lines.append(ListedLine(match[1] if match else plain_line, file, number, hashes, bool(match)))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a list with their numbers, continued lines as one."""
    waiting, start = "", 0
    for number, raw in enumerate(text.splitlines()[:MAX_LINES], 1):
        start = start if waiting else number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            waiting += raw[:-1] + " "
            continue
        line = COMMENT.sub("", waiting + raw).strip()
        waiting = ""
        if line:
            yield start, line
    if line := COMMENT.sub("", waiting).strip():
        yield start, line


def decode_list(content: bytes) -> tuple[str, bool]:
    """Return the text of a list, and whether pip decodes it in the same way."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace"), True
    if b"\0" in content[:200]:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
        return content.decode(encoding, errors="replace"), False
    try:
        return content.decode("utf-8"), True
    except UnicodeDecodeError:
        return content.decode("utf-8", errors="replace"), False


def _pin(text: str) -> str:
    """Return `name==version`, with its marker; "" for a line that sets no exact version."""
    found = PINNED.fullmatch(text)
    return f"{found[1]}=={found[2]}{' ' + found[3].strip() if found[3] else ''}" if found else ""
