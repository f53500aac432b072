"""What is used of an app: what the person answered, and where they did not, what was found in the code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from piwizard.answers import Answers
from piwizard.apps import checkout
from piwizard.apps.checkout import Checkout
from piwizard.apps.entry import Candidate, choose, find_entries
from piwizard.apps.layout import Layout
from piwizard.apps.requirements import Requirements, find_requirements
from piwizard.apps.source import Source
from piwizard.apps.static import find_root_files, find_static
from piwizard.errors import PiwizardError
from piwizard.machine.commands import SEARCH_PATH


@dataclass(frozen=True)
class Chosen:
    """One app as it will be run. PiwizardError where code and answers do not fit together."""

    source: Source
    answers: Answers

    @cached_property
    def _code(self) -> Checkout:
        return checkout.read(self.source.tree)

    @property
    def layout(self) -> Layout:
        return Layout(str(self.answers.site), self.source.commit)

    @cached_property
    def entry(self) -> Candidate:
        """The WSGI callable, and the folder to start in."""
        found = find_entries(self._code)
        wanted = self.answers.get("app.entry")
        if wanted is None:
            return choose(found)
        known = next((candidate for candidate in found if candidate.entry == wanted), None)
        return known or Candidate(wanted, "", 0, "named in the answers", 0)

    @cached_property
    def requirements(self) -> Requirements | None:
        """What is to be installed; None where the code says nothing."""
        wanted = self.answers.get("app.requirements")
        if wanted is None:
            return find_requirements(self._code, self.entry.chdir)
        self._there("app.requirements", wanted, folder=False)
        return Requirements("requirements.txt", wanted, ("-r", wanted))

    @cached_property
    def static(self) -> dict[str, str]:
        """URL prefixes ("/static/") with the folder in the code that answers each."""
        wanted = self.answers.get("app.static")
        if wanted is None:
            return {found.prefix: found.folder for found in find_static(self._code, self.entry.origin[0])}
        for folder in wanted.values():
            self._there("app.static", folder, folder=True)
        return dict(wanted)

    @cached_property
    def root_files(self) -> dict[str, str]:
        """Exact URLs ("/robots.txt") with the file in the code."""
        folders = find_static(self._code, self.entry.origin[0])
        return {found.url: found.path for found in find_root_files(self._code, folders)}

    @property
    def writable(self) -> tuple[str, ...]:
        """What the app may write, without what lies in another of these."""
        wanted: list[str] = self.answers.get("app.writable", [])
        return tuple(path for path in wanted if not any(path.startswith(f"{other}/") for other in wanted))

    @property
    def gunicorn(self) -> tuple[int, ...] | None:
        """The version of gunicorn in the release's environment, None while that is not built."""
        found = sorted(self.layout.venv.glob("lib/python3*/site-packages/gunicorn-*.dist-info"))
        numbers = re.findall(r"\d+", found[-1].name.removesuffix(".dist-info")) if found else []
        return tuple(int(number) for number in numbers) or None

    @property
    def working_directory(self) -> str:
        """Where the app is started, below the code; "" for the code itself."""
        return self.entry.chdir

    def settings(self) -> dict[str, str]:
        """The app's own environment variables, secrets among them."""
        given = self.answers.get("app.env", {})
        return {
            name: value if isinstance(value, str) else self.answers.secrets[f"app.env.{name}"]
            for name, value in given.items()
        }

    def environment(self) -> dict[str, str]:
        """The environment in which commands of the app run: its settings, and its virtual environment first."""
        where = self.layout
        path = {"PYTHONPATH": str(where.code / self.entry.pythonpath)} if self.entry.pythonpath else {}
        return {
            "PATH": f"{where.venv / 'bin'}:{SEARCH_PATH}",
            "HOME": str(where.data),
            "PYTHONDONTWRITEBYTECODE": "1",
            **path,
            **self.settings(),
        }

    def _there(self, key: str, path: str, *, folder: bool) -> None:
        full: Path = self.source.tree / path
        if not (full.is_dir() if folder else full.is_file()):
            what = "folder" if folder else "file"
            raise PiwizardError(f"{key}: the repository has no {what} {path}.", key=key)
