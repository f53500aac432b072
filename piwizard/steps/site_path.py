"""Serve a site below a path of another site's domains, such as /camera."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.answers.model import Answers
from piwizard.changes.base import Change
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.link import Link
from piwizard.changes.transaction import Transaction
from piwizard.errors import PiwizardError
from piwizard.nginx.server_blocks import (
    INCLUDED,
    closed_file,
    paths_folder,
    render_path_locations,
    render_path_upstream,
)
from piwizard.steps.blocks import AVAILABLE, ENABLED, NGINX_TEST, RELOAD_NGINX, site_block
from piwizard.steps.step import PlanContext, app_of

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig


def path_of(answers: Answers) -> str:
    """Return the path of a site; "" if it has domains of its own."""
    return str(answers.get("site.path", ""))


def owner_of(context: PlanContext, answers: Answers) -> str:
    """Return the site with the server block: itself, or the one above its path."""
    site, domains = str(answers.site), set(answers["site.domains"])
    if not path_of(answers):
        return site
    owners = [name for name, route in context.routes.items() if not route.path and domains <= set(route.domains)]
    if not owners:
        raise PiwizardError(
            f"site.path: no site without a path has the domain {', '.join(sorted(domains))}.",
            key="site.path",
            hint="First set up the site that answers at the domain itself, or remove path.",
        )
    return owners[0]


def path_changes(context: PlanContext, answers: Answers) -> tuple[Change, ...]:
    """Return the changes for a site below a path.

    The file of the site above it stays as it is.
    """
    site, owner = str(answers.site), owner_of(context, answers)
    block = site_block(context, answers, None, path=path_of(answers), owner=owner)
    folder = Path(paths_folder(owner))
    own = (
        File(AVAILABLE / site, render_path_upstream(block)),
        Link(ENABLED / site, f"../sites-available/{site}"),
        File(folder / f"{site}.conf", render_path_locations(block)),
    )
    return (
        included_folder(),
        Folder(folder),
        *maintenance_folders(app_of(context, answers)),
        Transaction(f"{site}-site", own, validate=NGINX_TEST, activate=RELOAD_NGINX),
    )


def maintenance_folders(app: AppConfig) -> tuple[Folder, ...]:
    """Return the folders for the maintenance file and for a person's own error pages."""
    where = app.layout
    return Folder(Path(closed_file(where.site)).parent, whole=True), Folder(where.own_pages)


def included_folder() -> Transaction:
    """Return the folder that is removed with the last site."""
    return Transaction("nginx-included", (Folder(Path(INCLUDED)),), shared=True)
