"""What the output of a failed command says about the cause, and about missing build tools."""

from __future__ import annotations

import re
from collections.abc import Iterable
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


COMPILER = ("gcc", "libc6-dev", "python3-dev")
SIGNS = (
    (re.compile(r"gcc\S* failed: No such file|unable to execute '\S*gcc|Python\.h"), ()),
    (re.compile(r"Unknown compiler|No CMAKE_C\w*_COMPILER|[Cc]ompiler \S+ (?:not found|cannot be found)"), ("g++",)),
    (re.compile(r"g\+\+\S* failed: No such file|c\+\+' failed"), ("g++",)),
    (re.compile(r"pg_config executable not found|libpq-fe\.h"), ("libpq-dev",)),
    (re.compile(r"MYSQLCLIENT_CFLAGS|mysql_config"), ("default-libmysqlclient-dev", "pkg-config")),
    (re.compile(r"\bffi\.h"), ("libffi-dev",)),
    (re.compile(r"libxml/\w+\.h|libxml2 and libxslt"), ("libxml2-dev", "libxslt1-dev")),
    (re.compile(r"\bjpeg\b.*could not be found|jpeglib\.h"), ("libjpeg-dev", "zlib1g-dev")),
    (re.compile(r"openssl/\w+\.h"), ("libssl-dev",)),
)
COLLECTING = re.compile(r"\s*Collecting (\S+)")


def lacking(lines: Iterable[str]) -> tuple[str, ...]:
    """The packages of the system that pip's words ask for; none where it failed otherwise."""
    text = "\n".join(lines)
    found = [packages for sign, packages in SIGNS if sign.search(text)]
    return tuple(dict.fromkeys((*COMPILER, *(name for packages in found for name in packages)))) if found else ()


def stumbled_over(lines: Iterable[str]) -> str:
    """The last package that pip took up; empty where it named none."""
    names = [match[1] for line in lines if (match := COLLECTING.match(line))]
    return names[-1] if names else ""
