"""A site's own ssh key: made on this machine, never anywhere else, for reading its repository."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import commands, file_lock, files, paths


def folder(site: str) -> Path:
    """What a site needs to fetch over ssh: its key, and the host keys that a person trusts."""
    return paths.state_dir() / "keys" / site


def private(site: str) -> Path:
    """The private key: there once `make` was called."""
    return folder(site) / "id_ed25519"


def made(site: str) -> bool:
    """Whether the site has a key."""
    return private(site).exists()


def make(site: str) -> str:
    """The public key as one line; made together with the private one where there is none yet."""
    require_ssh()
    where = make_folder(site)
    public, aside = where / "id_ed25519.pub", where / ".id_ed25519.new"
    with file_lock.exclusive(where):
        if not made(site):
            for file in (aside, aside.with_name(f"{aside.name}.pub")):
                file.unlink(missing_ok=True)
            comment = f"piwizard {site}@{socket.gethostname()}"
            argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(aside))
            result = commands.run(argv)
            if not result.ok:
                raise PiwizardError(f"No key could be made: {result.last_words}")
            for file in (aside, aside.with_name(f"{aside.name}.pub")):
                files.sync(file)
            # The private one last, and after the other is there for good: where it is, both are.
            aside.with_name(f"{aside.name}.pub").rename(public)
            files.sync_folder(where)
            aside.rename(private(site))
            files.sync_folder(where)
    return public.read_text().strip()


def require_ssh() -> None:
    """PiwizardError where this machine has no ssh; one that is looked after over ssh has it."""
    if commands.which("ssh-keygen") is None:
        raise PiwizardError(
            "ssh is not installed on this machine.", hint="`sudo apt install openssh-client` brings it."
        )


def copy(site: str, new: str) -> bool:
    """Gives the key to the site's new name too, unless that has one already; says whether both have the same now.

    The old one goes with `forget`, once the new name counts: until then the site is still called as before.
    """
    if folder(site).exists() and not folder(new).exists():
        aside = folder(new).with_name(f".{new}.new")
        files.remove(aside)
        files.make_folders(aside, 0o700)
        for file in folder(site).iterdir():
            files.replace(aside / file.name, file.read_bytes(), mode=stat.S_IMODE(file.stat().st_mode))
        aside.rename(folder(new))
        files.sync_folder(folder(new).parent)
    return made(site) and files.read(private(site)) == files.read(private(new))


def forget(site: str) -> None:
    """There is no site of that name any more."""
    files.remove(folder(site))


def make_folder(site: str) -> Path:
    """The site's folder of keys, which only root can look into."""
    where = folder(site)
    files.make_folders(where.parent.parent)
    files.make_folders(where.parent, 0o700)
    files.make_folders(where, 0o700)
    return where
