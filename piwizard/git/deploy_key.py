"""Manage deploy keys: one SSH key per site for reading its repository.

A private key never leaves this machine.
"""

from __future__ import annotations

import socket
import stat
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import commands, file_lock, files, paths


def key_folder(site: str) -> Path:
    """Return the folder with a site's key and the host keys that the user trusts."""
    return paths.state_dir() / "keys" / site


def private_key(site: str) -> Path:
    """Return the path of the private key. `make_key` creates it."""
    return key_folder(site) / "id_ed25519"


def has_key(site: str) -> bool:
    """Return whether the site has a key."""
    return private_key(site).exists()


def make_key(site: str) -> str:
    """Return the public key as one line. Create the key pair if it is missing."""
    require_ssh()
    where = make_key_folder(site)
    public, aside = where / "id_ed25519.pub", where / ".id_ed25519.new"
    with file_lock.exclusive(where):
        if not has_key(site):
            for file in (aside, aside.with_name(f"{aside.name}.pub")):
                file.unlink(missing_ok=True)
            comment = f"piwizard {site}@{socket.gethostname()}"
            argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(aside))
            result = commands.run(argv)
            if not result.ok:
                raise PiwizardError(
                    f"The deploy key could not be created: {result.last_lines}",
                    hint="Check the free space with `df -h`, then try again.",
                )
            for file in (aside, aside.with_name(f"{aside.name}.pub")):
                files.sync(file)
            # The private key is moved last, when the public one is safely on disk: if it exists, both do.
            aside.with_name(f"{aside.name}.pub").rename(public)
            files.sync_folder(where)
            aside.rename(private_key(site))
            files.sync_folder(where)
    return public.read_text().strip()


def require_ssh() -> None:
    """Raise PiwizardError if ssh is not installed."""
    if commands.which("ssh-keygen") is None:
        raise PiwizardError(
            "ssh is not installed on this machine.", hint="Install it with `sudo apt install openssh-client`."
        )


def copy_key(site: str, new: str) -> bool:
    """Copy the key to the site's new name, unless that has one.

    Return whether both have the same key now. `remove_key` removes the old one once the new name is in use.
    """
    if key_folder(site).exists() and not key_folder(new).exists():
        aside = key_folder(new).with_name(f".{new}.new")
        files.remove(aside)
        files.make_folders(aside, 0o700)
        for file in key_folder(site).iterdir():
            files.replace(aside / file.name, file.read_bytes(), mode=stat.S_IMODE(file.stat().st_mode))
        aside.rename(key_folder(new))
        files.sync_folder(key_folder(new).parent)
    return has_key(site) and files.read(private_key(site)) == files.read(private_key(new))


def remove_key(site: str) -> None:
    """Remove the keys of a site."""
    files.remove(key_folder(site))


def make_key_folder(site: str) -> Path:
    """Create the site's key folder, which only root can read, and return it."""
    where = key_folder(site)
    files.make_folders(where.parent.parent)
    files.make_folders(where.parent, 0o700)
    files.make_folders(where, 0o700)
    return where
