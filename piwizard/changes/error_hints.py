"""What the words of a failed command tell about its mend."""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.system.commands import Result

GONE = re.compile(
    r"No module named '(imp|distutils|pkg_resources|asyncore|cgi)'|has no attribute '(ImpImporter|use_2to3)'|"
    r"implicit declaration of function ._?Py|has no member named|command '\S*gcc\S*' failed with exit code|"
    r"use_2to3 is invalid|name 'CCompiler' is not defined|"
    r"module 'collections' has no attribute '[A-Z]\w+'|cannot import name '[A-Z]\w+' from 'collections'"
)
DENIED = re.compile(r"(?:Permission denied|Read-only file system): '(/[^']+)'")


def out_of_memory(result: Result) -> str | None:
    """Names a kill by the kernel for what it nearly always is."""
    if result.exit in (137, -9):
        return "It was killed (137): the machine ran out of memory. Stop other programs, or add swap, and try again."
    return None


def out_of_time(result: Result, seconds: int) -> str | None:
    """Names the end that systemd puts to a command after `seconds`."""
    if result.exit != -15 or result.seconds < seconds:
        return None
    return f"It was stopped after {seconds // 60} minutes. Find out what it waits for, then try again."


def too_new(result: Result) -> str | None:
    """Names what old versions stumble over: what newer Pythons, or newer setuptools, no longer have."""
    if not any(GONE.search(line) for line in result.tail):
        return None
    return "It asks for a version that is too old for this Python. Ask for a newer one, commit it, then apply again."


def wants_to_write(result: Result, code: Path) -> str | None:
    """Names the path in the code, if any, that it wanted to write last."""
    found = [Path(match[1]) for line in result.tail for match in DENIED.finditer(line)]
    inside = [path.relative_to(code) for path in found if path.is_relative_to(code) and path != code]
    return f"It wants to write {inside[-1]}: if it may, name that in app.writable." if inside else None
