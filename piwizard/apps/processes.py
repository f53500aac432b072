"""Find the programs that run beside the web server: loggers, workers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from piwizard.answers.validators.process_tables import MAX_PROCESSES
from piwizard.apps.process_commands import CommandReader, split_words
from piwizard.apps.process_files import commands_in_files
from piwizard.apps.repository_checkout import FoundInFile, RepositoryCheckout
from piwizard.apps.schedules import commands_at_boot
from piwizard.system.lazy_dataclass import dataclass

MAX_NAME_LENGTH = 24
MAX_SHOWN_COMMAND = 100


@dataclass(frozen=True)
class FoundProcess(FoundInFile):
    """A program that runs beside the web server, and where it was found.

    `command` has the form of app.processes.
    """

    name: str
    command: str
    file: str
    line: int


def find_processes(checkout: RepositoryCheckout, entry_file: str, start: str = "") -> tuple[FoundProcess, ...]:
    """Return the further processes of the app in `entry_file`.

    The app starts in the folder `start`.
    """
    reader = CommandReader(checkout, entry_file, start)
    found: dict[str, FoundProcess] = {}
    names: set[str] = set()
    in_files = [*commands_in_files(checkout)]
    for one in (*in_files, *commands_at_boot(checkout)):
        command = reader.translate(one.words, one.folder)
        # Instructions often show a program that a file starts, in another way.
        again = one not in in_files and command and command_title(split_words(command)) in names
        if command is None or command in found or again:
            continue
        name = unused_name(one.title, names)
        names.add(name)
        found[command] = FoundProcess(name, command, one.file, one.line)
        if len(found) == MAX_PROCESSES:
            break
    return tuple(found.values())


@dataclass(frozen=True)
class UnrunnableProgram(FoundInFile):
    """A program beside the web server that the app's environment does not have."""

    command: str
    file: str
    line: int


def find_unrunnable_programs(
    checkout: RepositoryCheckout, entry_file: str, start: str = ""
) -> tuple[UnrunnableProgram, ...]:
    """Return what a Procfile, units and the like start that app.processes cannot run.

    Lines of shell scripts do not count: they prepare more than they start.
    """
    reader = CommandReader(checkout, entry_file, start)
    found: dict[str, UnrunnableProgram] = {}
    for one in commands_in_files(checkout):
        if not one.script and reader.translate(one.words, one.folder) is None and not reader.serves(one.words):
            text = " ".join(one.words)[:MAX_SHOWN_COMMAND] or one.title
            found.setdefault(text, UnrunnableProgram(text, one.file, one.line))
    return tuple(found.values())[:MAX_PROCESSES]


def unused_name(title: str, taken: Iterable[str]) -> str:
    """Return a name for a unit, made from any text, that is not taken yet."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:MAX_NAME_LENGTH].strip("-") or "process"
    known = set(taken)
    numbered = (f"{name[: MAX_NAME_LENGTH - 3]}-{number}" for number in range(2, len(known) + 3))
    return name if name not in known else next(one for one in numbered if one not in known)


def command_title(argv: Sequence[str]) -> str:
    """Return the word that names a command: its script, or flask's command."""
    words = [word for word in argv if not word.startswith("-")]
    if argv[:1] == ("flask",) and argv[1:2] in (("--app",), ("-A",)):
        words = ["flask", *argv[3:]]
    if words[:1] in (["python"], ["python3"], ["flask"]) and len(words) > 1:
        return words[1].rpartition("/")[2].removesuffix(".py")
    return PurePosixPath(words[0]).stem if words else "process"
