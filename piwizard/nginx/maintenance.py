"""Close a site for maintenance: nginx answers 503 while a file exists."""

from __future__ import annotations

from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.nginx.server_blocks import INCLUDED, closed_file
from piwizard.system import files

AVAILABLE_SITES = Path("/etc/nginx/sites-available")


def in_maintenance(site: str) -> bool:
    """Return whether a site is closed for maintenance."""
    return Path(closed_file(site)).is_file()


def set_maintenance(site: str, *, on: bool) -> bool:
    """Close or open a site at once, and return whether that was a change.

    The file survives runs and restarts. PiwizardError if the site's server block does not look for it.
    """
    marker = Path(closed_file(site))
    if on and not _knows(site):
        raise PiwizardError(
            f"nginx does not know about maintenance of {site} yet.",
            hint=f"Run `piwizard apply site --site {site}` first.",
        )
    if marker.is_file() == on:
        return False
    if on:
        files.make_folders(marker.parent)
        files.replace(marker, b"")
    else:
        files.unlink(marker)
    return True


def _knows(site: str) -> bool:
    """Return whether a file of nginx refers to the marker of a site, also below a path of another one."""
    places = (AVAILABLE_SITES / site, *Path(INCLUDED).glob(f"*.paths/{site}.conf"))
    return any(closed_file(site).encode() in (files.read(path) or b"") for path in places)
