"""Find the programs that run beside the web server: loggers, workers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from piwizard.answers.validators.process_tables import MAX_PROCESSES
from piwizard.apps.process_commands import CommandReader, folder_in_checkout, split_shell_line, split_words
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.start_commands import numbered_lines, supervisor_files, unit_files

COMPOSE_FILES = ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
NOT_BESIDE = frozenset({"web", "release"})
"""Lines of a Procfile that are the web server, or run once for each version."""
PROCFILE_LINE = re.compile(r"([A-Za-z0-9_-]{1,60}):[ \t]*(\S.*)")
SETTING = re.compile(r"[ \t]*([A-Za-z_-]+)[ \t]*[=:][ \t]*(.*)")
PROGRAM = re.compile(r"\[program:([\w-]{1,60})\]")
SECTION = re.compile(r"[ \t]*\[")
BACKGROUND = re.compile(r"(?<![&>])&(?![&>])")
YAML_KEY = re.compile(r"( *)([\w.<-]+):(?: +(.*))?")
YAML_ITEM = re.compile(r" *- +(.*)")
EXEC_PREFIXES = "-@:+!"
MAX_NAME_LENGTH = 24
Place = tuple[str, int]
"""A file and a line."""


@dataclass(frozen=True)
class FoundProcess:
    """A program that runs beside the web server, and where it was found.

    `command` has the form of app.processes.
    """

    name: str
    command: str
    file: str
    line: int

    @property
    def place(self) -> str:
        """Return the file and the line as a person reads them."""
        return f"{self.file}:{self.line}"


def find_processes(checkout: RepositoryCheckout, entry_file: str, start: str = "") -> tuple[FoundProcess, ...]:
    """Return the further processes of the app in `entry_file`.

    The app starts in the folder `start`.
    """
    reader = CommandReader(checkout, entry_file, start)
    found: dict[str, FoundProcess] = {}
    names: set[str] = set()
    for title, command, (file, line) in _in_all_files(reader):
        if command is None or command in found:
            continue
        name = unused_name(title, names)
        names.add(name)
        found[command] = FoundProcess(name, command, file, line)
        if len(found) == MAX_PROCESSES:
            break
    return tuple(found.values())


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


def _in_all_files(reader: CommandReader) -> Iterator[tuple[str, str | None, Place]]:
    yield from _in_procfile(reader)
    for file in unit_files(reader.checkout):
        yield from _in_unit(reader, file)
    for file in supervisor_files(reader.checkout):
        yield from _in_supervisor(reader, file)
    for file in COMPOSE_FILES:
        yield from _in_compose(reader, file)
    for file in sorted(name for name in reader.checkout.names() if name.endswith(".sh")):
        yield from _in_script(reader, file)


def _in_procfile(reader: CommandReader) -> Iterator[tuple[str, str | None, Place]]:
    for number, line in numbered_lines(reader.checkout, "Procfile"):
        found = PROCFILE_LINE.match(line.strip())
        if found and found[1] not in NOT_BESIDE:
            words, folder = split_shell_line(reader.checkout, found[2])
            yield found[1], reader.translate(words, folder), ("Procfile", number)


def _in_unit(reader: CommandReader, file: str) -> Iterator[tuple[str, str | None, Place]]:
    """Yield what a systemd unit starts and keeps running."""
    settings: dict[str, tuple[str, int]] = {}
    joined, first = "", 0
    for number, line in numbered_lines(reader.checkout, file):
        joined, first = joined + line.rstrip("\\"), first or number
        if line.endswith("\\"):
            continue
        if found := SETTING.match(joined):
            settings.setdefault(found[1], (found[2].strip(), first))
        joined, first = "", 0
    command, number = settings.get("ExecStart", ("", 0))
    title = PurePosixPath(file).stem
    if command and settings.get("Type", ("", 0))[0] != "oneshot" and "@" not in title:
        folder = folder_in_checkout(reader.checkout, settings.get("WorkingDirectory", ("", 0))[0])
        yield title, reader.translate(split_words(command.lstrip(EXEC_PREFIXES)), folder), (file, number)


def _in_supervisor(reader: CommandReader, file: str) -> Iterator[tuple[str, str | None, Place]]:
    title, settings = "", dict[str, tuple[str, int]]()

    def program() -> Iterator[tuple[str, str | None, Place]]:
        command, number = settings.get("command", ("", 0))
        if title and command:
            folder = folder_in_checkout(reader.checkout, settings.get("directory", ("", 0))[0])
            yield title, reader.translate(split_words(command), folder), (file, number)

    for number, line in numbered_lines(reader.checkout, file):
        if SECTION.match(line):
            yield from program()
            found = PROGRAM.match(line.strip())
            title, settings = (found[1] if found else ""), {}
        elif setting := SETTING.match(line):
            settings[setting[1]] = (setting[2].strip(), number)
    yield from program()


def _in_compose(reader: CommandReader, file: str) -> Iterator[tuple[str, str | None, Place]]:
    """Yield the commands of the services that are built from this repository."""
    for title, lines in _compose_services(reader.checkout, file):
        keys = {found[2]: number for number, line in lines if (found := YAML_KEY.fullmatch(line))}
        if "command" in keys and keys.keys() & {"build", "<<"}:
            number = keys["command"]
            yield title, reader.translate(*_compose_command(reader.checkout, lines, number)), (file, number)


def _compose_services(checkout: RepositoryCheckout, file: str) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """Yield the services of a compose file, each with its lines."""
    inside, depth = False, 0
    title, lines = "", list[tuple[int, str]]()
    for number, line in numbered_lines(checkout, file):
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip(" "))
        found = YAML_KEY.fullmatch(line.rstrip())
        if indent == 0:
            if title:
                yield title, lines
            inside, depth, title, lines = bool(found and found[2] == "services"), 0, "", []
        elif inside and found and indent == (depth or indent):
            if title:
                yield title, lines
            depth, title, lines = indent, found[2], []
        elif title:
            lines.append((number, line.rstrip()))
    if title:
        yield title, lines


def _compose_command(
    checkout: RepositoryCheckout, lines: Sequence[tuple[int, str]], number: int
) -> tuple[list[str], str]:
    """Return the words of a command.

    It is a text, a list in brackets, or a list with one item a line.
    """
    after = [line for at, line in lines if at >= number]
    found = YAML_KEY.fullmatch(after[0])
    text = (found[3] or "").strip() if found else ""
    if text.startswith("["):
        try:
            return [str(word) for word in ast.literal_eval(text)], ""
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return [word.strip(" \"'") for word in text.strip("[]").split(",")], ""
    if text[:1] in ("|", ">"):
        return split_shell_line(checkout, _block_text(after))
    if text and text[0] not in "&*":
        return split_shell_line(checkout, text.strip("\"'") if text[0] == text[-1] else text)
    items = []
    for line in after[1:]:
        item = YAML_ITEM.fullmatch(line)
        if not item:
            break
        items.append(item[1].strip().strip("\"'"))
    return items, ""


def _block_text(lines: Sequence[str]) -> str:
    """Return the text of a block below a key of YAML as one line."""
    depth = len(lines[0]) - len(lines[0].lstrip(" "))
    inside: list[str] = []
    for line in lines[1:]:
        if len(line) - len(line.lstrip(" ")) <= depth:
            break
        inside.append(line.strip())
    return " ".join(inside)


def _in_script(reader: CommandReader, file: str) -> Iterator[tuple[str, str | None, Place]]:
    """Yield what a start script runs in the background, and what it then ends with."""
    folder, in_background = "", False
    last: tuple[list[str], str, int] | None = None
    for number, line in numbered_lines(reader.checkout, file):
        for position, part in enumerate(parts := BACKGROUND.split(line.split(" #")[0])):
            words, there = split_shell_line(reader.checkout, part, folder)
            if words[:1] == ["cd"] and len(words) == 2:
                folder = folder_in_checkout(reader.checkout, words[1], folder)
            elif words and position < len(parts) - 1:
                in_background = True
                yield _title(words), reader.translate(words, there), (file, number)
            elif words and words != ["wait"]:
                last = words, there, number
    if in_background and last:
        words, there, number = last
        yield _title(words), reader.translate(words, there), (file, number)


def _title(words: Sequence[str]) -> str:
    scripts = [word for word in words if word.endswith(".py")]
    return PurePosixPath(scripts[0]).stem if scripts else command_title(tuple(words))
