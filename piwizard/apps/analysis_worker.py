"""Reads an app's code in a process of its own, which may do nothing else. `reading.py` starts it.

As root it first gives everything up: it sees nothing but the code, as a user and a group that nobody else has, without
a network, and may neither write nor start anything. Only then is the first byte of the code read.
"""

from __future__ import annotations

# What others import only when they need it would no longer be found later: of Python itself nothing is in sight then.
import configparser  # noqa: F401
import ctypes
import encodings.ascii
import encodings.cp1252
import encodings.iso8859_15
import encodings.latin_1
import encodings.utf_8_sig  # noqa: F401
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from types import FrameType

from piwizard.apps.analysis import MOST_OFFERED, Needs, Static, Wish
from piwizard.apps.analysis_limits import FILES, MEMORY, NOBODYS, SECONDS, TOO_LARGE, TOO_LONG
from piwizard.apps.code_warnings import find_code_warnings
from piwizard.apps.database import find_init
from piwizard.apps.entry import Candidate, choose, find_entries
from piwizard.apps.env_vars import find_environment
from piwizard.apps.home_network import find_home_network
from piwizard.apps.import_scan import packages
from piwizard.apps.repository_checkout import RepositoryCheckout, read
from piwizard.apps.required_python import RequiredPython, find_required_python
from piwizard.apps.requirements import Requirements, find_requirements, limited, listed
from piwizard.apps.servers import server_in_code
from piwizard.apps.static import find_root_files, find_static
from piwizard.apps.write_paths import find_writable
from piwizard.errors import PiwizardError

CLONE_NEWNET, CLONE_NEWIPC, PR_SET_NO_NEW_PRIVS = 0x40000000, 0x08000000, 38
MOST_CANDIDATES = 200
MOST_FOUND = 1000
"""Of variables, and of names of packages; nobody reads more."""
LEAST_SHARE = 0.2
"""Seconds that each part may take at least."""


class OutOfTime(BaseException):
    """A part has used up its share of the time. No Exception, so that nothing on the way takes it for its own."""


def limit() -> None:
    """Set what the kernel ends or refuses."""
    limits = {
        resource.RLIMIT_CPU: SECONDS + 1,
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_NOFILE: FILES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most + 1 if kind == resource.RLIMIT_CPU else most))  # SIGXCPU, then SIGKILL


def confine(tree: Path) -> Path:
    """Give up all of root's rights and everything but the code, and return where the code is then."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(tree, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    group = os.fstat(handle).st_gid or NOBODYS
    libc.unshare(CLONE_NEWNET | CLONE_NEWIPC)  # refused in some containers, where the rest has to do
    os.fchdir(handle)
    os.chroot(".")
    os.close(handle)
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(NOBODYS, NOBODYS, NOBODYS)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return Path("/")


class AnalysisReader:
    """Works out one part after the other, each from what the answers say and what the parts before have found."""

    def __init__(self, root: Path, data: Path, wish: Wish) -> None:
        self._wish = wish
        self._code = RepositoryCheckout(root)
        self._root, self._data = root, data
        self._armed = False
        self._candidates: list[Candidate] = []
        signal.signal(signal.SIGPROF, self._interrupt)

    def report(self) -> None:
        """Print each part as a line of JSON, or why it is not known."""
        if not self._part("", self._read):
            return
        self._part("entries", self._entries)
        self._part("needs", self._needs)
        self._part("static", self._static)
        self._part("environment", lambda: find_environment(self._code)[:MOST_FOUND])
        self._part("init", lambda: find_init(self._code, self._entry.entry)[:MOST_OFFERED])
        self._part("server", lambda: server_in_code(self._code))
        self._part("network", lambda: find_home_network(self._code)[:MOST_OFFERED])
        self._part("writable", lambda: find_writable(self._code, self._entry.chdir)[:MOST_OFFERED])
        self._part("python", self._python)
        self._part("warnings", lambda: find_code_warnings(self._code))

    def _part(self, name: str, work: Callable[[], object]) -> bool:
        """Half of the time that is left is each part's: what one wastes is not lost to all that follow."""
        share = max((SECONDS - time.process_time()) / 2, LEAST_SHARE)
        try:
            self._armed = True
            signal.setitimer(signal.ITIMER_PROF, share, LEAST_SHARE)
            value = work()
            self._armed = False
        except OutOfTime:
            why = TOO_LONG
        except MemoryError:
            why = TOO_LARGE
        except RecursionError:
            why = "it is nested too deeply"
        except Exception as error:  # noqa: BLE001 — one file of a stranger must not take the other parts with it
            why = type(error).__name__
        else:
            if name:
                tell({"part": name, "value": value})
            return True
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_PROF, 0)
        tell({"part": name, "failed": why, "file": self._code.reading})
        return False

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._armed:
            raise OutOfTime

    def _read(self) -> None:
        self._code = read(self._root, self._data)
        self._code.about_to_parse = lambda file: tell({"file": file})

    def _entries(self) -> list[Candidate]:
        self._candidates = find_entries(self._code)
        wanted = [one for one in self._candidates[MOST_CANDIDATES:] if one.entry == self._wish.entry]
        return [*self._candidates[:MOST_CANDIDATES], *wanted[:1]]

    @cached_property
    def _entry(self) -> Candidate:
        wanted = self._wish.entry
        if wanted is None:
            try:
                return choose(self._candidates)
            except PiwizardError:  # whoever needs an entry says so; the rest does without
                return Candidate("", "", 0, "", 0)
        known = (candidate for candidate in self._candidates if candidate.entry == wanted)
        return next(known, Candidate(wanted, "", 0, "", 0))

    def _needs(self) -> Needs:
        file = self._wish.requirements
        if file is not None:
            limits = limited(self._code, file)[:MOST_FOUND]
            names = self._listed(file)
            return Needs(Requirements("requirements.txt", file, ("-r", file), names=names, limits=limits), ())
        found = find_requirements(self._code, self._entry.chdir)
        if found is None:
            return Needs(None, packages(self._code))
        return Needs(replace(found, names=found.names[:MOST_FOUND], limits=found.limits[:MOST_FOUND]), ())

    def _listed(self, file: str) -> tuple[str, ...]:
        return listed(self._code, file)[:MOST_FOUND]

    def _static(self) -> Static:
        folders = find_static(self._code, self._entry.origin[0])
        return Static(folders[:MOST_OFFERED], find_root_files(self._code, folders))

    def _python(self) -> tuple[RequiredPython, ...]:
        found = find_required_python(self._code, self._entry.chdir)
        return (found,) if found else ()


def tell(what: dict[str, object]) -> None:
    """Print one line of the report."""
    sys.stdout.write(json.dumps(what, default=_plain) + "\n")
    sys.stdout.flush()


def _plain(value: object) -> object:
    assert is_dataclass(value)
    assert not isinstance(value, type)
    return asdict(value)


def main() -> None:
    """Read a request from stdin and report to stdout."""
    request = json.loads(sys.stdin.read())
    os.closerange(3, FILES)
    tree = Path(request["tree"])
    limit()
    root = confine(tree) if os.geteuid() == 0 else tree
    AnalysisReader(root, Path(request["data"]), Wish(**request["wish"])).report()
    tell({"end": True})
