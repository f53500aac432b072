"""Make base images with mmdebstrap: a freshly flashed card, cached."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from piwizard.sandbox.sandbox_init import SandboxInit
from piwizard.system import commands
from piwizard.system.commands import Result
from tests.lab import sources
from tests.lab.cache import cached

USER = "alex"
PASSWORD = "raspberry"
HOST_NAME = "raspberrypi"

PACKAGES = [
    *("systemd", "systemd-sysv", "libpam-systemd", "dbus", "udev", "kmod", "procps", "iproute2", "iputils-ping"),
    *("netbase", "sudo", "openssh-server", "python3", "python3-venv", "git", "curl", "wget", "ca-certificates"),
    *("locales", "less", "nano", "cron", "tzdata", "nftables"),
]

# Additional packages of such a Pi. The names of variants are the names of images.
VARIANTS = {
    "trixie": ("trixie", ["network-manager"]),
    "bookworm": ("bookworm", ["network-manager"]),
    "bookworm-dhcpcd": ("bookworm", ["dhcpcd5"]),
}

# Manual pages and translations take a third of each installation's time.
LEAN = ["path-exclude=/usr/share/man/*", "path-exclude=/usr/share/locale/*", "path-exclude=/usr/share/doc/*"]

# Timers that would take apt's lock at random, and consoles without a screen.
MASKED = ["apt-daily.timer", "apt-daily-upgrade.timer", "man-db.timer", "console-getty.service", "getty@.service"]

FILES = {
    "etc/hostname": f"{HOST_NAME}\n",
    "etc/hosts": f"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t{HOST_NAME}\n",
    "etc/fstab": "",
    "etc/machine-id": "",
    "etc/resolv.conf": "",
}

# bookworm's dhcpcd waits for udev, which does not run in a container.
DHCPCD = "[Service]\nExecStart=\nExecStart=/usr/sbin/dhcpcd --nodev -w -q\nType=forking\n"


@dataclass(frozen=True)
class Layer:
    """A folder that a machine can be built on, with the layers below it."""

    folder: Path
    below: tuple[Path, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.folder, *self.below)


def image(variant: str) -> Layer:
    """Return the image of a variant, from the cache or made now (about a minute)."""
    return Layer(cached("images", variant, _recipe(variant), lambda folder: _build(variant, folder)))


def _recipe(variant: str) -> str:
    parts = [Path(__file__).read_bytes(), Path(sources.__file__).read_bytes(), str(sources.archives()).encode()]
    parts += [file.read_bytes() for file in sources.certificates()]
    parts += [variant.encode(), str(sorted(sources.pip_settings().items())).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def _build(variant: str, root: Path) -> None:
    release, manager = VARIANTS[variant]
    root.parent.mkdir(parents=True, exist_ok=True)
    options = [
        "--variant=minbase",
        "--mode=root",
        "--skip=cleanup/apt,cleanup/reproducible",
        f"--include={','.join(PACKAGES + manager)}",
        '--aptopt=Acquire::Languages "none"',
        *(f"--dpkgopt={option}" for option in LEAN),
    ]
    # On a lifeline: its mounts are never visible here, and vanish with this process.
    lifeline = SandboxInit()
    try:
        lifeline.check(("mmdebstrap", *options, release, str(root), *sources.archives().lines(release)))
    finally:
        lifeline.cut()
    _configure(root)


def _configure(root: Path) -> None:
    for name, content in FILES.items():
        (root / name).unlink(missing_ok=True)
        (root / name).write_text(content)
    _inside(root, ("useradd", "--create-home", "--uid=1000", "--shell=/bin/bash", "--groups=sudo,adm", USER))
    _inside(root, ("chpasswd",), input=f"{USER}:{PASSWORD}\n")
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    for certificate in sources.certificates():
        shutil.copy(certificate, root / "usr/local/share/ca-certificates")
    _inside(root, ("update-ca-certificates",))
    settings = {"cert": "/etc/ssl/certs/ca-certificates.crt"} | sources.pip_settings()
    (root / "etc/pip.conf").write_text("[global]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items()))
    if (root / "usr/sbin/dhcpcd").exists():
        drop_in = root / "etc/systemd/system/dhcpcd.service.d/no-udev.conf"
        drop_in.parent.mkdir()
        drop_in.write_text(DHCPCD)
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()


def _inside(root: Path, argv: tuple[str, ...], *, input: str | None = None) -> Result:
    result = commands.run(("chroot", str(root), *argv), input=input)
    assert result.ok, f"{argv}: {result.last_lines}"
    return result
