"""Find commands that an author starts at certain times, by cron or timers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from piwizard.answers.validators.process_tables import MAX_PROCESSES
from piwizard.apps.cron_times import FIELDS, schedule_time
from piwizard.apps.modules import join_path
from piwizard.apps.process_commands import REDIRECTION, CommandReader, folder_in_checkout, split_shell_line, split_words
from piwizard.apps.process_files import EXEC_PREFIXES, FileCommand, unit_settings
from piwizard.apps.repository_checkout import FoundInFile, RepositoryCheckout
from piwizard.apps.start_commands import files_ending
from piwizard.apps.uwsgi_files import find_uwsgi_files
from piwizard.system.calendar_times import to_calendar
from piwizard.system.lazy_dataclass import dataclass

CRON_FILE = re.compile(r"(?i).*cron.*|readme.*|install.*|setup\.(?:md|txt)|.*\.sh")
"""Files that may have lines of cron: a table, instructions, or a script that writes a table."""
FIELD = r"[\d*][\d*,/-]*"
NAMED_FIELD = r"(?:[\d*]|[A-Za-z]{3}\b)[\w*,/-]*"
CRON_LINE = re.compile(
    rf"(?:^|[\s\"'`(])(@[a-z]+|{FIELD}[ \t]+{FIELD}[ \t]+{FIELD}[ \t]+{NAMED_FIELD}[ \t]+{NAMED_FIELD})"
    r"[ \t]+([\w./~$-][^\n]*)"
)
BOOT_SCRIPT = "rc.local"
BOOT_FILE = re.compile(r"(?i)rc\.local.*|readme.*|install.*|setup\.(?:md|txt)")
BACKGROUND_LINE = re.compile(r"((?:sudo[ \t]+|nohup[ \t]+)*(?:[\w./~-]*/)?python[\d.]*[ \t][^&\n]*)&")
AT_BOOT = "@reboot"
END = re.compile(r"[\"')]*\s*(?:\|\s*crontab\b.*)?$")
UNIT_INTERVAL = re.compile(r"(\d{1,2}) ?(s|sec|second|seconds|m|min|minute|minutes|h|hr|hour|hours)")
MAX_FILES, MAX_LINES, MAX_LINE_LENGTH = 30, 2000, 500


@dataclass(frozen=True)
class FoundSchedule(FoundInFile):
    """A command and a time of app.schedule, and where they were found."""

    time: str
    command: str
    file: str
    line: int


def find_schedules(checkout: RepositoryCheckout, entry_file: str, start: str = "") -> tuple[FoundSchedule, ...]:
    """Return the commands that the author starts at certain times.

    Only those that the app's environment can run, which starts in the folder `start`.
    """
    reader = CommandReader(checkout, entry_file, start)
    found: dict[str, FoundSchedule] = {}
    for time, command, file, line in (*_in_cron(reader), *_in_timers(reader), *_in_uwsgi(reader)):
        if time and command and command not in {one.command for one in found.values()}:
            key = time if time not in found else to_calendar(time)
            found.setdefault(key, FoundSchedule(key, command, file, line))
    return tuple(found.values())[:MAX_PROCESSES]


def commands_at_boot(checkout: RepositoryCheckout) -> Iterator[FileCommand]:
    """Yield what cron starts with the Pi."""
    for fields, text, file, number in _cron_lines(checkout):
        if fields == [AT_BOOT]:
            words, folder = split_shell_line(checkout, text.rstrip(" &"))
            yield FileCommand(_title(words), words, folder, file, number, script=True)
    yield from _in_boot_scripts(checkout)


def _in_boot_scripts(checkout: RepositoryCheckout) -> Iterator[FileCommand]:
    """Yield what rc.local starts: a file of that name, or instructions about it."""
    for file in (name for name in checkout.names() if BOOT_FILE.fullmatch(name) and checkout.is_file(name)):
        lines = checkout.text(file).splitlines()[:MAX_LINES]
        if not any(BOOT_SCRIPT in line for line in (file, *lines)):
            continue
        for number, line in enumerate(lines, 1):
            if len(line) <= MAX_LINE_LENGTH and (found := BACKGROUND_LINE.fullmatch(_plain(line))):
                words, folder = split_shell_line(checkout, found[1])
                yield FileCommand(_title(words), words, folder, file, number, script=True)


def _plain(line: str) -> str:
    return REDIRECTION.sub("", line).strip(" \t`$")


def _title(words: list[str]) -> str:
    named = [word for word in words if word.endswith(".py")] or [*words[:1], "process"]
    return PurePosixPath(named[0]).stem


def _cron_lines(checkout: RepositoryCheckout) -> Iterator[tuple[list[str], str, str, int]]:
    folders = ["", *(name for name in checkout.names() if checkout.is_dir(name))]
    paths = [join_path(folder, name) for folder in folders for name in checkout.names(folder)
             if CRON_FILE.fullmatch(name) or "cron" in folder]  # fmt: skip
    for file in [path for path in paths if checkout.is_file(path)][:MAX_FILES]:
        for number, line in enumerate(checkout.text(file).splitlines()[:MAX_LINES], 1):
            plain = line.strip()
            readme = PurePosixPath(file).suffix.lower() in (".md", ".rst", ".txt")
            comment = plain.startswith("#") and not readme
            if len(line) <= MAX_LINE_LENGTH and not comment and (found := CRON_LINE.search(plain)):
                fields = found[1].split()
                if len(fields) in (1, FIELDS):
                    yield fields, END.sub("", found[2].partition("`")[0]), file, number


def _in_cron(reader: CommandReader) -> Iterator[tuple[str | None, str | None, str, int]]:
    for fields, text, file, number in _cron_lines(reader.checkout):
        words, folder = split_shell_line(reader.checkout, text)
        user, *rest = words or [""]
        named = user.isidentifier() and bool(rest)  # the table of the system names a user first
        command = reader.translate(words, folder) or (reader.translate(rest, folder) if named else None)
        yield schedule_time(fields), command, file, number


def _in_timers(reader: CommandReader) -> Iterator[tuple[str | None, str | None, str, int]]:
    for file in files_ending(reader.checkout, ".timer"):
        timer = unit_settings(reader.checkout, file)
        folder, _, name = file.rpartition("/")
        unit = timer.get("Unit", (f"{name.removesuffix('.timer')}.service", 0))[0]
        service = unit_settings(reader.checkout, join_path(folder, unit))
        command, _ = service.get("ExecStart", ("", 0))
        calendar, line = timer.get("OnCalendar", ("", 0))
        if not calendar:
            interval, line = timer.get("OnUnitActiveSec", timer.get("OnUnitInactiveSec", ("", 0)))
            calendar = _unit_interval(interval)
        where = folder_in_checkout(reader.checkout, service.get("WorkingDirectory", ("", 0))[0])
        yield calendar, reader.translate(split_words(command.lstrip(EXEC_PREFIXES)), where), file, line


def _unit_interval(text: str) -> str:
    """Return the time of app.schedule for an interval of a timer; "" if it has none."""
    found = UNIT_INTERVAL.fullmatch(text.strip())
    if not found:
        return ""
    unit = {"s": "second", "m": "minute", "h": "hour"}[found[2][0]]
    time = f"every {int(found[1])} {unit}s" if int(found[1]) > 1 else f"every {unit}"
    try:
        to_calendar(time)
    except ValueError:
        return ""
    return time


def _in_uwsgi(reader: CommandReader) -> Iterator[tuple[str | None, str | None, str, int]]:
    """Yield uWSGI's own cron: minute, hour, day, month, weekday with -1 for all, and a command."""
    for one in find_uwsgi_files(reader.checkout):
        for text, number in one.settings.get("cron", ()):
            words = split_words(text)
            fields = ["*" if word == "-1" else f"*/{word[1:]}" if word.startswith("-") else word for word in words]
            yield schedule_time(fields[:FIELDS]), reader.translate(words[FIELDS:]), one.file, number
