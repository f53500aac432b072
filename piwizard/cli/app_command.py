"""Define `piwizard run`: one command in the app's environment, as its user."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import JSON

SEPARATOR = "--"
MAX_JSON_OUTPUT = 1 << 20
"""Characters of the output that --json shows of each stream."""


class SeparatedCommand(click.Command):
    """A command that keeps `--`: it separates the site from the program to run."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, with a `--` in front kept as a word."""
        place = args.index(SEPARATOR) if SEPARATOR in args else 0
        before = [word for word in args[:place] if not word.startswith("-")]
        if SEPARATOR in args and not before:
            args = [*args[:place], SEPARATOR, *args[place:]]
        return super().parse_args(ctx, args)


@click.command(
    "run", cls=SeparatedCommand, context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False}
)
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[SITE] -- COMMAND...")
@JSON
@command
def run_command(words: tuple[str, ...], as_json: bool) -> int:
    """Run one command in the app's environment, as its user.

    It has the app's variables, packages, data and hardware, in the same sandbox as its service, without a shell. Its
    exit code is that of piwizard.

    Examples: `piwizard run -- flask shell`, `piwizard run blog -- python import.py`.
    """
    from piwizard.cli import output
    from piwizard.engine.apply_context import OutputLimit
    from piwizard.setup import app_runs, workspace
    from piwizard.system import start_line

    site, argv = split_site(words)
    planner = workspace.planner(None)
    prepared = app_runs.prepare_run(planner, site or app_runs.only_site(planner, argv), argv)
    if not as_json:
        terminal = all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
        start_line.erase()
        return prepared.attach(terminal=terminal)
    lines: dict[str, list[str]] = {"stdout": [], "stderr": []}
    limits = {name: OutputLimit(MAX_JSON_OUTPUT) for name in lines}

    def keep(stream: str, text: str) -> None:
        kept = limits[stream].for_line(text)
        if kept is not None:
            lines[stream].append(kept)

    code = prepared.capture(keep)
    output.dump({"site": prepared.site, "argv": list(argv), "exit": code, **lines})
    return code


def split_site(words: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the site, if one is named, and the command."""
    if words[:1] == (SEPARATOR,):
        site, argv = None, tuple(words[1:])
    elif SEPARATOR in words[1:2]:
        site, argv = words[0], tuple(words[2:])
    else:
        raise click.UsageError("Put -- before the command: `piwizard run [SITE] -- COMMAND...`.")
    if not argv:
        raise click.UsageError("Name the command after --, such as `piwizard run -- flask shell`.")
    return site, argv
