"""Test unattended-upgrades with an edited nginx.conf and a newer nginx package."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab import product, quickstart, sample_app
from tests.lab.internet.mail import NtfyServer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

ARCHIVE, MORE = "/srv/archive", "/root/more.toml"
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
    """Repack Debian's packages of nginx with a higher version and another nginx.conf."""
    newer(pi, codename, ("nginx", "nginx-common"))


def newer(pi: Pi, codename: str, wanted: tuple[str, ...], *, program: str | None = None) -> None:
    """Repack installed packages with a higher version, as security updates.

    `program` replaces the program of nginx.
    """
    pi.run(("rm", "-rf", ARCHIVE))
    pi.run(("install", "--directory", "--mode=0755", "--owner=_apt", ARCHIVE))
    names = [name for name in wanted if version(pi, name)]
    pi.run(("apt-get", "download", *(f"{name}={version(pi, name)}" for name in names)), cwd=ARCHIVE)
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
        if name == "nginx" and program is not None:
            pi.write(f"{ARCHIVE}/{name}/usr/sbin/nginx", program)
            pi.run(("rm", "--force", f"{name}/DEBIAN/md5sums"), cwd=ARCHIVE)
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


def apply_more(pi: Pi, more: str, *steps: str, env: dict[str, str] | None = None) -> None:
    """Add answers, and apply these steps."""
    kept = pi.read("/etc/xdg/piwizard/answers.toml")
    pi.write(MORE, f"{kept}\n{more}")
    pi.run(("piwizard", "apply", *steps, "--yes", "--answers", MORE), env=env)


@contextmanager
def visitors(pi: Pi) -> Iterator[list[str]]:
    """Request the first page without a pause while the block runs; yield what failed."""
    failed: list[str] = []
    done = threading.Event()

    def visit() -> None:
        while not done.wait(0.02):
            try:
                status = pi.http("/", host=quickstart.HOST).status
                if status != 200:
                    failed.append(f"status {status}")
            except OSError as error:
                failed.append(str(error))

    threads = [threading.Thread(target=visit) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield failed
    finally:
        done.set()
        for thread in threads:
            thread.join()


def of_source(pi: Pi, source: str) -> list[str]:
    """Return the installed packages that were built from one source package."""
    said = pi.run(("dpkg-query", "--show", "--showformat=${source:Package} ${Package}\\n")).output
    return [line.split()[1] for line in said.splitlines() if line.split()[0] == source]


def update(pi: Pi) -> None:
    """Do what apt's timer does, and wait for the check that follows."""
    pi.run(("rm", "-f", "/var/lib/apt/periodic/upgrade-stamp"))
    pi.run(("systemctl", "start", "apt-daily-upgrade.service"), check=False)
    pi.run(("systemctl", "start", "piwizard-updates.service"))


def outdated(pi: Pi) -> list[str]:
    """Return the services that run with files that were replaced."""
    services = ("nginx.service", "myflask.service")
    code = f"from piwizard.system.replaced_files import outdated_services; print(*outdated_services({services}))"
    return pi.run(("/opt/piwizard/venv/bin/python", "-I", "-c", code)).output.split()


def test_updates_under_load_fail_no_request(pi: Pi, release: str) -> None:
    pi.run(("piwizard", "apply", "nginx"))  # unattended-upgrades is a person's: its settings are the step's, and stay
    apply_more(pi, "[updates]\nsecurity = true\n", "updates")
    assert quickstart.states(pi)["updates"] == "done"
    assert quickstart.states(pi)["nginx"] == "done"
    show = pi.run(("systemctl", "show", "apt-daily-upgrade.service", "--property=OnSuccess,OnFailure")).output
    assert show.count("piwizard-updates.service") == 2
    python = pi.run(("readlink", "-f", "/usr/bin/python3")).output.strip().rpartition("/")[2]
    newer(pi, release, ("nginx", "nginx-common", *of_source(pi, "openssl"), *of_source(pi, python)))
    with visitors(pi) as failed:
        update(pi)
    assert version(pi, "nginx").endswith(NEWER)
    assert version(pi, f"{python}-minimal").endswith(NEWER)
    assert failed == []
    assert outdated(pi) == []
    said = json.loads(pi.run(("piwizard", "updates", "list", "--json")).output)
    assert "nginx" in [one["package"] for one in said["packages"]]
    assert quickstart.states(pi)["site"] == "done"
    pi.run(("piwizard", "undo", "updates", "--yes"))
    assert not (pi.files / "etc/systemd/system/piwizard-updates.service").exists()
    assert quickstart.states(pi)["nginx"] == "done"


def test_broken_nginx_is_named_and_the_old_one_serves(lab: Lab, pi: Pi, release: str) -> None:
    ntfy = NtfyServer(lab.internet, "ntfy.example.org")
    lab.internet.trust(pi)
    urls = {"ALERT_URLS": "ntfys://ntfy.example.org/topic"}
    more = '[updates]\nsecurity = true\n[alerts]\nurls = { env = "ALERT_URLS" }\n'
    apply_more(pi, more, "updates", "alerts", env=urls)
    pi.run(("systemctl", "disable", "--now", "piwizard-alerts.timer"))
    pi.run(("piwizard", "alerts", "check", "--all"))
    before = version(pi, "nginx")
    newer(pi, release, ("nginx", "nginx-common"), program="#!/bin/sh\necho broken >&2\nexit 1\n")
    ntfy.messages.clear()
    with visitors(pi) as failed:
        update(pi)
    assert failed == []
    text = "\n".join(f"{one['title']}\n{one['text']}" for one in ntfy.messages)
    assert f"nginx {before} → {before}{NEWER}" in text
    assert "sudo apt-get install --allow-downgrades" in text
    assert f"nginx={before}" in text
    quickstart.serves(pi)


def test_environment_is_rebuilt_without_a_failed_request(pi: Pi) -> None:
    apply_more(pi, "[updates]\nsecurity = false\n", "updates")
    current = pi.files / "srv/myflask/current"
    before = current.readlink()
    with visitors(pi) as failed:
        pi.run(("systemctl", "start", "piwizard-rebuild.service"))
    assert failed == []
    after = current.readlink()
    assert after != before
    assert str(after).split("-")[0] == str(before).split("-")[0], "another commit"
    assert quickstart.states(pi)["app"] == "done"
    quickstart.serves(pi)
