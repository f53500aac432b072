"""Find the cause of a failed command, and missing build tools, in its output."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from piwizard.system.commands import Result
from piwizard.system.device_errors import kind_of_error
from piwizard.system.devices import DEVICE_CLASSES

TOO_NEW = re.compile(
    r"No module named '(imp|distutils|pkg_resources|asyncore|cgi)'|has no attribute '(ImpImporter|use_2to3)'|"
    r"implicit declaration of function ._?Py|has no member named|command '\S*gcc\S*' failed with exit code|"
    r"use_2to3 is invalid|name 'CCompiler' is not defined|"
    r"module 'collections' has no attribute '[A-Z]\w+'|cannot import name '[A-Z]\w+' from 'collections'|"
    r"directly inherits TypingOnly|module 'ssl' has no attribute 'wrap_socket'|module 'ast' has no attribute '\w+'|"
    r"module 'asyncio' has no attribute '\w+'"
)
DENIED = re.compile(r"(?:Permission denied|Read-only file system): '(/[^']+)'")


def out_of_memory(result: Result) -> str | None:
    """Return a hint for a command that was killed.

    The kernel does so when memory is full.
    """
    if result.exit in (137, -9):
        return "It was killed (137): the Pi ran out of memory. Stop other programs or add swap, then apply again."
    return None


def out_of_time(result: Result, seconds: int) -> str | None:
    """Return a hint for a command that systemd stopped after `seconds`."""
    if result.exit != -15 or result.seconds < seconds:
        return None
    return f"It was stopped after {seconds // 60} minutes. Find out what it waits for, then apply again."


def too_new(result: Result) -> str | None:
    """Return a hint for a package that is too old for this Python or setuptools."""
    if not any(TOO_NEW.search(line) for line in result.tail):
        return None
    return "The requirements name a version that is too old for this Python. Commit a newer one, then apply again."


def wants_to_write(result: Result, code: Path) -> str | None:
    """Return a hint with the last path that the command could not write to.

    Only paths in the code count.
    """
    found = [Path(match[1]) for line in result.tail for match in DENIED.finditer(line)]
    inside = [path.relative_to(code) for path in found if path.is_relative_to(code) and path != code]
    return (
        f"It needs to write {inside[-1]}. To allow that, add it to app.writable, then apply again." if inside else None
    )


def closed_device(result: Result, hardware: tuple[str, ...]) -> str | None:
    """Return a hint about a device of a class that the app may not use."""
    kinds = [kind for line in result.tail if (kind := kind_of_error(line)) and kind not in hardware]
    if not kinds:
        return None
    answer = ", ".join(f'"{kind}"' for kind in (*hardware, kinds[-1]))
    return f"The app may need {DEVICE_CLASSES[kinds[-1]].label}. To allow it, add hardware = [{answer}] under [app]."


COMPILER = ("gcc", "libc6-dev", "python3-dev")
MISSING_TOOLS = (
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


def missing_packages(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the Debian packages that pip needs to compile something.

    Return none if pip failed for another reason.
    """
    text = "\n".join(lines)
    found = [packages for pattern, packages in MISSING_TOOLS if pattern.search(text)]
    return tuple(dict.fromkeys((*COMPILER, *(name for packages in found for name in packages)))) if found else ()


def last_package(lines: Iterable[str]) -> str:
    """Return the last package that pip began to install; empty if it named none."""
    names = [match[1] for line in lines if (match := COLLECTING.match(line))]
    return names[-1] if names else ""
