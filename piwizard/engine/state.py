"""Read and write state.json with the last result of each step.

Probes and checks may contradict the recorded results.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from piwizard.engine.events import now
from piwizard.system import files
from piwizard.system.facts import os_release
from piwizard.system.lazy_dataclass import dataclass
from piwizard.templates.render import templates_version

VERSION = 3
"""1 had no `system`, 2 no `templates`."""


@dataclass(frozen=True)
class Entry:
    """The last run of one step.

    `result` is running, done, failed or stopped; `seconds` is its duration.

    `system` is the release of the system at that time, "Debian GNU/Linux 12 (bookworm)"; "" if it was not recorded.
    `templates` identifies the templates of piwizard at that time, in the same way.
    """

    result: str
    run: str
    at: str
    summary: str = ""
    seconds: float = 0.0
    system: str = ""
    templates: str = ""

    @property
    def moved(self) -> str:
        """Return a sentence if the system was upgraded since; otherwise empty."""
        here = os_release.system_name()
        return f"It was set up on {self.system}; this is {here} now." if self.system not in ("", here) else ""

    @property
    def upgraded(self) -> str:
        """Return a sentence if piwizard brings other files since; otherwise empty."""
        if self.templates in ("", templates_version()):
            return ""
        return "piwizard was upgraded since, and `piwizard apply` brings its new settings."


def key(step: str, site: str | None) -> str:
    """Return the name of a step's entry: "nginx", or "myflask/app" with a site."""
    return f"{site}/{step}" if site else step


class State:
    """The content of state.json, which is read and replaced as a whole.

    `trouble` says what was wrong with the file; empty if nothing was. Raise PiwizardError, and change nothing, if a
    newer piwizard wrote the file.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state.json"
        self._previous = folder / "state.json.previous"
        self.trouble = ""
        self._entries = self._load()

    def entry(self, step: str, site: str | None) -> Entry | None:
        """Return the entry of a step; None if it never ran or was undone."""
        return self._entries.get(key(step, site))

    def steps(self) -> frozenset[tuple[str, str | None]]:
        """Return the steps that have an entry, each with its site."""
        parts = (name.rpartition("/") for name in self._entries)
        return frozenset((step, site or None) for site, _, step in parts)

    def runs(self) -> frozenset[str]:
        """Return the last run of each step."""
        return frozenset(entry.run for entry in self._entries.values())

    def mark(self, step: str, site: str | None, result: str, run: str, summary: str = "", seconds: float = 0.0) -> None:
        """Record the result of a step, on disk before this returns."""
        self._entries = self._load()
        here = (os_release.system_name(), templates_version())
        self._entries[key(step, site)] = Entry(result, run, now(), summary, round(seconds, 1), *here)
        self._save()

    def forget(self, step: str, site: str | None) -> None:
        """Remove the entry of a step that was undone."""
        self._entries = self._load()
        if self._entries.pop(key(step, site), None):
            self._save()

    def _load(self) -> dict[str, Entry]:
        trouble = []
        for path in (self._file, self._previous):
            content = files.read(path)
            if content is None:
                trouble += [f"{path} is missing."] if path == self._file else []
                continue
            try:
                entries = _parse(path, content)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                trouble.append(_keep_aside(path, error))
                continue
            if path == self._previous:
                self.trouble = " ".join([*trouble, "The state from before the last change is used."])
            return entries
        if os.path.lexists(self._file.with_name(f"{self._file.name}.unreadable")):
            self.trouble = " ".join([*trouble, "The state is unknown: `piwizard apply` checks everything again."])
        return {}

    def _save(self) -> None:
        files.make_folders(self._file.parent)
        before = files.read(self._file)
        if before is not None:
            files.replace(self._previous, before, mode=0o600)
        steps = {name: asdict(entry) for name, entry in self._entries.items()}
        files.replace(self._file, json.dumps({"version": VERSION, "steps": steps}, indent=1).encode(), mode=0o600)


def _keep_aside(path: Path, error: Exception) -> str:
    why = f"{error} is missing" if isinstance(error, KeyError) else error
    aside = path.with_name(f"{path.name}.unreadable")
    try:
        path.rename(aside)
    except OSError:
        return f"{path} could not be read ({why})."
    return f"{path} could not be read ({why}); it is kept as {aside.name}."


def _parse(path: Path, content: bytes) -> dict[str, Entry]:
    whole = json.loads(content)
    files.refuse_newer_format(path, whole, VERSION)
    if not isinstance(whole["version"], int):
        raise TypeError(f"its version is {whole['version']!r}")
    return {name: Entry(**fields) for name, fields in whole["steps"].items()}
