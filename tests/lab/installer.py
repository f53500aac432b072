"""Run install.sh on a Pi of the lab, and list what it has installed."""

from __future__ import annotations

from tests.lab import product
from tests.lab.pi import Pi

INSTALL = f"{product.PUSHED}/install.sh"
VERSION = "piwizard, version 0.1.0\n"


def set_version(pi: Pi, text: str) -> None:
    pi.run(["sed", "-i", f"s/^__version__ = .*/__version__ = '{text}'/", f"{product.PUSHED}/piwizard/__init__.py"])


def run_as_user(pi: Pi, *argv: str) -> str:
    """Run install.sh as a user whose sudo remembers the password; return the output."""
    login = f"echo {pi.password} | sudo -S -p '' -v && cd {product.PUSHED} && exec {' '.join(argv)}"
    return pi.ssh(["sh", "-c", login], tty=True).output.replace("\r\n", "\n")


def installed_files(pi: Pi) -> list[str]:
    """Return all files of an installation, with their times."""
    listing = ["find", "/opt/piwizard", "/usr/local", "-printf", "%p %y %s %T@ %l\n"]
    return sorted(line for line in pi.run(listing).output.splitlines() if "__pycache__" not in line)


def environments(pi: Pi) -> list[str]:
    return pi.run(["find", "/opt/piwizard", "-mindepth", "1", "-maxdepth", "1", "-type", "d"]).output.split()


WHEELS = "/var/cache/piwizard/wheels"


def site_packages(pi: Pi) -> str:
    return pi.run(["sh", "-c", "readlink -f /opt/piwizard/venv/lib/python3*/site-packages"]).output.strip()
