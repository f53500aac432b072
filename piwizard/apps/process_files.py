"""Read which programs a repository's own files start: Procfile, units, compose …"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from piwizard.apps.process_commands import REDIRECTION, folder_in_checkout, split_shell_line, split_words
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.start_commands import numbered_lines, supervisor_files, unit_files
from piwizard.apps.uwsgi_files import COMMAND_KEYS, UwsgiFile, find_uwsgi_files
from piwizard.system.lazy_dataclass import dataclass

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


@dataclass(frozen=True)
class FileCommand:
    """A command in a file of the repository.

    `folder` is where it starts; `words` are empty if it needs a shell. `script`: it is a line of a shell script.
    """

    title: str
    words: list[str]
    folder: str
    file: str
    line: int
    script: bool = False


def commands_in_files(checkout: RepositoryCheckout) -> Iterator[FileCommand]:
    """Yield what the files of a repository start beside, or as, its web server."""
    yield from _in_procfile(checkout)
    for file in unit_files(checkout):
        yield from _in_unit(checkout, file)
    for file in supervisor_files(checkout):
        yield from _in_supervisor(checkout, file)
    for file in COMPOSE_FILES:
        yield from _in_compose(checkout, file)
    for file in sorted(name for name in checkout.names() if name.endswith(".sh")):
        yield from _in_script(checkout, file)
    for one in find_uwsgi_files(checkout):
        yield from _in_uwsgi(checkout, one)


def _in_procfile(checkout: RepositoryCheckout) -> Iterator[FileCommand]:
    for number, line in numbered_lines(checkout, "Procfile"):
        found = PROCFILE_LINE.match(line.strip())
        if found and found[1] not in NOT_BESIDE:
            words, folder = split_shell_line(checkout, found[2])
            yield FileCommand(found[1], words, folder, "Procfile", number)


def _in_unit(checkout: RepositoryCheckout, file: str) -> Iterator[FileCommand]:
    """Yield what a systemd unit starts and keeps running."""
    settings = unit_settings(checkout, file)
    command, number = settings.get("ExecStart", ("", 0))
    title = PurePosixPath(file).stem
    if (
        command
        and settings.get("Type", ("", 0))[0] != "oneshot"
        and "@" not in title
        and not checkout.is_file(f"{file.removesuffix('.service')}.timer")
    ):
        folder = folder_in_checkout(checkout, settings.get("WorkingDirectory", ("", 0))[0])
        yield FileCommand(title, split_words(REDIRECTION.sub(" ", command.lstrip(EXEC_PREFIXES))), folder, file, number)


def unit_settings(checkout: RepositoryCheckout, file: str) -> dict[str, tuple[str, int]]:
    """Return the first value of each setting of a unit, and its line."""
    settings: dict[str, tuple[str, int]] = {}
    joined, first = "", 0
    for number, line in numbered_lines(checkout, file):
        joined, first = joined + line.rstrip("\\"), first or number
        if line.endswith("\\"):
            continue
        if found := SETTING.match(joined):
            settings.setdefault(found[1], (found[2].strip(), first))
        joined, first = "", 0
    return settings


def _in_supervisor(checkout: RepositoryCheckout, file: str) -> Iterator[FileCommand]:
    title, settings = "", dict[str, tuple[str, int]]()

    def program() -> Iterator[FileCommand]:
        command, number = settings.get("command", ("", 0))
        if title and command:
            folder = folder_in_checkout(checkout, settings.get("directory", ("", 0))[0])
            yield FileCommand(title, split_words(command), folder, file, number)

    for number, line in numbered_lines(checkout, file):
        if SECTION.match(line):
            yield from program()
            found = PROGRAM.match(line.strip())
            title, settings = (found[1] if found else ""), {}
        elif setting := SETTING.match(line):
            settings[setting[1]] = (setting[2].strip(), number)
    yield from program()


def _in_compose(checkout: RepositoryCheckout, file: str) -> Iterator[FileCommand]:
    """Yield the commands of the services that are built from this repository."""
    for title, lines in _compose_services(checkout, file):
        keys = {found[2]: number for number, line in lines if (found := YAML_KEY.fullmatch(line))}
        if "command" in keys and keys.keys() & {"build", "<<"}:
            number = keys["command"]
            yield FileCommand(title, *_compose_command(checkout, lines, number), file, number)


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


def _in_script(checkout: RepositoryCheckout, file: str) -> Iterator[FileCommand]:
    """Yield what a start script runs in the background, and what it then ends with."""
    folder, in_background = "", False
    last: tuple[list[str], str, int] | None = None
    for number, line in numbered_lines(checkout, file):
        for position, part in enumerate(parts := BACKGROUND.split(line.split(" #")[0])):
            words, there = split_shell_line(checkout, part, folder)
            if words[:1] == ["cd"] and len(words) == 2:
                folder = folder_in_checkout(checkout, words[1], folder)
            elif words and position < len(parts) - 1:
                in_background = True
                yield FileCommand(_title(words), words, there, file, number, script=True)
            elif words and words != ["wait"]:
                last = words, there, number
    if in_background and last:
        words, there, number = last
        yield FileCommand(_title(words), words, there, file, number, script=True)


def _title(words: Sequence[str]) -> str:
    named = [word for word in words if word.endswith(".py")] or [*words[:1], "process"]
    return PurePosixPath(named[0]).stem


def _in_uwsgi(checkout: RepositoryCheckout, one: UwsgiFile) -> Iterator[FileCommand]:
    """Yield the programs that uWSGI starts beside the app."""
    folder = folder_in_checkout(checkout, one.value("chdir")[0])
    for key in COMMAND_KEYS:
        for text, number in one.settings.get(key, ()):
            words = split_words(text.split(",")[0] if key == "mule" else text)
            words = ["python", *words] if key == "mule" and words and words[0].endswith(".py") else words
            if words and not words[0].isdigit():
                yield FileCommand(_title(words), words, folder, one.file, number)
