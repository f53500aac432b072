"""Undo everything on a Pi with every step done, and compare it file by file."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.lab import everything, home, product, quickstart
from tests.lab.dialogue import as_root
from tests.lab.lab import Lab
from tests.lab.pi import Pi

FOLDERS = ("etc", "opt", "srv", "usr/local", "root", "home", "var/lib")
LEFT = {
    "etc/resolv.conf": "rewritten by NetworkManager",
    "etc/ld.so.cache": "rebuilt by ldconfig",
    "etc/NetworkManager/system-connections/Wired connection 1.nmconnection": "written by NetworkManager, see below",
    **dict.fromkeys(("etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-"), "useradd's own copies"),
    "var/lib/apt/": "apt's lists of packages",
    "var/lib/dpkg/": "dpkg's own records; the list of packages is compared",
    "var/lib/NetworkManager/": "leases and times",
    "var/lib/systemd/": "clock, random seed, catalog, times of timers",
    "var/lib/piwizard": "piwizard's own, until install.sh --remove",
    "etc/xdg/piwizard": "the answers, until install.sh --remove",
    "home/alex/.": "the test's logins",
    "root/answers.toml": "the test's",
    "root/secret": "the test's",
    "root/.": "the test's",
}
"""Files that may differ, and why; docs/undo.md lists them for users."""

BY_THEMSELVES = (
    r"@|^(user|session)-|tmpfiles|^systemd-hostnamed\.|^NetworkManager-(wait-online|dispatcher)\.|^apt-daily|^dpkg-db-"
)
"""Services that systemd starts on demand and stops."""


@dataclass
class Done:
    """A Pi with every step done, and its state before."""

    pi: Pi
    before: dict[str, Mapping[str, object]]


@pytest.fixture(scope="module")
def done(lab: Lab, release: str) -> Iterator[Done]:
    pi = product.ready_pi(lab, release)
    with everything.at_home(lab, pi):
        before = snapshot(pi)
        everything.set_up(lab, pi)
        yield Done(pi, before)
    pi.discard()


def snapshot(pi: Pi) -> dict[str, Mapping[str, object]]:
    """Return the state of the machine, without the times of files."""
    files = {path: (*one[:4], one[5]) for path, one in quickstart.manifest(pi.files, FOLDERS).items()}
    lines = pi.run(("systemctl", "list-unit-files", "--no-legend", "--plain")).output.splitlines()
    active = pi.run(("systemctl", "list-units", "--all", "--no-legend", "--plain", "--type=service,socket,timer"))
    states = {line.split()[0]: line.split()[2] for line in active.output.splitlines() if line.split()[1] != "not-found"}
    packages = pi.run(("dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev} ${Version}\n")).output
    manual = pi.run(("apt-mark", "showmanual")).output
    accounts = {line: True for name in ("passwd", "group") for line in pi.read(f"/etc/{name}").splitlines()}
    return {
        "files": {path: one for path, one in files.items() if not any(path.startswith(left) for left in LEFT)},
        "enabled": {line.split()[0]: line.split()[1:] for line in lines},
        "active": {name: state for name, state in states.items() if not re.search(BY_THEMSELVES, name)},
        "packages": {line.partition(" ")[0]: line for line in packages.splitlines()},
        "manual": dict.fromkeys(manual.split(), True),
        "accounts": accounts,
        "listening": dict.fromkeys(pi.run(("ss", "-Hltn")).output.split("\n"), True),
        "addresses": dict.fromkeys(pi.run(("ip", "-4", "-br", "addr", "show", "eth0")).output.split(), True),
    }


def differences(before: Mapping[str, Mapping[str, object]], after: Mapping[str, Mapping[str, object]]) -> list[str]:
    found = []
    for what, then in before.items():
        now = after[what]
        found += [f"{what}: {name} is gone: {then[name]}" for name in sorted(then.keys() - now.keys())]
        found += [f"{what}: {name} is new: {now[name]}" for name in sorted(now.keys() - then.keys())]
        both = sorted(then.keys() & now.keys())
        found += [f"{what}: {name}: {then[name]} is {now[name]}" for name in both if then[name] != now[name]]
    return found


def test_report_contains_no_personal_data(lab: Lab, done: Done) -> None:
    pi = done.pi
    login = f"echo {pi.password} | sudo -S -p '' -v && exec sudo PAGER=cat piwizard report"
    shown = pi.ssh(["sh", "-c", login], tty=True, input="y\n").output
    assert "──── versions.txt" in shown
    assert "Write this report to /home/alex/piwizard-report-" in shown
    (file,) = (pi.files / "home/alex").glob("piwizard-report-*.tar.gz")
    assert (file.stat().st_mode & 0o777, file.stat().st_uid) == (0o600, 1000)
    with tarfile.open(file) as tar:
        texts = {one.name: (tar.extractfile(one) or io.BytesIO()).read().decode() for one in tar.getmembers()}
    names = {name.removeprefix("piwizard-report/") for name in texts}
    assert {"versions.txt", "facts.json", "status.json", "state/state.json", "answers.toml", "journal.txt"} <= names
    assert {"files/etc/nginx/sites-available/myflask", "files/etc/systemd/system/myflask.service"} <= names
    assert len([name for name in names if name.startswith("runs/")]) >= 1
    assert len(texts["piwizard-report/journal.txt"].splitlines()) > 20
    kept = json.loads(pi.read("/var/lib/piwizard/secrets.json"))
    secrets = [secret for site in kept.values() for secret in site.values()]
    assert len(secrets) == 2
    known = [*secrets, home.SECRET, quickstart.HOST, home.LOGIN, everything.MAIL, lab.router.public, pi.mac]
    known += ["alex", "tame.git"]
    for name, text in (*texts.items(), ("shown", shown.partition("Write this report")[0])):
        for what in known:
            assert what.lower() not in text.lower(), f"{what} in {name}"
    assert "name-1.example" in texts["piwizard-report/files/etc/nginx/sites-available/myflask"]
    file.unlink()


def test_undo_all_restores_the_machine(lab: Lab, done: Done) -> None:
    pi, before = done.pi, done.before
    assert set(quickstart.states(pi).values()) == {"done"}
    assert lab.internet.visitor.http(quickstart.HOST, scheme="https").status == 200
    assert len(differences(before, snapshot(pi))) > 100
    pi.run(("piwizard", "undo", "--all", "--packages", "--data", "--yes"))
    left = differences(before, snapshot(pi))
    assert not left, "\n".join(left)
    assert lab.router.mappings == []
    assert (
        pi.run(("piwizard", "undo", "--all", "--yes")).errors
        == "piwizard has not changed anything, so there is nothing to undo.\n"
    )


def test_undo_all_keeps_files_of_the_user(served_pi: Pi) -> None:
    pi = served_pi
    mine = "server { listen 80; server_name mine.lan; location / { return 200 mine; } }\n"
    pi.write("/etc/nginx/conf.d/mine.conf", mine)
    pi.run(("systemctl", "reload", "nginx"))
    pi.run(("sh", "-c", "echo '# mine' >>/etc/systemd/system/myflask.service"))
    said = pi.run(("piwizard", "undo", "--all", "--packages", "--yes")).output
    for sentence in (
        "/etc/systemd/system/myflask.service was edited by hand",
        "The package nginx-common is kept: /etc/nginx/conf.d/mine.conf was changed since it was installed.",
        "The package nginx is kept: ",
        "nginx.service keeps running: /etc/nginx/conf.d/mine.conf does not belong to piwizard.",
        "The user myflask still owns files in /srv/myflask: kept.",
    ):
        assert sentence in said
    assert pi.http("/", host="mine.lan").text == "mine"
    assert pi.read("/srv/myflask/data/result.json")
    pi.run(("rm", "/etc/nginx/conf.d/mine.conf"))
    pi.run(("piwizard", "undo", "--all", "--packages", "--yes"))
    assert "nginx" not in pi.run(("dpkg-query", "-W", "-f", "${Package} ")).output.split()


def test_undo_asks_for_each_permanent_deletion(served_pi: Pi) -> None:
    """Ask for each permanent deletion one by one; Enter means no."""
    pi = served_pi
    refused = as_root(pi, "piwizard", "undo", "--all")
    refused.answer("Undo Site (myflask), Gunicorn (myflask), App (myflask), nginx, System? [y/N]")
    refused.expect("Nothing was changed.")
    assert refused.end() == 1
    assert set(quickstart.states(pi).values()) == {"done"}

    asked = as_root(pi, "piwizard", "undo", "--all")
    asked.answer("Undo ", "y")
    asked.answer("Also delete /srv/myflask/data (1 file, ")
    asked.answer("Also remove the Debian packages that piwizard installed (", "y")
    assert asked.end(120) == 0
    assert pi.read("/srv/myflask/data/result.json")
    assert not (pi.files / "usr/sbin/nginx").exists()

    removed = as_root(pi, f"{product.PUSHED}/install.sh", "--remove")
    removed.answer("Remove its answers, state, secrets, backups and logs too? [y/N]", "y")
    assert removed.end() == 0
    for path in ("opt/piwizard", "etc/xdg/piwizard", "var/lib/piwizard", "var/log/piwizard", "usr/local/bin/piwizard"):
        assert not (pi.files / path).exists(), path
