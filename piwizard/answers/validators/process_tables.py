"""Validate the tables of further processes and of scheduled commands."""

from __future__ import annotations

import re
from typing import Any

from piwizard.answers.validators.basic import Invalid
from piwizard.answers.validators.repository import command

PROCESS_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?")
MAX_PROCESSES = 10


def processes(value: Any) -> dict[str, str]:
    """Accept a table from the names of processes to their commands."""
    if not isinstance(value, dict) or len(value) > MAX_PROCESSES:
        raise Invalid(f'must be a table of at most {MAX_PROCESSES} commands, such as {{ logger = "python logger.py" }}')
    return {_process_name(name): _member(name, line) for name, line in value.items()}


def schedule(value: Any) -> dict[str, str]:
    """Accept a table from times to commands.

    The machine's own systemd checks the times.
    """
    if not isinstance(value, dict) or len(value) > MAX_PROCESSES:
        raise Invalid(
            f'must be a table of at most {MAX_PROCESSES} commands, such as {{ "daily 03:00" = "flask cleanup" }}'
        )
    return {_time(name): _member(name, line) for name, line in value.items()}


def _process_name(name: str) -> str:
    if not PROCESS_NAME.fullmatch(name):
        raise Invalid(f"has the name {name[:40]!r}, which must be 1 to 24 lowercase letters, digits and hyphens")
    return name


def _time(text: str) -> str:
    from piwizard.system.calendar_times import CALENDAR_CHARACTERS, to_calendar  # few sites have a schedule

    if not CALENDAR_CHARACTERS.fullmatch(text):
        raise Invalid(f'has the time {text[:100]!r}, which must be like "daily 03:00", "hourly" or "every 10 minutes"')
    try:
        to_calendar(text)
    except ValueError as error:
        raise Invalid(str(error), member=text) from None
    return text


def _member(name: str, line: object) -> str:
    try:
        return str(command(line))
    except Invalid as error:
        raise Invalid(str(error), member=name) from None
