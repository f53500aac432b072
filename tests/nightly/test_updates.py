"""Test unattended-upgrades with an edited nginx.conf and a newer nginx package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import product, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.pi import Pi

ARCHIVE = "/srv/archive"
NEWER = "+lab1"
CHANGED = "# A line that only the newer package has.\n"
RELEASE = """\
Origin: Debian
Label: Debian-Security
Suite: stable-security
Codename: {codename}-security
Date: Sun, 01 Nov 2026 00:00:00 UTC
SHA256:
 {digest} {size} Packages
"""
OPTIONS = "etc/apt/apt.conf.d/52piwizard-keep-settings"


@pytest.fixture
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi with unattended-upgrades and newer nginx packages in an archive."""
    made = product.ready_pi(lab, release)
    lab.git.commit("tame", sample_app.FILES)
    quickstart.set_up(made, lab.git.url("tame"))
    made.run(("apt-get", "install", "--yes", "--no-install-recommends", "unattended-upgrades", "dpkg-dev"))
    newer_nginx(made, release)
    yield made
    made.discard()


def newer_nginx(pi: Pi, codename: str) -> None:
    """Repack Debian's packages with a higher version and another nginx.conf."""
    pi.run(("install", "--directory", "--mode=0755", "--owner=_apt", ARCHIVE))
    names = [name for name in ("nginx", "nginx-common") if version(pi, name)]
    pi.run(("apt-get", "download", *names), cwd=ARCHIVE)
    paragraphs = []
    for name in names:
        (old,) = (pi.files / ARCHIVE[1:]).glob(f"{name}_*.deb")
        pi.run(("dpkg-deb", "--raw-extract", old.name, name), cwd=ARCHIVE)
        control = f"{ARCHIVE}/{name}/DEBIAN/control"
        text = pi.read(control)
        # They depend on the same version of each other.
        pi.write(control, text.replace(version(pi, name), f"{version(pi, name)}{NEWER}"))
        if name == "nginx-common":
            conf = f"{ARCHIVE}/{name}/etc/nginx/nginx.conf"
            pi.write(conf, CHANGED + pi.read(conf))
        pi.run(("rm", old.name), cwd=ARCHIVE)
        pi.run(("dpkg-deb", "--root-owner-group", "--build", name, f"{name}.deb"), cwd=ARCHIVE)
        paragraphs.append(paragraph(pi, name))
    packages = "\n".join(paragraphs)
    pi.write(f"{ARCHIVE}/Packages", packages)
    sizes = {"digest": hashlib.sha256(packages.encode()).hexdigest(), "size": len(packages.encode())}
    pi.write(f"{ARCHIVE}/Release", RELEASE.format(codename=codename, **sizes))
    pi.write("/etc/apt/sources.list.d/lab.list", f"deb [trusted=yes] file:{ARCHIVE} ./\n")
    pi.run(("apt-get", "update"))


def paragraph(pi: Pi, name: str) -> str:
    """Return the paragraph of one package in a list of packages."""
    content = (pi.files / ARCHIVE[1:] / f"{name}.deb").read_bytes()
    fields = pi.run(("dpkg-deb", "--field", f"{name}.deb"), cwd=ARCHIVE).output
    return f"{fields}Filename: ./{name}.deb\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"


def version(pi: Pi, name: str) -> str:
    """Return the installed version; empty without one."""
    return pi.run(("dpkg-query", "--show", "--showformat=${Version}", name), check=False).output.strip()


def findings(pi: Pi) -> dict[str, dict[str, Any]]:
    """Return the doctor's findings about updates, by id."""
    said = json.loads(pi.run(("piwizard", "doctor", "--json"), check=False).output)["findings"]
    ids = ("automatic-updates", "no-packages-on-hold", "security-updates", "settings-kept", "nginx-tuning")
    more = ("nginx-connection-limits",)
    of_nginx = [one for one in said if one["id"] in (*ids, *more) or one["subject"] == "nginx"]
    return {one["id"]: one for one in of_nginx}


def test_security_updates_of_nginx_are_installed_and_settings_stay(pi: Pi) -> None:
    before, ours = version(pi, "nginx-common"), pi.read("/etc/nginx/nginx.conf")
    pi.run(("unattended-upgrade", "--verbose"))
    assert version(pi, "nginx-common") == before, "not kept back, although dpkg would ask without options"
    found = findings(pi)
    assert not found["automatic-updates"]["ok"]
    assert "nginx-common" in found["automatic-updates"]["detail"]
    assert found["automatic-updates"]["fixable"]

    pi.run(("piwizard", "apply", "nginx"))
    assert (pi.files / OPTIONS).exists()
    said = pi.run(("unattended-upgrade", "--verbose"))
    assert version(pi, "nginx-common") == f"{before}{NEWER}", said.output
    assert version(pi, "nginx").endswith(NEWER)
    assert pi.read("/etc/nginx/nginx.conf") == ours
    assert pi.read("/etc/nginx/nginx.conf.dpkg-dist").startswith(CHANGED)
    quickstart.serves(pi)
    assert pi.run(("systemctl", "is-active", "nginx.service")).output == "active\n"
    found = findings(pi)
    assert [name for name, one in found.items() if not one["ok"]] == []
    assert "/etc/nginx/nginx.conf.dpkg-dist" in found["settings-kept"]["detail"]

    debug = ("apt-get", "--option", "Debug::pkgDPkgPM=true", "--reinstall", "--yes", "install", "hostname")
    for_dpkg = pi.run(debug, check=False).errors
    assert "--force-confold --refuse-confdef --refuse-confold" in for_dpkg, "apt does not ask the user as before"

    pi.run(("apt-mark", "hold", "nginx"))
    assert "nginx" in findings(pi)["no-packages-on-hold"]["detail"]
    pi.run(("apt-mark", "unhold", "nginx"))

    pi.run(("piwizard", "undo", "--all", "--yes"))
    assert not (pi.files / OPTIONS).exists()


def test_apt_options_of_the_user_are_respected(pi: Pi) -> None:
    """Keep apt options that the user has set."""
    pi.write("/etc/apt/apt.conf.d/90mine", 'Dpkg::Options { "--force-confdef"; "--force-confold"; };\n')
    before = version(pi, "nginx-common")
    pi.run(("piwizard", "apply", "nginx"))
    assert not (pi.files / Path(OPTIONS)).exists()
    pi.run(("unattended-upgrade", "--verbose"))
    assert version(pi, "nginx-common") == f"{before}{NEWER}"
    quickstart.serves(pi)
