"""Run install.sh on Pis: the first time, again, with obstacles, and removal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.lab import installer, product
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi


def traces(pi: Pi) -> list[str]:
    """Return packages and files, without the folders of services in /tmp."""
    listing = ["find", "/root", "/tmp", "/etc", "-not", "-path", "/tmp/systemd-private-*"]
    return pi.run(["dpkg-query", "-W"]).output.splitlines() + sorted(pi.run(listing).output.splitlines())


def test_install_changes_only_its_own_files(pi: Pi) -> None:
    product.push(pi)
    before = traces(pi)
    first = installer.run_as_user(pi, "./install.sh", "--version")
    assert "asks for your password" in first
    assert "Installing: piwizard in /opt/piwizard, its command /usr/local/bin/piwizard" in first
    assert first.endswith(installer.VERSION)
    assert traces(pi) == before, "something else was installed, or is left elsewhere"
    for command in (["piwizard", "--version"], ["sudo", "-S", "piwizard", "--version"]):
        assert pi.ssh(command, input=f"{pi.password}\n").output == installer.VERSION
    assert sorted(pi.run(["ls", "-A", product.PUSHED]).output.split()) == sorted(
        ["LICENSE", "README.md", "install.sh", "piwizard", "pyproject.toml", "screens", "templates"]
    ), "something is left in the checkout"

    was = installer.installed_files(pi)
    again = installer.run_as_user(pi, "./install.sh", "--version")
    assert again.replace("\n", " ").endswith(f"for your password. {installer.VERSION}".replace("\n", " "))
    assert installer.installed_files(pi) == was


@pytest.mark.nightly
def test_install_works_from_a_read_only_checkout(ready_pi: Pi) -> None:
    pi = ready_pi
    pi.run(["chmod", "-R", "o-rwx,g-rwx", product.PUSHED])
    pi.run(["mkdir", "/mnt/checkout"])
    pi.run(["mount", "--bind", "-o", "ro", product.PUSHED, "/mnt/checkout"])
    told = pi.run(["/mnt/checkout/install.sh", "status", "--json"], cwd="/srv", env={"PYTHONPATH": "/mnt"})
    assert "steps" in json.loads(told.output), "its messages are not on stderr"
    assert pi.ssh(["piwizard", "--version"]).output == installer.VERSION, "the user cannot read what root installed"
    refused = pi.run(["/mnt/checkout/install.sh", "no-such-command"], check=False)
    assert (refused.exit, "No such command" in refused.errors) == (2, True)


@pytest.mark.nightly
def test_install_waits_for_apt_and_finishes_interrupted_packages(pi: Pi) -> None:
    product.push(pi)
    pi.run(["apt-get", "purge", "--yes", "--autoremove", "git", "python3-venv"])
    pi.run(["sh", "-c", "cd /var/tmp && apt-get update && apt-get download hello && dpkg --unpack hello_*.deb"])
    hold = "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
    packages = ["dpkg-query", "-W", "-f", "${Package}\n"]
    before = [name for name in pi.run(packages).output.splitlines() if name != "hello"]
    holder = pi.start(["python3", "-c", f"{hold}print('held', flush=True); time.sleep(8)"])
    told = pi.run([installer.INSTALL, "--version"]).errors
    holder.wait()
    said = re.search(r"Installing: git python3-venv \(Debian packages\)\n(?:.*\n)*?  and what they need: (.+)\n", told)
    assert said
    brought = pi.run(packages).output.splitlines()
    assert set(brought) - set(before) == {"git", "python3-venv", "hello", *said[1].split()}, "a message is missing"
    assert "Finishing an interrupted installation" in told
    assert "Waiting: " in told
    assert pi.run(["dpkg", "--audit"]).output == ""
    assert pi.run(["piwizard", "--version"]).output == installer.VERSION


@pytest.mark.nightly
def test_failed_install_explains_itself_and_changes_nothing(pi: Pi) -> None:
    product.push(pi)
    pi.run(["sh", "-c", "printf '#!/bin/sh\\nexit 1\\n' > /usr/bin/python3.old && chmod +x /usr/bin/python3.old"])
    pi.run(["mount", "--bind", "/usr/bin/python3.old", "/usr/bin/python3"])
    old = pi.run([installer.INSTALL, "status"], check=False)
    assert (old.exit, len(old.errors.splitlines())) == (1, 1)
    assert "needs Raspberry Pi OS or Debian 12" in old.errors
    pi.run(["umount", "/usr/bin/python3"])
    lock = f"{product.PUSHED}/piwizard/requirements.lock"
    good = pi.read(lock)
    pi.write(lock, re.sub("(?<=click==).*", "0.0.999 \\\\", good))
    absent = pi.run([installer.INSTALL, "--version"], check=False)
    assert (absent.exit, "pip download failed" in absent.errors) == (1, True)
    pi.write(lock, re.sub("sha256:.{4}", "sha256:0000", good))
    broken = pi.run([installer.INSTALL, "--version"], check=False)
    assert (broken.exit, "pip download failed" in broken.errors) == (1, True)
    assert "DO NOT MATCH THE HASHES" in broken.errors
    assert installer.environments(pi) == []
    assert not pi.run(["test", "-e", "/usr/local/bin/piwizard"], check=False).ok


@pytest.mark.nightly
def test_install_ignores_the_callers_settings(pi: Pi) -> None:
    product.push(pi)
    nowhere = "[global]\nindex-url = http://127.0.0.1:1/\nuser = true\nno-binary = :all:\n"
    pi.write("/root/.config/pip/pip.conf", nowhere)
    pi.write("/root/bin/tar", "#!/bin/sh\ntouch /root/ran\n")
    pi.write("/root/bin/sitecustomize.py", "open('/root/ran', 'w')\n")
    for name in ("python3", "pip", "flock", "sha256sum", "mktemp"):
        pi.run(["ln", "-s", "tar", f"/root/bin/{name}"])
    pi.run(["chmod", "+x", "/root/bin/tar"])
    pi.run(["chmod", "-R", "go+w", product.PUSHED])
    pi.run(["mount", "-t", "tmpfs", "-o", "ro", "none", "/tmp"])
    env = {"PATH": "/root/bin:/usr/bin:/bin", "PIP_TARGET": "/root/target", "PIP_NO_INDEX": "1", "TMPDIR": "/gone"}
    argv = ["sh", "-c", f"umask 0; exec {installer.INSTALL} --version"]
    assert pi.run(argv, env=env | {"PYTHONPATH": "/root/bin", "PIP_CONFIG_FILE": "/root/x"}).output == installer.VERSION
    assert pi.run(["piwizard", "--version"], env={"PYTHONPATH": "/root/bin"}).output == installer.VERSION
    assert not pi.run(["find", "/root/ran", "/root/target"], check=False).output
    assert not pi.run(["find", "/opt/piwizard", "/var/cache/piwizard", "-perm", "/022", "-not", "-type", "l"]).output
    assert pi.ssh(["piwizard", "--version"]).output == installer.VERSION, "the user cannot read what was installed"
    listing = [
        "find",
        f"{installer.site_packages(pi)}/piwizard",
        "-type",
        "f",
        "-not",
        "-name",
        "*.pyc",
        "-printf",
        "%P\n",
    ]
    assert sorted(pi.run(listing).output.split()) == sorted(_sources()), "a file is missing, or there are others"


def _sources() -> list[str]:
    """Return every file of the product, by its name below the installed package."""
    found = []
    for folder, place in product.PACKAGES.items():
        inside = Path(place).relative_to("piwizard")
        for file in (product.CHECKOUT / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                found.append(str(inside / file.relative_to(product.CHECKOUT / folder)))
    return found


@pytest.mark.nightly
def test_install_cannot_be_blocked_by_other_users(pi: Pi) -> None:
    product.push(pi)
    pi.run(["mkdir", "/opt/piwizard"])
    pi.run(["touch", "/opt/piwizard/lock"])  # an earlier version was here
    pi.run(["su", pi.user, "-c", "flock /opt/piwizard/lock sleep 600 </dev/null >/dev/null 2>&1 &"])
    assert pi.run([installer.INSTALL, "--version"]).output == installer.VERSION
    mine = pi.run(["find", "/run", "-maxdepth", "1", "-name", "piwizard*", "-printf", "%p %m %u\n"]).output
    assert mine == "/run/piwizard-install.lock 600 root\n"
    refused = pi.run(["flock", "-n", "/run/piwizard-install.lock", "true"], user=pi.user, check=False)
    assert "Permission denied" in refused.errors
    assert not pi.run(["find", "/opt/piwizard", "-maxdepth", "1", "-name", "lock"]).output


@pytest.mark.nightly
def test_install_waits_for_another_with_a_limit(ready_pi: Pi) -> None:
    pi = ready_pi
    pi.run(["sed", "-i", "s/^PATIENCE=[0-9]*/PATIENCE=1/", installer.INSTALL])
    hold = "exec 9>/run/piwizard-install.lock; flock 9; echo 'process 4711, since 12:34' >&9; exec sleep 600"
    holding = pi.start(["sh", "-c", hold])
    eventually(lambda: _held(pi))
    for more in ([], ["--remove"]):
        told = pi.run([installer.INSTALL, *more], check=False)
        assert told.exit == 1
        assert "Waiting for another install.sh (process 4711, since 12:34)" in told.errors
        assert "still running after 1 seconds. Wait until it ends or stop it" in told.errors
    holding.end()
    assert pi.run([installer.INSTALL, "--version"]).output == installer.VERSION


def _held(pi: Pi) -> None:
    assert "4711" in pi.read("/run/piwizard-install.lock")


def test_remove_keeps_the_answers(lab: Lab, release: str) -> None:
    pi = product.ready_pi(lab, release)
    try:
        pi.write("/etc/xdg/piwizard/answers.toml", "")
        told = installer.run_as_user(pi, "./install.sh", "--remove")
        assert "Removed: /opt/piwizard, /usr/local/bin/piwizard" in told
        assert "  /etc/xdg/piwizard (answers)" in told
        assert (
            pi.run(["find", "/opt", "/usr/local/bin", "/var/cache/piwizard", "-mindepth", "1"], check=False).output
            == ""
        )
        assert pi.read("/etc/xdg/piwizard/answers.toml") == ""
        assert "Removed" in pi.run([installer.INSTALL, "--remove"]).errors, "a second removal fails"
    finally:
        pi.discard()


def test_install_keeps_a_foreign_command(pi: Pi) -> None:
    product.push(pi)
    assert "Usage: ./install.sh" in pi.ssh([installer.INSTALL, "--help"]).output
    assert not Path(pi.files / "opt/piwizard").exists(), "the help installs something"
    pi.write("/usr/local/bin/piwizard", "another program")
    refused = pi.run([installer.INSTALL, "--version"], check=False)
    assert (refused.exit, "is not piwizard's" in refused.errors) == (1, True)
    pi.run([installer.INSTALL, "--remove"])
    assert pi.read("/usr/local/bin/piwizard").startswith("another program")
