"""Define the commands that undo steps and remove sites."""

from __future__ import annotations

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import JSON, SITE, YES


@click.command("undo")
@click.argument("step", required=False)
@click.option("--all", "whole", is_flag=True, help="Undo every step of every site, in reverse order.")
@click.option("--packages", is_flag=True, help="With --all: also remove the Debian packages that piwizard installed.")
@click.option("--data", is_flag=True, help="With --all or the step app: also delete the data of the apps.")
@SITE
@YES
@JSON
@command
def undo_command(
    step: str | None, whole: bool, packages: bool, data: bool, site: str | None, yes: bool, as_json: bool
) -> int:
    """Undo a step and restore the previous state.

    `piwizard undo rollback` undoes the last rollback of a site, `piwizard undo maintenance` opens it.

    Changes that you made by hand since then are kept and listed.
    """
    if whole == (step is not None) or (packages and not whole) or (whole and site):
        raise click.UsageError("Name one step, or undo everything: `piwizard undo --all [--packages] [--data]`.")
    if step == "rollback":
        from piwizard.cli import rollback

        return rollback.undo_rollback(site, yes=yes, as_json=as_json)
    if step == "maintenance":
        from piwizard.cli import maintenance_switch

        return maintenance_switch.switch(site, on=False, as_json=as_json)
    if step is not None:
        from piwizard.cli import undo

        return undo.undo_step(step, site, data=data, yes=yes, as_json=as_json)
    from piwizard.cli import uninstall

    return uninstall.undo_all(packages=packages, data=data, yes=yes, as_json=as_json)


@click.command("remove")
@click.argument("site")
@click.option("--keep-data", is_flag=True, help="Keep the data of the app in /srv/SITE/data.")
@click.option("--yes", is_flag=True, help="Don't ask; also delete /srv/SITE/data, unless you add --keep-data.")
@JSON
@command
def remove_command(site: str, keep_data: bool, yes: bool, as_json: bool) -> int:
    """Remove a site: its code, service, server block, data and answers.

    Other sites are not affected.
    """
    from piwizard.cli import uninstall

    return uninstall.remove_site(site, keep_data=keep_data, yes=yes, as_json=as_json)
