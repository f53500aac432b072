"""Read an app's code in a confined process; `analysis_process.py` starts it.

As root it first drops all privileges: it sees only the code, runs as a user and group of its own, has no
network, and can neither write files nor start programs. Only then does it read the first byte of the code.
"""

from __future__ import annotations

# Modules that others import on demand: after chroot nothing of Python itself can be found.
import configparser  # noqa: F401
import ctypes
import encodings.ascii
import encodings.cp1252
import encodings.iso8859_15
import encodings.latin_1
import encodings.utf_8_sig
import encodings.utf_16_be
import encodings.utf_16_le
import encodings.utf_32_be
import encodings.utf_32_le  # noqa: F401
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

from piwizard.apps.analysis import MAX_SUGGESTIONS, AnalysisOptions, PythonPackages, StaticFiles
from piwizard.apps.analysis_limits import (
    ANALYSIS_UID,
    MAX_CPU_SECONDS,
    MAX_MEMORY_BYTES,
    MAX_OPEN_FILES,
    TOO_LARGE,
    TOO_LONG,
)
from piwizard.apps.author_paths import AuthorPath, find_author_paths
from piwizard.apps.code_warnings import find_code_warnings
from piwizard.apps.command_line import find_command_line
from piwizard.apps.database import InitCommand, database_server_in_code, find_init_commands
from piwizard.apps.entry import candidate_in_file, find_entries
from piwizard.apps.entry_candidate import EntryCandidate
from piwizard.apps.entry_choice import choose_entry, named_entry
from piwizard.apps.env_vars import find_env_variables
from piwizard.apps.hardware import find_hardware
from piwizard.apps.home_network import find_home_network
from piwizard.apps.import_scan import packages_from_imports
from piwizard.apps.large_files import find_large_files
from piwizard.apps.local_files import find_local_files
from piwizard.apps.local_modules import LocalModule, find_local_modules
from piwizard.apps.local_services import find_local_services
from piwizard.apps.lost_writes import find_lost_writes
from piwizard.apps.privileged_use import find_privileged_uses
from piwizard.apps.process_findings import find_process_model
from piwizard.apps.process_model import SCRIPT, ProcessFinding
from piwizard.apps.processes import find_processes, find_unrunnable_programs
from piwizard.apps.repository_checkout import RepositoryCheckout, scan_checkout
from piwizard.apps.required_python import RequiredPython, find_required_python
from piwizard.apps.requirements import find_requirements, read_requirements
from piwizard.apps.schedules import find_schedules
from piwizard.apps.start_folder import StartFolder, find_start_folder
from piwizard.apps.static import find_root_files, find_static
from piwizard.apps.unknown_modules import find_unknown_modules
from piwizard.apps.upload_limit import find_upload_limit
from piwizard.apps.write_paths import WritePath, find_write_paths
from piwizard.errors import PiwizardError

CLONE_NEWNET, CLONE_NEWIPC, PR_SET_NO_NEW_PRIVS = 0x40000000, 0x08000000, 38
MAX_CANDIDATES = 200
MAX_NAMES = 1000
"""Environment variables, and names of packages. No person reads more."""
MIN_PART_SECONDS = 0.2
"""Time that each part gets in any case."""


class OutOfTime(BaseException):
    """A part has used up its time. No Exception, so that no handler catches it."""


def set_resource_limits() -> None:
    """Set the limits that the kernel enforces."""
    limits = {
        resource.RLIMIT_CPU: MAX_CPU_SECONDS + 1,
        resource.RLIMIT_AS: MAX_MEMORY_BYTES,
        resource.RLIMIT_NOFILE: MAX_OPEN_FILES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most + 1 if kind == resource.RLIMIT_CPU else most))  # SIGXCPU, then SIGKILL


def drop_privileges(tree: Path) -> Path:
    """Drop root's privileges, chroot to the code, and return its new path."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(tree, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    group = os.fstat(handle).st_gid or ANALYSIS_UID
    libc.unshare(CLONE_NEWNET | CLONE_NEWIPC)  # some containers refuse it; the other measures remain
    os.fchdir(handle)
    os.chroot(".")
    os.close(handle)
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(ANALYSIS_UID, ANALYSIS_UID, ANALYSIS_UID)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return Path("/")


class AnalysisReader:
    """Finds the parts of the report in order; later ones may use earlier ones."""

    def __init__(self, root: Path, data: Path, options: AnalysisOptions) -> None:
        self._options = options
        self._code = RepositoryCheckout(root)
        self._root, self._data = root, data
        self._armed = False
        self._candidates: list[EntryCandidate] = []
        self._paths: tuple[AuthorPath, ...] = ()
        self._written: tuple[WritePath, ...] = ()
        signal.signal(signal.SIGPROF, self._interrupt)

    def report(self) -> None:
        """Print each part, or why it failed, as a line of JSON."""
        if not self._part("", self._read):
            return
        self._part("entries", self._entries)
        self._part(
            "arguments",
            lambda: find_command_line(self._code, self._entry.file, script=self._entry.is_script),
        )
        self._part("needs", self._needs)
        self._part("static", self._static)
        self._part("environment", lambda: find_env_variables(self._code)[:MAX_NAMES])
        self._part("init", self._init)
        self._part("server", lambda: database_server_in_code(self._code))
        self._part("network", lambda: find_home_network(self._code)[:MAX_SUGGESTIONS])
        self._part("hardware", lambda: find_hardware(self._code)[:MAX_SUGGESTIONS])
        self._part("privileged", lambda: find_privileged_uses(self._code))
        self._part("process", self._process)
        self._part("folder", self._folders)
        self._part("author_paths", self._author_paths)
        self._part("large_files", lambda: find_large_files(self._code)[:MAX_SUGGESTIONS])
        started = (self._code, self._entry.file, self._working_directory)
        self._part("processes", lambda: find_processes(*started))
        self._part("unrunnable", lambda: find_unrunnable_programs(*started))
        self._part("schedules", lambda: find_schedules(*started))
        self._part("services", lambda: find_local_services(self._code))
        self._part("writable", self._writable)
        self._part("lost_writes", lambda: find_lost_writes(self._code, self._working_directory))
        self._part("local_modules", self._local)
        self._part("python", self._python)
        self._part("warnings", lambda: find_code_warnings(self._code))
        self._part("uploads", lambda: find_upload_limit(self._code))

    def _part(self, name: str, work: Callable[[], object]) -> bool:
        """Print one part, which gets half of the remaining time.

        So a slow part does not take the time of all later ones.
        """
        share = max((MAX_CPU_SECONDS - time.process_time()) / 2, MIN_PART_SECONDS)
        try:
            self._armed = True
            signal.setitimer(signal.ITIMER_PROF, share, MIN_PART_SECONDS)
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
                print_json({"part": name, "value": value})
            return True
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_PROF, 0)
        print_json({"part": name, "failed": why, "file": self._code.reading})
        return False

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._armed:
            raise OutOfTime

    def _read(self) -> None:
        self._code = scan_checkout(self._root, self._data)
        self._code.about_to_parse = lambda file: print_json({"file": file})

    def _entries(self) -> list[EntryCandidate]:
        self._candidates = find_entries(self._code)
        wanted = self._options.entry
        if wanted and not any(wanted in {one.entry, one.by_path} for one in self._candidates):
            named = candidate_in_file(self._code, wanted)
            self._candidates += [named] if named and (":" in named.entry or named.is_script) else []
        rest = [one for one in self._candidates[MAX_CANDIDATES:] if wanted in {one.entry, one.by_path}]
        return [*self._candidates[:MAX_CANDIDATES], *rest[:1]]

    @cached_property
    def _entry(self) -> EntryCandidate:
        wanted = self._options.entry
        try:
            return choose_entry(self._candidates) if wanted is None else named_entry(self._candidates, wanted)
        except PiwizardError:  # reported when an entry is needed; the other parts do without
            return EntryCandidate("", "", 0, "", 0)

    def _needs(self) -> PythonPackages:
        file, skip = self._options.requirements, self._options.skip_requirements
        found = (
            find_requirements(self._code, self._entry.chdir, skip)
            if file is None
            else read_requirements(self._code, file, skip)
        )
        if found is None:
            unknown = find_unknown_modules(self._code, self._entry.file)
            return PythonPackages(None, packages_from_imports(self._code), unknown)
        kept = replace(found, names=found.names[:MAX_NAMES], unusable=found.unusable[:MAX_SUGGESTIONS])
        return PythonPackages(kept, packages_from_imports(self._code))

    def _static(self) -> StaticFiles:
        folders = find_static(self._code, self._entry.origin[0])
        return StaticFiles(folders[:MAX_SUGGESTIONS], find_root_files(self._code, folders))

    def _init(self) -> tuple[InitCommand, ...]:
        start = self._working_directory
        return find_init_commands(self._code, self._entry.started_in(start), start)[:MAX_SUGGESTIONS]

    def _process(self) -> tuple[ProcessFinding, ...]:
        factory = self._entry.entry.partition(":")[2].partition("(")
        found = find_process_model(self._code, self._entry.file, factory[0] if factory[1] else "")
        if not self._entry.is_script:
            return found
        return (*found, ProcessFinding(SCRIPT, "is started as a program", self._entry.file, self._entry.line))

    @cached_property
    def _folder(self) -> StartFolder | None:
        return find_start_folder(self._code, self._entry.file, self._entry.chdir)

    @property
    def _working_directory(self) -> str:
        answered = self._options.folder
        if answered is not None:
            return "" if answered == "." else answered
        return self._folder.folder if self._folder else self._entry.chdir

    def _folders(self) -> tuple[StartFolder, ...]:
        return (self._folder,) if self._folder else ()

    def _author_paths(self) -> tuple[AuthorPath, ...]:
        self._paths = find_author_paths(self._code)
        return self._paths

    def _writable(self) -> tuple[WritePath, ...]:
        projects = tuple(dict.fromkeys(one.project for one in self._paths if one.project))
        self._written = find_write_paths(self._code, self._working_directory, projects)[:MAX_SUGGESTIONS]
        return self._written

    def _local(self) -> tuple[LocalModule, ...]:
        written = tuple(one.path for one in self._written)
        return (*find_local_modules(self._code), *find_local_files(self._code, self._working_directory, written))

    def _python(self) -> tuple[RequiredPython, ...]:
        found = find_required_python(self._code, self._entry.chdir)
        return (found,) if found else ()


def print_json(what: dict[str, object]) -> None:
    """Print one line of the report."""
    sys.stdout.write(json.dumps(what, default=_as_dict) + "\n")
    sys.stdout.flush()


def _as_dict(value: object) -> object:
    assert is_dataclass(value)
    assert not isinstance(value, type)
    return asdict(value)


def main() -> None:
    """Read a request from stdin and print the report to stdout."""
    request = json.loads(sys.stdin.read())
    os.closerange(3, MAX_OPEN_FILES)
    tree = Path(request["tree"])
    set_resource_limits()
    root = drop_privileges(tree) if os.geteuid() == 0 else tree
    options = request["options"]
    options["skip_requirements"] = tuple(options["skip_requirements"])
    AnalysisReader(root, Path(request["data"]), AnalysisOptions(**options)).report()
    print_json({"end": True})
