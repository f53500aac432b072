"""Check what this machine needs to boot others in the lab."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.sandbox import cgroups
from piwizard.sandbox.sandbox_init import SandboxInit

PACKAGES = {
    "dnsmasq": "dnsmasq-base",
    "git": "git",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "openssl": "openssl",
    "slirp4netns": "slirp4netns",
    "ssh": "openssh-client",
    "sshpass": "sshpass",
    "systemd-nspawn": "systemd-container",
    "wrk": "wrk",
}
"""The programs that the lab starts on this machine, with the Debian packages that have them."""
TRIED = (
    "mkdir -p /run/try/lower /run/try/upper /run/try/work /run/try/merged && "
    "mount --no-mtab -t overlay -o lowerdir=/run/try/lower,upperdir=/run/try/upper,workdir=/run/try/work none "
    "/run/try/merged && unshare --net ip link add name lan type bridge"
)


def missing() -> str:
    """Return a sentence on why this machine cannot boot others; empty if it can.


    Tries each permission: in a container root may lack any of them.
    """
    if os.geteuid() != 0:
        return "Booting machines needs root."
    packages = sorted({package for program, package in PACKAGES.items() if shutil.which(program) is None})
    if packages:
        return f"Booting machines needs packages that are not installed: {' '.join(packages)}."
    try:
        _try()
    except (OSError, PiwizardError) as error:
        return f"Booting machines needs rights that root lacks here, as in an unprivileged container: {error}"
    return ""


def _try() -> None:
    """Create a machine's parts: namespaces, overlay, bridge, tunnel, control group."""
    os.close(os.open("/dev/net/tun", os.O_RDWR))
    if not cgroups.has_systemd():
        for group in cgroups.process_groups("self"):
            os.rmdir(tempfile.mkdtemp(prefix="piwizard-try-", dir=Path(group)))
    lifeline = SandboxInit()
    try:
        lifeline.check(("sh", "-c", TRIED))
    finally:
        lifeline.cut()
