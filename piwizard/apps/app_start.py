"""Decide in which folder an app starts, and how its entry is named there."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.apps.start_folder import StartFolder
from piwizard.errors import PiwizardError
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig


@dataclass(frozen=True)
class AppStart:
    """The start of one app."""

    app: AppConfig

    @property
    def working_directory(self) -> str:
        """Return the folder to start the app in, relative to the code."""
        answered = self.app.answers.get("app.folder")
        if answered is not None and answered != ".":
            require_in_repository(self.app.source.tree, "app.folder", answered, folder=True)
        return self.found_folder if answered is None else answered.removeprefix(".")

    @property
    def found_folder(self) -> str:
        """Return the folder to start the app in, whatever was answered."""
        return self.author_folder.folder if self.author_folder else self.app.entry.chdir

    @property
    def author_folder(self) -> StartFolder | None:
        """Return what shows in which folder the app's author starts it."""
        return next(iter(self.app.analysis.folder or ()), None)

    @property
    def entry(self) -> str:
        """Return the entry as gunicorn takes it in the working directory."""
        return self.app.entry.started_in(self.working_directory)

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the command line of the app.

        PiwizardError if it needs one, and neither the answers nor the repository have it.
        """
        found, answered = self.app.command_line, self.app.answers.get("app.arguments")
        if answered is not None or found is None:
            return tuple(shlex.split(answered or ""))
        if found.required and not found.text:
            given = " ".join(f"{name} …" if name.startswith("-") else f"{name.upper()}" for name in found.required)
            raise PiwizardError(
                f"app.arguments: the app does not start without {', '.join(found.required)} on its command line "
                f"({found.reader}).",
                key="app.arguments",
                hint=f'Add them under [app] of the answers, with your own values: arguments = "{given}"',
            )
        return tuple(shlex.split(found.text))

    @property
    def import_folder(self) -> Path | None:
        """Return the folder that must be importable, unless the app starts there."""
        if self.app.entry.pythonpath == self.working_directory == "":
            return None
        return self.app.layout.code / self.app.entry.pythonpath


def require_in_repository(tree: Path, key: str, path: str, *, folder: bool) -> None:
    """Raise PiwizardError if the repository lacks the file or folder of an answer."""
    full: Path = tree / path
    if not (full.is_dir() if folder else full.is_file()):
        what = "folder" if folder else "file"
        raise PiwizardError(f"{key}: the repository has no {what} {path}.", key=key)
