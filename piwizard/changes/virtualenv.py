"""Build a Python virtual environment with an app's requirements.

The build user builds it; it belongs to root.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from piwizard.changes import error_hints, swap
from piwizard.changes.apt import Packages
from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.changes.build_workspace import BUILD_USER, home, take, workspace
from piwizard.changes.environment_reuse import find_reusable, reuse_environment
from piwizard.changes.error_hints import out_of_memory, out_of_time, too_new
from piwizard.changes.pip_install import PipInstall
from piwizard.system import files, safe_open, tree_remove
from piwizard.system.app_sandbox import Sandbox, path_inside
from piwizard.system.commands import Result
from piwizard.system.files import ROOT
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.python_version import find_venv_mismatch
from piwizard.system.system_cache import SystemCache

MARKER = "venv.json"
"""The file beside a virtual environment that records what it was built from."""
LONGEST_BUILD = 6 * 3600
"""Seconds: a Pi Zero that has to compile numpy takes hours."""
NOISE = ("subprocess-exited-with-error", "metadata-generation-failed", "failed-wheel-build", "Failed to build")
RAISED = re.compile(r"(Error: |fatal error: |[\w.]*[a-z](Error|Exception): |\S+:\d+:\d+: fatal error: ).*")
ABSENT = re.compile(r"ERROR: No matching distribution found for (.+?)(?: \(from .*)?$")
OFFERED = re.compile(r"ERROR: Could not find a version that satisfies the requirement .*\(from versions: ([^)]*)\)")
UNBUILT = re.compile(r"ERROR: Failed to build installable wheels for .*\((.+)\)")

BUILD_SETTINGS = {"PYPI": "1"}
"""Without it, lgpio's setup.py expects a C library that Debian does not have."""

STARTUP_MODULE = "_piwizard_startup"
ADD_STARTUP = """
import pathlib, sys, sysconfig
folder = pathlib.Path(sysconfig.get_path("purelib"))
(folder / f"{sys.argv[1]}.py").write_text(pathlib.Path(sys.argv[2]).read_text())
(folder / f"{sys.argv[1]}.pth").write_text(f"import {sys.argv[1]}\\n")
"""
"""Writes a module into an environment, and a file that makes Python load it at its start."""


@dataclass(frozen=True)
class Virtualenv:
    """The virtual environment `folder`, created by `python`.

    pip installs `pip` in a copy of `code`. If one of its inputs has changed since the last build, the environment is
    built again. `startup` is a module that Python loads whenever it starts there. A build runs untrusted code
    (setup.py), so it happens in a workspace of the build user, in transient units; then root copies the result to its
    place, readable for `group`.
    """

    kind: ClassVar[str] = "environment"
    folder: Path
    python: str
    code: Path
    pip: PipInstall
    group: str
    startup: Path | None = None
    kept: bool = False
    """One that is complete is used as it was built."""

    @property
    def _marker(self) -> Path:
        return self.folder.with_name(MARKER)

    def describe(self) -> str:
        return f"Virtual environment {self.folder}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        built = files.read(self._marker)
        if self.folder.is_dir() and (built == self._wanted() or (self.kept and built is not None)):
            return IN_SYNC
        stale = find_venv_mismatch(self.folder)
        now = stale.sentence if stale else ""
        if earlier := self._earlier():
            note = f"# The packages of release {earlier.parent.name} are used again: the requirements are the same."
            return Preview(in_sync=False, diff=note, now=now)
        compiler = ", ".join(error_hints.COMPILER)
        note = (
            f"# {compiler} are also installed if pip finds no wheel and has to compile.\n"
            f"# Building a package without a wheel may take hours; pip is stopped after {LONGEST_BUILD // 3600} hours."
        )
        return Preview(in_sync=False, diff=note + swap.announced(), argv=(self._create(), *self._calls()), now=now)

    def apply(self, work: ApplyContext) -> None:
        files.make_owned_folder(self.folder.parent, 0o755, ROOT.ids())
        if (earlier := self._earlier()) and self._reused(earlier, work):
            return
        if not self.folder.is_dir():
            files.make_owned_folder(self.folder, 0o750, ROOT.ids())  # the build sees its own folder here
        with workspace(self.group, BUILD_USER) as place, swap.for_building(work):
            place.copy(self.code, "app")
            with safe_open.open_folder(place.folder / "app") as copy:
                for name, content in self.pip.files():
                    tree_remove.remove_tree(name, copy)
                    safe_open.write_file(name, content, copy, 0o644)
            built = place.make("venv")
            place.make("home")
            binds = (("app", self.code), ("venv", self.folder), ("home", home()))
            sandbox = place.sandbox(binds=binds, seconds=LONGEST_BUILD)
            result = self._built(work, sandbox)
            if not result.ok:
                raise ChangeFailed(
                    f"app.requirements: pip cannot install them. {pips_reason(result.tail, result.output)}",
                    key="app.requirements",
                    hint=out_of_memory(result)
                    or (build_too_long_hint(result) if out_of_time(result, LONGEST_BUILD) else None)
                    or too_new(result)
                    or absent_package_hint(result.tail)
                    or "`piwizard logs app` shows the whole output of pip.",
                )
            files.unlink(self._marker)
            take(built, self.folder, self.group, work)
        files.replace(self._marker, self._wanted())

    def _earlier(self) -> Path | None:
        """Return the environment of another release that has the same packages, else None."""
        return find_reusable(self.folder, MARKER, self._wanted()) if self.pip.repeatable(self.code) else None

    def _reused(self, earlier: Path, work: ApplyContext) -> bool:
        built = earlier.with_name(MARKER).stat()
        files.unlink(self._marker)
        if not reuse_environment(earlier, self.folder, self.group, work):
            return False
        work.say(
            f"The packages of release {earlier.parent.name} are used again, because the requirements are the same. "
            "`piwizard updates rebuild` installs newer versions."
        )
        files.replace(self._marker, self._wanted())
        os.utime(self._marker, (built.st_atime, built.st_mtime))  # the day of the build, not of this release
        return True

    def _built(self, work: ApplyContext, sandbox: Sandbox) -> Result:
        """Build the environment, and again with Debian packages that pip lacked.

        Return the last result.
        """
        env = {"HOME": str(home()), "TMPDIR": str(home()), "PIP_NO_CACHE_DIR": "1", **BUILD_SETTINGS}
        result = work.job(self._create(), sandbox, env=env, cwd=self.code)
        if result.ok:
            work.say(
                "pip installs the packages. Those without a wheel for this Python are built from source: pip then says "
                f"for minutes or hours that it is still running. It is stopped after {LONGEST_BUILD // 3600} hours."
            )
        for call in self._calls():
            if not result.ok:
                return result
            result = work.job(call, sandbox, env=env, cwd=self.code)
            if not result.ok and (missing := _absent(error_hints.missing_packages(result.tail), work)):
                work.say(f"A package has to be compiled: installing {', '.join(missing)}.")
                Packages(missing).apply(work)
                result = work.job(call, sandbox, env=env, cwd=self.code)
        if result.ok and self.startup:
            python = str(self.folder / "bin" / "python")
            argv = (python, "-I", "-c", ADD_STARTUP, STARTUP_MODULE, str(path_inside(self.startup)))
            result = work.job(argv, replace(sandbox, scripts=(self.startup,)), env=env, cwd=self.code)
        return result

    def _create(self) -> tuple[str, ...]:
        system = ("--system-site-packages",) if self.pip.system else ()
        # In the code: without -I, its modules would be imported, such as a logging.py of the app.
        return (self.python, "-I", "-m", "venv", "--clear", *system, str(self.folder))

    def _calls(self) -> Iterator[tuple[str, ...]]:
        python = (str(self.folder / "bin" / "python"), "-I", "-m")
        pip = (*python, "pip", "install", "--no-input", "--disable-pip-version-check")
        return ((*pip, "--progress-bar=off", *arguments) for arguments in self.pip.calls())

    def _wanted(self) -> bytes:
        return recipe(self.pip, self.python, self.code, self.startup)


def recipe(pip: PipInstall, python: str, code: Path, startup: Path | None) -> bytes:
    """Return everything that decides the content of an environment."""
    plain = pip.recipe(python, code)
    return (
        json.dumps(json.loads(plain) | {"startup": files.digest(startup.read_bytes())}).encode() if startup else plain
    )


def build_too_long_hint(result: Result) -> str:
    """Return a hint for a package that takes too long to build."""
    package = error_hints.last_package(result.output.splitlines()) or "A package"
    return (
        f"{package} has no wheel for this Python, and building it from source takes more than "
        f"{LONGEST_BUILD // 3600} hours on this Pi. Require a version that has one, then apply again."
    )


def absent_package_hint(tail: tuple[str, ...]) -> str:
    """Return a hint for a package that PyPI does not have for this machine, else ""."""
    found = next((match[1] for line in tail if (match := ABSENT.match(line.strip()))), "")
    name = re.match(r"[A-Za-z0-9][\w.-]*", found)
    if not name:
        return ""
    return (
        f"Require another version of {name[0]}, or skip it with this line under [app] of the answers: "
        f'skip_requirements = ["{name[0]}"]. Then apply again.'
    )


def _absent(names: tuple[str, ...], work: ApplyContext) -> tuple[str, ...]:
    return tuple(name for name in names if work.machine.package(name) is None)


def pips_reason(tail: tuple[str, ...], output: str = "") -> str:
    """Return the line of pip's output that names the cause."""
    lines = [line.strip() for line in tail if line.strip()]
    if absent := next((match[1] for line in lines if (match := ABSENT.match(line))), None):
        offered = next((match[1] for line in lines if (match := OFFERED.search(line))), "")
        last = ", ".join(offered.split(", ")[-3:]) if offered not in ("", "none") else ""
        return f"There is no {absent} for this Python and this Pi{f'; the last versions are {last}' if last else ''}."
    if unbuilt := next((match[1] for line in reversed(lines) if (match := UNBUILT.search(line))), None):
        return f"There is no wheel of {unbuilt} for this Pi, and compiling it failed."
    errors = [line for line in lines if line.startswith("ERROR") or "error:" in line]
    telling = [line for line in errors if not any(word in line for word in NOISE)]
    causes = [line for line in lines if RAISED.match(line)]
    if causes and not any(line.startswith("ERROR") for line in telling):
        what = error_hints.last_package(output.splitlines()) or "A package"
        return f"{what} cannot be built: {causes[-1]}"
    return " ".join((telling or errors or lines)[-2:])
