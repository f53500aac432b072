"""Lay out `piwizard --help`: the commands in groups, and examples."""

from __future__ import annotations

import click

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Everyday", ("status", "deploy", "logs", "checkup", "alerts", "updates", "backup", "run")),
    ("Versions", ("deploys", "releases", "rollback", "maintenance")),
    ("Set up", ("plan", "apply", "stop", "confirm", "key", "rehearse")),
    ("When something is wrong", ("doctor", "report", "restore", "undo")),
    ("Cleaning up", ("remove",)),
)
EXAMPLES = (
    ("piwizard", "Set up a site, or open the overview"),
    ("piwizard status", "See whether your sites are online"),
    ("piwizard deploy --site photos", "Put the newest commit online"),
    ("piwizard doctor --fix", "Find problems and fix them"),
    ("piwizard apply certificate", "Run one step, by its title or name"),
    ("piwizard undo router", "Undo one step"),
)
WHOLE = 1000
"""Characters of a description: none is cut."""


class GroupedHelp(click.Group):
    """The commands of piwizard, with a help page in groups."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each group of commands, then the examples."""
        for title, names in GROUPS:
            rows = [(name, self.commands[name].get_short_help_str(WHOLE)) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)
        with formatter.section("Examples"):
            formatter.write_dl(EXAMPLES, col_max=40)
        formatter.write_paragraph()
        formatter.write_text("`piwizard COMMAND --help` describes a command and its options.")
