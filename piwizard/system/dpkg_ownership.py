"""Find files that belong to the user rather than to a package.

Also find dependencies between packages. All is read from dpkg's own files.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePath

from piwizard.system import dpkg, files, safe_open

SETTINGS = "/etc"
GENERATED_FILES = (
    "/etc/letsencrypt/accounts/*",
    "/etc/letsencrypt/csr/*",
    "/etc/letsencrypt/keys/*",
    "/etc/letsencrypt/.*",
    "/etc/letsencrypt/*/README",
    "/var/lib/letsencrypt/*",
    "/var/lib/nginx/*",
    "/var/lib/unattended-upgrades/*",
)
"""Files that the programs of piwizard's steps create. Purging removes them, and no user wrote them."""
DATA = re.compile(r"/(?:var/lib|var/spool|var/www|srv)/[\w.+/-]*\w")
"""A folder or file with data of a program, in the scripts of Debian packages."""
STATE_OF_THE_SYSTEM = tuple(
    f"/var/lib/{name}{end}"
    for name in (
        *("NetworkManager", "apt", "dbus", "debconf", "dpkg", "pam", "polkit-1", "python", "shells.state"),
        *("systemd", "ucf", "update-rc.d"),
    )
    for end in ("", "/*")
)
"""What packages register there; nothing in it is a user's."""
LIST_FILE = re.compile(r"(?P<name>.+?)(:[a-z0-9]+)?\.list")
NAME = re.compile(r"\s*([^\s:(]+)")


def find_user_files(names: Iterable[str], root: Path = Path("/")) -> dict[str, Path]:
    """Return package → one of its settings files that the user wrote or edited.

    Packages without such a file are not in the result.
    """
    wanted, lists = set(names), _lists(root)
    mine = {path for name in wanted for path in lists.get(name, ()) if path.startswith(f"{SETTINGS}/")}
    shared = {path for name, paths in lists.items() if name not in wanted for path in paths}
    edited = dict(_edited(wanted, root))
    found: dict[str, Path] = {}
    for name in sorted(wanted):
        folders = [path for path in sorted(lists.get(name, ())) if path in mine - shared]
        strange = (file for folder in folders for file in _strange(folder, mine, root))
        file = edited.get(name) or next(strange, None)
        if file:
            found[name] = file
    return found


def find_data(names: Iterable[str], root: Path = Path("/")) -> dict[str, Path]:
    """Return package → a folder with files that purging the package may delete.

    These are folders for data that the package has, or that its removal script names, such as a database's.
    """
    lists = _lists(root)
    found: dict[str, Path] = {}
    for name in sorted(set(names)):
        shipped = {PurePath(path).name for path in lists.get(name, ())}
        for folder in sorted({*lists.get(name, ()), *_removed_by(name, root)}):
            may_be_data = DATA.fullmatch(folder) and not any(fnmatch(folder, one) for one in STATE_OF_THE_SYSTEM)
            if may_be_data and not _made(f"{folder}/") and _has_files(root / folder.lstrip("/"), shipped):
                found.setdefault(name, Path(folder))
    return found


def needed_by_others(names: Iterable[str], status: str) -> dict[str, str]:
    """Return which of these packages an installed package outside of them needs.

    Each has the name of that other package.
    """
    ours, needs = set(names), {package.name: _needs(stanza) for package, stanza in dpkg.installed_stanzas(status)}
    found: dict[str, str] = {}
    while True:
        theirs = needs.keys() - (ours - found.keys())
        more = {
            name: other
            for other in sorted(theirs)
            for choices in needs[other]
            if not choices & theirs
            for name in sorted(choices & ours - found.keys())
        }
        if not more:
            return found
        found |= more


def depending_on(names: Iterable[str], others: Iterable[str], status: str) -> dict[str, str]:
    """Return which of these packages depend on one of `others`, even indirectly.

    Each has the name of the package that it needs.
    """
    ours, found = set(names), dict.fromkeys(others, "")
    needs = {package.name: _needs(stanza) for package, stanza in dpkg.installed_stanzas(status) if package.name in ours}
    while True:
        more = {
            name: next(iter(sorted(choices & found.keys())))
            for name in sorted(needs.keys() - found.keys())
            for choices in needs[name]
            if choices & found.keys()
        }
        if not more:
            return {name: other for name, other in found.items() if other}
        found |= more


def _lists(root: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file in (root / dpkg.DPKG_FOLDER / "info").glob("*.list"):
        match = LIST_FILE.fullmatch(file.name)
        if match:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            found.setdefault(match["name"], set()).update(lines)
    return found


def _removed_by(name: str, root: Path) -> set[str]:
    """Return the paths of data that the script names which dpkg runs after a package was removed."""
    scripts = (root / dpkg.DPKG_FOLDER / "info").glob(f"{name}*.postrm")
    own = (file for file in scripts if re.fullmatch(rf"{re.escape(name)}(:[a-z0-9]+)?\.postrm", file.name))
    return {path for file in own for path in DATA.findall(file.read_text(encoding="utf-8", errors="replace"))}


def _has_files(folder: Path, shipped: set[str]) -> bool:
    try:
        with safe_open.open_folder(folder) as opened:
            return any(stat.S_ISREG(info.st_mode) and name not in shipped for name, _, info in safe_open.walk(opened))
    except NotADirectoryError:
        return folder.name not in shipped
    except OSError:  # none is there
        return False


def _strange(folder: str, known: set[str], root: Path) -> Iterator[Path]:
    """Yield regular files below a folder that no package installed. Links to existing files do not count."""
    top = root / folder.lstrip("/")
    if top.is_symlink() or not top.is_dir():
        return
    for where, _, names in os.walk(top):
        for name in sorted(names):
            file = Path("/") / (Path(where) / name).relative_to(root)
            inside = root / str(file).lstrip("/")
            if inside.is_file() and not inside.is_symlink() and str(file) not in known and not _made(str(file)):
                yield file


def _made(path: str) -> bool:
    return any(fnmatch(path, pattern) for pattern in GENERATED_FILES)


def _edited(names: set[str], root: Path) -> Iterator[tuple[str, Path]]:
    for package, stanza in dpkg.installed_stanzas(dpkg.read_status(root)):
        if package.name not in names:
            continue
        for path, digest in _conffiles(stanza).items():
            content = files.read(root / path.lstrip("/"))
            if content is not None and hashlib.md5(content, usedforsecurity=False).hexdigest() != digest:
                yield package.name, Path(path)


def _conffiles(stanza: str) -> Mapping[str, str]:
    lines = stanza.partition("\nConffiles:\n")[2].splitlines()
    found = {}
    for line in lines:
        if not line.startswith(" "):
            break
        path, digest, *more = line.split()
        if not more:  # "obsolete", "remove-on-upgrade"
            found[path] = digest
    return found


def _needs(stanza: str) -> list[set[str]]:
    """Return one set for each dependency; any package name in the set satisfies it."""
    fields = (dpkg.read_field(stanza, f"\n{name}: ") for name in ("Depends", "Pre-Depends"))
    whole = ", ".join(field for field in fields if field)
    return [{match[1] for one in each.split("|") if (match := NAME.match(one))} for each in whole.split(",") if each]
