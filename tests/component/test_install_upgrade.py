"""Upgrade with install.sh: interrupted, with altered packages, without wheels."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.lab import installer, product
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi


@pytest.fixture
def upgraded(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi with piwizard installed, and newer sources beside it."""
    pi = product.ready_pi(lab, release)
    installer.set_version(pi, "of tomorrow")
    yield pi
    pi.discard()


def test_upgrade_keeps_the_environment_of_a_current_run(upgraded: Pi) -> None:
    (old,) = installer.environments(upgraded)
    running = upgraded.start([f"{old}/bin/python", "-I", "-c", "import time; time.sleep(600)"])
    told = installer.run_as_user(upgraded, "./install.sh", "--version")
    assert "Upgrading: piwizard" in told
    assert told.endswith("piwizard, version of tomorrow\n")
    assert len(installer.environments(upgraded)) == 2
    assert old in installer.environments(upgraded), "an environment in use was removed"
    running.end()
    installer.set_version(upgraded, "of the day after")
    assert installer.run_as_user(upgraded, "./install.sh", "--version").endswith("of the day after\n")
    assert len(installer.environments(upgraded)) == 1


@pytest.mark.nightly
def test_interrupted_upgrade_keeps_the_old_version(upgraded: Pi) -> None:
    was = upgraded.run(["piwizard", "--version"]).output
    for cut in (lambda: upgraded.run(["pkill", "-9", "-f", "install.sh|/opt/piwizard/venv-"]), upgraded.power_cut):
        before = _made(upgraded)
        upgraded.start([installer.INSTALL, "--version"])
        eventually(partial(_building, upgraded, before))
        time.sleep(1)
        cut()
        if not upgraded.container.running:
            upgraded.boot()
        assert upgraded.run(["piwizard", "--version"]).output == was, "the environment in use is damaged"
        assert len(installer.environments(upgraded)) > 1, "it was not interrupted"
    assert upgraded.run([installer.INSTALL, "--version"]).output == "piwizard, version of tomorrow\n"
    assert len(installer.environments(upgraded)) == 1


def _made(pi: Pi) -> set[Path]:
    return set((pi.files / "opt/piwizard").glob("venv-*/pyvenv.cfg"))


def _building(pi: Pi, before: set[Path]) -> None:
    assert _made(pi) - before


EVIL = "raise SystemExit('tampered with')"


def tampered(pi: Pi) -> list[str]:
    """Alter files of the installation, and those that are kept for the next one."""
    return pi.run(["grep", "-rlF", EVIL, "/opt/piwizard", installer.WHEELS], check=False).output.split()


def alter_wheel(pi: Pi, name: str) -> None:
    """Replace code in a kept wheel that is otherwise valid."""
    program = (
        "import glob, sys, zipfile\n"
        f"(path,) = glob.glob('{installer.WHEELS}/{name}-*.whl')\n"
        "with zipfile.ZipFile(path) as old: files = {one: old.read(one) for one in old.namelist()}\n"
        f"files['{name}/__init__.py'] = {EVIL.encode()!r}\n"
        "with zipfile.ZipFile(path, 'w') as new: [new.writestr(*one) for one in files.items()]\n"
    )
    pi.run(["python3", "-c", program])


@pytest.mark.nightly
def test_upgrade_installs_only_what_is_locked(upgraded: Pi) -> None:
    pi, old = upgraded, installer.site_packages(upgraded)
    assert pi.run(["stat", "-c", "%a %U", installer.WHEELS]).output == "700 root\n"
    pi.write(f"{old}/tomlkit/__init__.py", EVIL)
    pi.write(f"{old}/more.pth", f"import sys; {EVIL}")
    pi.write(f"{old}/more/__init__.py", EVIL)
    assert len(tampered(pi)) == 3
    pi.cut_network()
    assert pi.run([installer.INSTALL, "--version"]).output == "piwizard, version of tomorrow\n", "it needs a network"
    assert not tampered(pi)
    assert installer.site_packages(pi) != old

    was = installer.installed_files(pi)
    alter_wheel(pi, "click")
    installer.set_version(pi, "of the day after")
    refused = pi.run([installer.INSTALL, "--version"], check=False)
    assert refused.exit == 1
    assert f"packages in {installer.WHEELS} do not match the lock file" in refused.errors
    assert "pip download failed" in refused.errors
    assert [line for line in installer.installed_files(pi) if "/opt/piwizard " not in line] == [
        line for line in was if "/opt/piwizard " not in line
    ], "the environment in use is damaged"
    assert pi.run(["piwizard", "--version"]).output == "piwizard, version of tomorrow\n"
    pi.plug_network()
    eventually(lambda: pi.run(["ping", "-c1", "-W1", "192.168.1.1"]))
    assert pi.run([installer.INSTALL, "--version"]).output == "piwizard, version of the day after\n"
    assert not tampered(pi)


@pytest.mark.nightly
def test_upgrade_works_without_wheels_and_compiler(upgraded: Pi) -> None:
    """Upgrade as on an ARMv6 Pi, which must build markupsafe."""
    pi, lock = upgraded, f"{product.PUSHED}/piwizard/requirements.lock"
    assert not pi.run(["which", "cc"], check=False).ok
    entry = re.compile(r"(markupsafe==\S+ \\\n)(?:    --hash=\S+ \\\n)+")
    pi.write(lock, entry.sub(r"\1", pi.read(lock)))
    assert pi.read(lock).count("--hash") < 25, "more than the source is left"
    assert pi.run([installer.INSTALL, "--version"]).output == "piwizard, version of tomorrow\n"
    assert not pi.run(["find", f"{installer.site_packages(pi)}/markupsafe", "-name", "*.so"]).output
    installer.set_version(pi, "of the day after")
    pi.cut_network()
    assert pi.run([installer.INSTALL, "--version"]).output == "piwizard, version of the day after\n", (
        "it needs a network"
    )
