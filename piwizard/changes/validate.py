"""A command that must accept a configuration before a service gets to read it, such as `nginx -t`."""

from __future__ import annotations

from pathlib import Path

from piwizard.changes.base import ApplyContext, ChangeFailed
from piwizard.system.commands import Result

Argv = tuple[str, ...]


def ask(guard: Argv, work: ApplyContext, *, hint: str) -> None:
    """ChangeFailed has the guard's own line, where it refuses."""
    result = work.command(guard, allow=range(256))
    if not result.ok:
        raise ChangeFailed(f"{Path(guard[0]).name} refuses the configuration: {_own_line(result)}", hint=hint)


def _own_line(result: Result) -> str:
    lines = [line for line in result.tail if line.strip()]
    telling = [line for line in lines if "[emerg]" in line or "error" in line.lower()]
    return (telling or lines or [f"exit code {result.exit}"])[0]
