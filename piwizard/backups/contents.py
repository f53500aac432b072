"""List what a backup contains, and what it omits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from piwizard.backups.archive_packer import Packer
from piwizard.changes import swap
from piwizard.system import app_data, paths

MACHINE = "machine.tar"
SITE_START, SITE_END = "site-", ".tar"
PROOF, RESTORING = "backup-test", "restoring"
"""Folders in the state where a backup is unpacked: no part of a backup, and a site's user may write to the first."""
CERTIFICATES = Path("/etc/letsencrypt")
OWN_SETTINGS = Path("/etc/piwizard")
NGINX_SETTINGS = Path("/etc/nginx/piwizard")
DATABASE_SERVERS = {
    "PostgreSQL": Path("/var/lib/postgresql"),
    "MariaDB or MySQL": Path("/var/lib/mysql"),
    "Redis": Path("/var/lib/redis"),
    "MongoDB": Path("/var/lib/mongodb"),
    "InfluxDB": Path("/var/lib/influxdb"),
}
"""Servers whose files cannot be copied while they run."""


def archive_name(site: str) -> str:
    """Return the name of a site's archive in the repository."""
    return f"{SITE_START}{site}{SITE_END}"


def site_named(archive: str) -> str | None:
    """Return the site of an archive; None if it is the machine's."""
    if archive.startswith(SITE_START) and archive.endswith(SITE_END):
        return archive.removeprefix(SITE_START).removesuffix(SITE_END)
    return None


def machine_folders(sites: Sequence[str]) -> dict[str, Path]:
    """Return the folders of the machine's archive by their names in it.

    Only root can write to them.
    """
    found = {
        "answers": paths.answers_file().parent,
        "state": paths.state_dir(),
        "letsencrypt": CERTIFICATES,
        "piwizard": OWN_SETTINGS,
        "nginx": NGINX_SETTINGS,
    }
    return found | {f"setup/{site}": paths.sites_dir() / site / app_data.SETUP_RECORD for site in sites}


def pack_machine(output: IO[bytes], sites: Sequence[str]) -> None:
    """Write the archive of answers, secrets, state, journals and certificates."""
    packer = Packer(output, databases=False)
    unpacked = (paths.state_dir() / name for name in (PROOF, RESTORING))
    leave_out = frozenset((*unpacked, swap.file()))  # swap of a build: memory of any process, and a gigabyte
    for name, folder in machine_folders(sites).items():
        packer.add_folder(folder, name, leave_out)
    packer.finish()


def other_databases() -> tuple[str, ...]:
    """Return the database servers on this machine whose data no backup includes."""
    found = []
    for name, folder in DATABASE_SERVERS.items():
        try:
            used = any(folder.iterdir())
        except OSError:
            used = False
        if used:
            found.append(name)
    return tuple(found)
