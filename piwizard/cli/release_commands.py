"""Define the commands for the releases of an app."""

from __future__ import annotations

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import JSON, YES


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


@click.command("rollback")
@click.argument("words", nargs=-1, metavar="[SITE] [RELEASE]")
@YES
@click.option("--detach", is_flag=True, help="Start the run and return immediately.")
@JSON
@command
def rollback_command(words: tuple[str, ...], yes: bool, detach: bool, as_json: bool) -> int:
    """Go back to an earlier release, without a failed request.

    Without RELEASE: to the one that was in use before. The data stays as it is. The site stays at that release until
    the next deploy; `piwizard undo rollback` returns to the newer one.
    """
    from piwizard.cli import rollback

    if len(words) > 2:
        raise click.UsageError("Name a site and a release: `piwizard rollback [SITE] [RELEASE]`.")
    return rollback.roll_back(words, yes=yes, detach=detach, as_json=as_json)


@click.command("maintenance")
@click.argument("state", metavar="on|off")
@click.argument("site", required=False)
@JSON
@command
def maintenance_command(state: str, site: str | None, as_json: bool) -> int:
    """Close a site for maintenance, or open it again, at once.

    Visitors get a page with status 503: /srv/SITE/pages/maintenance.html, the repository's, or a line of text. It stays
    closed during runs and after a restart. Static files and the validation by Let's Encrypt continue to work.
    """
    from piwizard.cli import maintenance_switch

    if state not in ("on", "off"):
        raise click.UsageError("Say whether it is closed: `piwizard maintenance on [SITE]` or `off [SITE]`.")
    return maintenance_switch.switch(site, on=state == "on", as_json=as_json)
