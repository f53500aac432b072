"""Read how an author runs the app with uWSGI: the [uwsgi] section of a file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from piwizard.apps.modules import join_path
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.system.lazy_dataclass import dataclass

SECTION = re.compile(r"[ \t]*\[([\w:-]+)\]")
SETTING = re.compile(r"[ \t]*([\w-]+)[ \t]*=[ \t]*(.*)")
PLACEHOLDER = re.compile(r"%\(([\w-]+)\)")
MAX_LINES, MAX_LINE_LENGTH, MAX_FOLDERS = 500, 2000, 40
ENTRY_KEYS = ("module", "wsgi", "wsgi-file", "file", "mount")
PROCESS_KEYS = ("processes", "workers", "cheaper")
COMMAND_KEYS = ("attach-daemon", "attach-daemon2", "smart-attach-daemon", "mule")


@dataclass(frozen=True)
class UwsgiFile:
    """The settings of one file, each with its values and their lines."""

    file: str
    settings: dict[str, list[tuple[str, int]]]

    def value(self, *keys: str) -> tuple[str, int]:
        """Return the first of these settings and its line; "" without one."""
        return next((self.settings[key][0] for key in keys if key in self.settings), ("", 0))

    @property
    def entry(self) -> tuple[str, int]:
        """Return what uWSGI loads, in gunicorn's form, and its line."""
        text, line = self.value(*ENTRY_KEYS)
        text = text.rpartition("=")[2].strip()  # mount = /prefix=app:app
        if not text or ":" in text:
            return text, line
        path = PurePosixPath(text)
        module = str(path.with_suffix("")).removeprefix("./").replace("/", ".") if path.suffix == ".py" else text
        return f"{module}:{self.value('callable')[0] or 'application'}", line

    @property
    def one_process(self) -> int | None:
        """Return the line that shows one process of uWSGI; None for several.

        It runs one if nothing is set.
        """
        text, line = self.value(*PROCESS_KEYS)
        if not text:
            return self.entry[1] or 1
        return line if text == "1" else None


def find_uwsgi_files(checkout: RepositoryCheckout) -> tuple[UwsgiFile, ...]:
    """Return the files with a section for uWSGI, up to one folder deep."""
    folders = ["", *(name for name in checkout.names()[:MAX_FOLDERS] if checkout.is_dir(name))]
    paths = [join_path(folder, name) for folder in folders for name in checkout.names(folder) if name.endswith(".ini")]
    files = (path for path in paths if checkout.is_file(path) and "[uwsgi]" in checkout.text(path))
    return tuple(_read(checkout, path) for path in files)


def _read(checkout: RepositoryCheckout, file: str) -> UwsgiFile:
    settings: dict[str, list[tuple[str, int]]] = {}
    inside = False
    for number, line in enumerate(checkout.text(file).splitlines()[:MAX_LINES], 1):
        if section := SECTION.match(line):
            inside = section[1] == "uwsgi"
        elif inside and len(line) <= MAX_LINE_LENGTH and (setting := SETTING.match(line)):
            value = PLACEHOLDER.sub(lambda name: settings.get(name[1], [("", 0)])[0][0], setting[2].strip())
            settings.setdefault(setting[1].replace("_", "-"), []).append((value, number))
    return UwsgiFile(file, settings)
