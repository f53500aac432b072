"""Find the line of a key in a TOML text, which tomllib does not tell."""

from __future__ import annotations

import re

HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
ASSIGNMENT = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)


def line_of(content: str, key: str) -> int | None:
    """Return the line, from 1, that sets `key` ("app.repo"), or that of its table.

    None where the text has neither.
    """
    wanted = key.split(".")
    table: list[str] = []
    best: tuple[int, int] | None = None
    for number, line in enumerate(content.split("\n"), start=1):
        if header := HEADER.match(line):
            table = _parts(header[1])
            path = table
        elif assignment := ASSIGNMENT.match(line):
            path = [*table, *_parts(assignment[1])]
        else:
            continue
        shorter = min(len(path), len(wanted))
        common = shorter if wanted[:shorter] == path[:shorter] else 0
        if common and (best is None or common > best[0]):
            best = (common, number)
    return best[1] if best else None


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]
