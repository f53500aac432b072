"""Define the commands for the releases of an app."""

from __future__ import annotations

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import JSON


@click.command("releases")
@click.argument("site", required=False)
@JSON
@command
def releases_command(site: str | None, as_json: bool) -> int:
    """List the releases of an app: commit, author, dates and size.

    `piwizard rollback` can go back to each of them.
    """
    from piwizard.cli import releases

    return releases.show_releases(site, as_json=as_json)
