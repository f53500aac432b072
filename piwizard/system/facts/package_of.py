"""Which Debian package a program came from, by the lists that dpkg keeps."""

from __future__ import annotations

from piwizard.system.facts.source import FactSource

INFO = "/var/lib/dpkg/info"
OTHER_NAMES = {"node": "nodejs"}


def owner_of(source: FactSource, path: str) -> str | None:
    """The package that brought a program; None: no package, or one that doesn't bear the program's name.

    Only the few packages named like the program are looked into: reading the lists of all of them takes
    seconds from an SD card.
    """
    program = path.rsplit("/", 1)[-1]
    stem = OTHER_NAMES.get(program, program)[:6]
    wanted = {path, path.removeprefix("/usr"), f"/usr{path}"}
    for name in sorted(source.listdir(INFO) or []):
        if name.startswith(stem) and name.endswith(".list"):
            lines = (source.read(f"{INFO}/{name}") or "").splitlines()
            if not wanted.isdisjoint(lines):
                return name.removesuffix(".list").partition(":")[0]
    return None
