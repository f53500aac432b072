"""The programs that a throwaway machine needs on this one, and the packages they come in."""

from __future__ import annotations

from piwizard.errors import PiwizardError
from piwizard.system import commands

PACKAGES = {
    "ip": "iproute2",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "slirp4netns": "slirp4netns",
    "sysctl": "procps",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}


def need(*programs: str) -> None:
    """Raises one sentence that names every package that is missing."""
    missing = sorted({PACKAGES.get(name, name) for name in programs if commands.which(name) is None})
    if missing:
        hint = f"Install what is missing: sudo apt install {' '.join(missing)}"
        raise PiwizardError(f"A throwaway machine needs {' and '.join(missing)}, not installed here.", hint=hint)
