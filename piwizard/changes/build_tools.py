"""What pip lacks where a package has no wheel for this machine and has to be compiled."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
