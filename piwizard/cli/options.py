"""Define the options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

ANSWERS = click.option("--answers", type=click.Path(path_type=Path), help="Read the answers from this file.")
SITE = click.option("--site", metavar="NAME", help="Only this site.")
YES = click.option("--yes", is_flag=True, help="Don't ask; also replace files that were edited by hand.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print only JSON to stdout.")
ALL = click.option("--all", "everything", is_flag=True, help="Also list the checks that passed.")
