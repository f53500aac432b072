"""A Python virtual environment with what an app requires, built as the app's user, kept as root's."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import HOLDS, ChangeFailed, Memory, Preview, Work
from piwizard.changes.command import out_of_memory
from piwizard.machine import commands, files
from piwizard.machine.snapshot import Machine


@dataclass(frozen=True)
class Environment:
    """The virtual environment `folder`, made by `python`, with `install` (pip's arguments) installed from `code`.

    `inputs` are the files that decide what is installed: where one differs from what the environment was
    built with, it is built anew. Building runs code of strangers (setup.py), so it runs as `user`, in a copy
    of the code where pip has to build that itself; the result is given to root.
    """

    kind: ClassVar[str] = "environment"
    folder: Path
    python: str
    code: Path
    install: tuple[str, ...]
    inputs: tuple[Path, ...]
    user: str
    cache: Path

    @property
    def _marker(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.json")

    def describe(self) -> str:
        return f"Virtual environment {self.folder}"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        if self.folder.is_dir() and files.read(self._marker) == self._wanted():
            return HOLDS
        return Preview(holds=False, argv=(self._create(), self._pip(self.code)))

    def apply(self, work: Work) -> None:
        self._marker.unlink(missing_ok=True)
        build = self.cache / "build"
        for folder in (self.folder, build):
            if folder.exists():
                shutil.rmtree(folder)
        for folder in (self.folder, self.cache):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.chown(folder, self.user, self.user)
        work.command(("cp", "--recursive", "--no-dereference", str(self.code), str(build)))
        work.command(("chown", "--recursive", "--no-dereference", f"{self.user}:{self.user}", str(build)))
        env = {"HOME": str(self.cache), "TMPDIR": str(self.cache), "PIP_CACHE_DIR": str(self.cache / "pip")}
        work.command(self._create(), user=self.user, env=env, cwd=build)
        result = work.command(self._pip(build), user=self.user, env=env, cwd=build, allow=range(-64, 256))
        if not result.ok:
            raise ChangeFailed(
                f"app.requirements: they do not install. {_pips_reason(result.tail)}",
                key="app.requirements",
                hint=out_of_memory(result) or "The whole of pip's words is in `piwizard logs app`.",
            )
        work.command(("chown", "--recursive", "--no-dereference", "root:root", str(self.folder)))
        shutil.rmtree(build)
        files.replace(self._marker, self._wanted())

    def _create(self) -> tuple[str, ...]:
        return (self.python, "-m", "venv", "--clear", str(self.folder))

    def _pip(self, code: Path) -> tuple[str, ...]:
        pip = (str(self.folder / "bin" / "python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check")
        return (*pip, "--progress-bar=off", *(word.replace(str(self.code), str(code)) for word in self.install))

    def _wanted(self) -> bytes:
        python = Path(commands.which(self.python) or self.python).resolve()
        digests = {str(path): files.digest(files.read(path) or b"") for path in self.inputs}
        return json.dumps({"python": str(python), "install": self.install, "inputs": digests}).encode()


def _pips_reason(tail: tuple[str, ...]) -> str:
    errors = [line.strip() for line in tail if line.startswith("ERROR") or "error:" in line]
    return " ".join((errors or [line.strip() for line in tail if line.strip()])[-2:])
