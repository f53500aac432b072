"""Replace requirements without a wheel for this Python by Debian packages.

pip would build them from source, which takes hours on a Pi or fails.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field

from piwizard.apps.requirement_lists import ListedLine
from piwizard.apps.version_specs import excludes_from, fits, pip_spec
from piwizard.system.apt_archive import AptArchive
from piwizard.system.lazy_dataclass import dataclass

Version = tuple[int, ...]
MAX_LINES = 50
MAX_MINOR = 100
NAME_AND_EXTRAS = re.compile(r"\s*[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*", re.ASCII)
UPSTREAM_VERSION = re.compile(r"(?:\d+:)?(\d{1,9}(?:\.\d{1,9}){0,5})")
"""The first numbers of a Debian version: 3.10.1 of `1:3.10.1+dfsg1-4`."""


@dataclass(frozen=True)
class DebianModule:
    """The Debian package of a distribution that has to be compiled.

    `wheels` are the first releases with wheels for ARM, by the minor version of Python 3; empty if PyPI has none.
    """

    package: str
    wheels: Mapping[int, Version] = field(default_factory=dict)

    def first_with_wheel(self, python: int) -> Version | None:
        """Return the first release that may have a wheel for Python 3.`python`.

        None if no release has one.
        """
        known = [version for minor, version in self.wheels.items() if minor <= python]
        return max(known, default=None)


def _module(package: str, *wheels: str) -> DebianModule:
    """Return a module by its first releases with wheels for Python 3.11 to 3.14."""
    numbers = [tuple(map(int, version.split("."))) for version in wheels]
    return DebianModule(package, dict(zip(range(11, 15), numbers, strict=False)))


DEBIAN_MODULES = {
    "cffi": _module("python3-cffi", "1.15.1", "1.16.0", "1.17.0", "2.0.0"),
    "cryptography": _module("python3-cryptography", "3.1"),
    "dbus-python": _module("python3-dbus"),
    "gevent": _module("python3-gevent", "22.10.1", "23.7.0", "24.10.1", "25.8.1"),
    "greenlet": _module("python3-greenlet", "1.1.3", "3.0.0", "3.1.0", "3.2.3"),
    "h5py": _module("python3-h5py", "3.8.0", "3.10.0", "3.12.1", "3.15.0"),
    "lxml": _module("python3-lxml", "4.9.2", "4.9.3", "5.3.0", "6.0.1"),
    "matplotlib": _module("python3-matplotlib", "3.6.0", "3.7.3", "3.9.2", "3.10.5"),
    "numpy": _module("python3-numpy", "1.23.2", "1.26.0", "2.1.0", "2.3.2"),
    "opencv-contrib-python": _module("python3-opencv", "4.5.4.60"),
    "opencv-contrib-python-headless": _module("python3-opencv", "4.5.4.60"),
    "opencv-python": _module("python3-opencv", "4.5.4.60"),
    "opencv-python-headless": _module("python3-opencv", "4.5.4.60"),
    "pandas": _module("python3-pandas", "1.5.0", "2.1.1", "2.2.3", "2.3.3"),
    "pillow": _module("python3-pil", "9.2.0", "10.0.0", "10.4.0", "11.3.0"),
    "psycopg2-binary": _module("python3-psycopg2", "2.9.5", "2.9.9", "2.9.10", "2.9.11"),
    "pycups": _module("python3-cups"),
    "pygobject": _module("python3-gi"),
    "pyyaml": _module("python3-yaml", "6.0", "6.0.1", "6.0.2", "6.0.3"),
    "pyzmq": _module("python3-zmq", "23.2.1", "25.1.1", "26.1.0", "27.0.0"),
    "scikit-image": _module("python3-skimage", "0.20.0", "0.22.0", "0.25.0", "0.26.0"),
    "scikit-learn": _module("python3-sklearn", "1.1.3", "1.3.1", "1.5.2", "1.7.2"),
    "scipy": _module("python3-scipy", "1.9.2", "1.11.2", "1.14.1", "1.16.1"),
    "shapely": _module("python3-shapely", "2.0.0", "2.0.2", "2.0.6", "2.1.2"),
}
"""Distributions, by normalized name, whose older releases take hours to build or do not build at all."""


@dataclass(frozen=True)
class CompiledLine:
    """A requirement of a distribution in DEBIAN_MODULES, by its normalized `name`."""

    text: str
    file: str
    line: int
    name: str

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True)
class Replacement:
    """A Debian package that can take the place of a requirement.

    `newer`: the requirement does not allow its version, but others of the same major version.
    """

    line: CompiledLine
    package: str
    version: str
    newer: bool = False


@dataclass(frozen=True)
class DebianReplacements:
    """The requirements without a wheel that Debian packages can replace.

    `fitting`: Debian's version is one that the requirement allows, or a newer one of the same major version as its
    upper limit. The others need a yes.
    """

    fitting: tuple[Replacement, ...] = ()
    others: tuple[Replacement, ...] = ()


def compiled_lines(lines: Iterable[ListedLine], skip: Collection[str] = ()) -> tuple[CompiledLine, ...]:
    """Return the lines that require a distribution of the table, without a marker."""
    found = [
        CompiledLine(one.text, one.file, one.line, one.name)
        for one in lines
        if one.name in DEBIAN_MODULES and not {one.name, one.text} & set(skip) and not re.search(r"[;@]", one.text)
    ]
    return tuple(found[:MAX_LINES])


def find_replacements(lines: Sequence[CompiledLine], python: str | None, archive: AptArchive) -> DebianReplacements:
    """Return what Debian can replace for Python `python`, such as "3.13.5"."""
    minor = python_minor(python)
    if minor is None:
        return DebianReplacements()
    fitting: list[Replacement] = []
    others: list[Replacement] = []
    for line in lines:
        module = DEBIAN_MODULES[line.name]
        spec = pip_spec(NAME_AND_EXTRAS.sub("", line.text, count=1).strip("() "))
        first = module.first_with_wheel(minor)
        if first is not None and not excludes_from(spec, first):
            continue
        version = archive.version(module.package)
        upstream = UPSTREAM_VERSION.match(version or "")
        if upstream is None:
            continue
        number = tuple(map(int, upstream[1].split(".")))
        newer = not fits(spec, number)
        right = not newer or _same_major_version(spec, number[0])
        (fitting if right else others).append(Replacement(line, module.package, upstream[1], newer))
    return DebianReplacements(tuple(fitting), tuple(others))


def _same_major_version(spec: str, major: int) -> bool:
    """Return whether a specifier that pins nothing allows versions with this first number."""
    return "=" not in re.sub("[<>]=", "", spec) and any(fits(spec, (major, minor)) for minor in range(MAX_MINOR))


def python_minor(version: str | None) -> int | None:
    """Return the minor version of a Python 3 such as "3.13.5"; None if unknown."""
    found = re.match(r"3\.(\d{1,3})\b", version or "")
    return int(found[1]) if found else None
