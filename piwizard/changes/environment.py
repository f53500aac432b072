"""A Python virtual environment with what an app requires, built as the app's user, kept as root's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes import building, swap
from piwizard.changes.base import HOLDS, ChangeFailed, Memory, Preview, Work
from piwizard.changes.failing import out_of_memory, too_new
from piwizard.changes.package import Packages
from piwizard.machine import commands, files
from piwizard.machine.commands import Result
from piwizard.machine.files import ROOT, Owner
from piwizard.machine.interpreter import left_behind
from piwizard.machine.snapshot import Machine

LINES = ".piwizard-requirements.txt"
CONSTRAINTS = ".piwizard-constraints.txt"
NOISE = ("subprocess-exited-with-error", "metadata-generation-failed", "failed-wheel-build", "Failed to build")
RAISED = re.compile(r"(Error: |fatal error: |[\w.]*[a-z](Error|Exception): |\S+:\d+:\d+: fatal error: ).*")
UNBUILT = re.compile(r"ERROR: Failed to build installable wheels for .*\((.+)\)")


@dataclass(frozen=True)
class Environment:
    """The virtual environment `folder`, made by `python`, with pip's arguments `install`, given in a copy of `code`.

    `lines` and `constraints` are requirements that pip could not read from the app's own files. `inputs` are the
    files of the code that decide what is installed: where one differs from what the environment was built with,
    it is built anew. Building runs code of strangers (setup.py), so it runs as `user`, in a copy of the code; the
    result is given to root. `cache` stays root's, so that nobody can put a link where root is about to write.
    """

    kind: ClassVar[str] = "environment"
    folder: Path
    python: str
    code: Path
    install: tuple[str, ...]
    inputs: tuple[str, ...]
    user: str
    cache: Path
    lines: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()

    @property
    def _marker(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.json")

    def describe(self) -> str:
        return f"Virtual environment {self.folder}"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        if self.folder.is_dir() and files.read(self._marker) == self._wanted():
            return HOLDS
        note = f"# {', '.join(building.COMPILER)} are installed too, where pip finds no wheel and has to compile."
        stale = left_behind(self.folder)
        now = stale.words if stale else ""
        return Preview(holds=False, diff=note + swap.announced(), argv=(self._create(), self._pip()), now=now)

    def apply(self, work: Work) -> None:
        files.forget(self._marker)
        build, home = self.cache / "build", self.cache / "home"
        files.remove(self.folder)
        files.remove(build)
        ids = Owner(self.user, self.user).ids()
        files.own_folder(self.cache, 0o755, ROOT.ids())
        files.own_folder(home, 0o700, ids)
        files.own_folder(self.folder, 0o755, ids)
        work.command(("cp", "--recursive", "--no-dereference", str(self.code), str(build)))
        for name, lines in ((LINES, self.lines), (CONSTRAINTS, self.constraints)):
            files.remove(build / name)
            (build / name).write_text("".join(f"{line}\n" for line in lines))
        work.command(("chown", "--recursive", "--no-dereference", f"{self.user}:{self.user}", str(build)))
        env = {"HOME": str(home), "TMPDIR": str(home), "PIP_CACHE_DIR": str(home / "pip")}
        with swap.for_building(work):
            work.command(self._create(), user=self.user, env=env, cwd=build)
            result = self._installed(work, env, build)
        if not result.ok:
            raise ChangeFailed(
                f"app.requirements: they do not install. {pips_reason(result.tail, result.output)}",
                key="app.requirements",
                hint=out_of_memory(result) or too_new(result) or "The whole of pip's words is in `piwizard logs app`.",
            )
        work.command(("chown", "--recursive", "--no-dereference", "root:root", str(self.folder)))
        # For the app's user alone: the app's own code may be among what was installed, and other sites are strangers.
        files.own_folder(self.folder, 0o750, Owner("root", self.user).ids())
        files.remove(build)
        work.command(("sync", "--file-system", str(self.folder)))
        files.replace(self._marker, self._wanted())

    def _installed(self, work: Work, env: Mapping[str, str], build: Path) -> Result:
        """What pip said, once more after what it lacked has been installed."""
        pip = (*building.FIRST_TO_GO, *self._pip())
        result = work.command(pip, user=self.user, env=env, cwd=build, allow=range(-64, 256))
        if result.ok or not (lacking := _absent(building.lacking(result.tail), work)):
            return result
        work.say(f"A package has to be compiled here: installing {', '.join(lacking)}.")
        Packages(lacking).apply(work)
        return work.command(pip, user=self.user, env=env, cwd=build, allow=range(-64, 256))

    def _create(self) -> tuple[str, ...]:
        return (self.python, "-m", "venv", "--clear", str(self.folder))

    def _pip(self) -> tuple[str, ...]:
        pip = (str(self.folder / "bin" / "python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check")
        lines = ("-r", LINES) if self.lines else ()
        constraints = ("-c", CONSTRAINTS) if self.constraints else ()
        return (*pip, "--progress-bar=off", *lines, *constraints, *self.install)

    def _wanted(self) -> bytes:
        python = Path(commands.which(self.python) or self.python).resolve()
        digests = {str(path): files.digest(files.read(self.code / path) or b"") for path in self.inputs}
        built_with = {
            "python": str(python),
            "install": self._pip(),
            "lines": self.lines,
            "constraints": self.constraints,
            "inputs": digests,
        }
        return json.dumps(built_with).encode()


def _absent(names: tuple[str, ...], work: Work) -> tuple[str, ...]:
    return tuple(name for name in names if work.machine.package(name) is None)


def pips_reason(tail: tuple[str, ...], output: str = "") -> str:
    """The line that says what is wrong, among those that only say that something is."""
    lines = [line.strip() for line in tail if line.strip()]
    if unbuilt := next((match[1] for line in reversed(lines) if (match := UNBUILT.search(line))), None):
        return f"There is no wheel of {unbuilt} for this machine, and compiling failed."
    errors = [line for line in lines if line.startswith("ERROR") or "error:" in line]
    telling = [line for line in errors if not any(word in line for word in NOISE)]
    causes = [line for line in lines if RAISED.match(line)]
    if causes and not any(line.startswith("ERROR") for line in telling):
        what = building.stumbled_over(output.splitlines()) or "A package"
        return f"{what} cannot be built here: {causes[-1]}"
    return " ".join((telling or errors or lines)[-2:])
