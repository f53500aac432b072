"""install.sh on real Pis: from nothing, again, upgraded, cut off in the middle, taken away."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import product
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

INSTALL = f"{product.PUSHED}/install.sh"
VERSION = "piwizard, version 0.1.0\n"


@pytest.fixture
def upgraded(lab: Lab, release: str) -> Iterator[Pi]:
    """A Pi with piwizard installed, and newer sources pushed beside it."""
    pi = product.ready_pi(lab, release)
    newer(pi, "of tomorrow")
    yield pi
    pi.discard()


def newer(pi: Pi, text: str) -> None:
    pi.run(["sed", "-i", f"s/^__version__ = .*/__version__ = '{text}'/", f"{product.PUSHED}/piwizard/__init__.py"])


def as_person(pi: Pi, *argv: str) -> str:
    """What a person sees who logs in, goes to the checkout and starts it; sudo knows their password for a while."""
    login = f"echo {pi.password} | sudo -S -p '' -v && cd {product.PUSHED} && exec {' '.join(argv)}"
    return pi.ssh(["sh", "-c", login], tty=True).output.replace("\r\n", "\n")


def installed(pi: Pi) -> list[str]:
    """Everything of an installation, with its times."""
    listing = ["find", "/opt/piwizard", "/usr/local", "-printf", "%p %y %s %T@ %l\n"]
    return sorted(line for line in pi.run(listing).output.splitlines() if "__pycache__" not in line)


def traces(pi: Pi) -> list[str]:
    """Packages and files. Services of the system that come and go by themselves have folders of their own in /tmp."""
    listing = ["find", "/root", "/tmp", "/etc", "-not", "-path", "/tmp/systemd-private-*"]
    return pi.run(["dpkg-query", "-W"]).output.splitlines() + sorted(pi.run(listing).output.splitlines())


def environments(pi: Pi) -> list[str]:
    return pi.run(["find", "/opt/piwizard", "-mindepth", "1", "-maxdepth", "1", "-type", "d"]).output.split()


def test_from_nothing_and_again(pi: Pi) -> None:
    product.push(pi)
    before = traces(pi)
    first = as_person(pi, "./install.sh", "--version")
    assert "asks for your password" in first
    assert "Installing: piwizard in /opt/piwizard, its command /usr/local/bin/piwizard" in first
    assert first.endswith(VERSION)
    assert traces(pi) == before, "nothing else was installed, and nothing is left elsewhere"
    for command in (["piwizard", "--version"], ["sudo", "-S", "piwizard", "--version"]):
        assert pi.ssh(command, input=f"{pi.password}\n").output == VERSION
    assert sorted(pi.run(["ls", "-A", product.PUSHED]).output.split()) == sorted(
        ["LICENSE", "README.md", "install.sh", "piwizard", "pyproject.toml", "screens", "templates"]
    ), "nothing is left in the checkout"

    was = installed(pi)
    again = as_person(pi, "./install.sh", "--version")
    assert again.replace("\n", " ").endswith(f"for your password. {VERSION}".replace("\n", " "))
    assert installed(pi) == was


def test_as_root_from_a_read_only_checkout_elsewhere(ready_pi: Pi) -> None:
    pi = ready_pi
    pi.run(["chmod", "-R", "o-rwx,g-rwx", product.PUSHED])
    pi.run(["mkdir", "/mnt/checkout"])
    pi.run(["mount", "--bind", "-o", "ro", product.PUSHED, "/mnt/checkout"])
    told = pi.run(["/mnt/checkout/install.sh", "status", "--json"], cwd="/srv", env={"PYTHONPATH": "/mnt"})
    assert "steps" in json.loads(told.output), "what it says goes to stderr"
    assert pi.ssh(["piwizard", "--version"]).output == VERSION, "a person can read what root installed"
    refused = pi.run(["/mnt/checkout/install.sh", "no-such-command"], check=False)
    assert (refused.exit, "No such command" in refused.errors) == (2, True)


def test_debian_packages_with_apt_locked_and_interrupted(pi: Pi) -> None:
    product.push(pi)
    pi.run(["apt-get", "purge", "--yes", "--autoremove", "git", "python3-venv"])
    pi.run(["sh", "-c", "cd /var/tmp && apt-get update && apt-get download hello && dpkg --unpack hello_*.deb"])
    hold = "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
    packages = ["dpkg-query", "-W", "-f", "${Package}\n"]
    before = [name for name in pi.run(packages).output.splitlines() if name != "hello"]
    holder = pi.start(["python3", "-c", f"{hold}print('held', flush=True); time.sleep(8)"])
    told = pi.run([INSTALL, "--version"]).errors
    holder.wait()
    said = re.search(r"Installing: git python3-venv \(Debian packages\)\n(?:.*\n)*?  and what they need: (.+)\n", told)
    assert said
    brought = pi.run(packages).output.splitlines()
    assert set(brought) - set(before) == {"git", "python3-venv", "hello", *said[1].split()}, "all of it was said"
    assert "Finishing an interrupted installation" in told
    assert "Waiting: " in told
    assert pi.run(["dpkg", "--audit"]).output == ""
    assert pi.run(["piwizard", "--version"]).output == VERSION


def test_what_fails_says_why_and_changes_nothing(pi: Pi) -> None:
    product.push(pi)
    pi.run(["sh", "-c", "printf '#!/bin/sh\\nexit 1\\n' > /usr/bin/python3.old && chmod +x /usr/bin/python3.old"])
    pi.run(["mount", "--bind", "/usr/bin/python3.old", "/usr/bin/python3"])
    old = pi.run([INSTALL, "status"], check=False)
    assert (old.exit, len(old.errors.splitlines())) == (1, 1)
    assert "needs Raspberry Pi OS or Debian 12" in old.errors
    pi.run(["umount", "/usr/bin/python3"])
    pi.run(["sed", "-i", "s/^name = .*/&\\nnonsense/", f"{product.PUSHED}/pyproject.toml"])
    broken = pi.run([INSTALL, "--version"], check=False)
    assert broken.exit == 1
    assert "pip install failed" in broken.errors
    assert environments(pi) == []
    assert not pi.run(["test", "-e", "/usr/local/bin/piwizard"], check=False).ok


def test_an_upgrade_and_a_run_that_began_before_it(upgraded: Pi) -> None:
    (old,) = environments(upgraded)
    running = upgraded.start([f"{old}/bin/python", "-I", "-c", "import time; time.sleep(600)"])
    told = as_person(upgraded, "./install.sh", "--version")
    assert "Upgrading: piwizard" in told
    assert told.endswith("piwizard, version of tomorrow\n")
    assert len(environments(upgraded)) == 2
    assert old in environments(upgraded), "somebody is still using it"
    running.end()
    newer(upgraded, "of the day after")
    assert as_person(upgraded, "./install.sh", "--version").endswith("of the day after\n")
    assert len(environments(upgraded)) == 1


def test_killed_or_without_power_in_the_middle_of_an_upgrade(upgraded: Pi) -> None:
    was = upgraded.run(["piwizard", "--version"]).output
    for cut in (lambda: upgraded.run(["pkill", "-9", "-f", "install.sh|/opt/piwizard/venv-"]), upgraded.power_cut):
        upgraded.start([INSTALL, "--version"])
        eventually(lambda: _building(upgraded))
        time.sleep(1)
        cut()
        if not upgraded.container.running:
            upgraded.boot()
        assert upgraded.run(["piwizard", "--version"]).output == was, "the one in use is whole"
        assert len(environments(upgraded)) > 1, "it was cut in the middle"
    assert upgraded.run([INSTALL, "--version"]).output == "piwizard, version of tomorrow\n"
    assert len(environments(upgraded)) == 1


def _building(pi: Pi) -> None:
    assert list((pi.files / "opt/piwizard").glob("building-*/sources"))


def test_taken_away(lab: Lab, release: str) -> None:
    pi = product.ready_pi(lab, release)
    try:
        pi.write("/etc/xdg/piwizard/answers.toml", "")
        told = as_person(pi, "./install.sh", "--remove")
        assert "Removed: /opt/piwizard, /usr/local/bin/piwizard" in told
        assert "  /etc/xdg/piwizard (answers)" in told
        assert (
            pi.run(["find", "/opt", "/usr/local/bin", "/var/cache/piwizard", "-mindepth", "1"], check=False).output
            == ""
        )
        assert pi.read("/etc/xdg/piwizard/answers.toml") == ""
        assert "Removed" in pi.run([INSTALL, "--remove"]).errors, "again is no error"
    finally:
        pi.discard()


def test_another_piwizard_is_left_alone(pi: Pi) -> None:
    product.push(pi)
    pi.write("/usr/local/bin/piwizard", "somebody's own")
    refused = pi.run([INSTALL, "--version"], check=False)
    assert (refused.exit, "not this piwizard's" in refused.errors) == (1, True)
    pi.run([INSTALL, "--remove"])
    assert pi.read("/usr/local/bin/piwizard").startswith("somebody's own")


def test_help_needs_nothing(pi: Pi) -> None:
    product.push(pi)
    assert "Usage: ./install.sh" in pi.ssh([INSTALL, "--help"]).output
    assert not Path(pi.files / "opt/piwizard").exists()
