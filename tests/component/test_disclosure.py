"""Check that other users cannot read the private data of the user or of visitors."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.lab import product, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

LOG = "/var/log/nginx/myflask.access.log"
ANSWERS = "/etc/xdg/piwizard/answers.toml"
OURS = ("/etc/xdg/piwizard", "/var/lib/piwizard", "/var/log/piwizard", "/var/cache/piwizard", "/srv")
PRIVATE = "orchid-and-moss-4711"
THING = f'env = {{ THING = "{PRIVATE}", FROM_OUTSIDE = {{ env = "FROM_OUTSIDE" }},'


@pytest.fixture(scope="module")
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi that a user with sudo has set up; the app has a secret."""
    lab.git.commit("tame", sample_app.FILES)
    ready = product.prepared_pi(lab, release)
    answers = sample_app.answers(lab.git.url("tame")).replace("env = {", THING)
    ready.write(f"/home/{ready.user}/answers.toml", answers, owner=ready.user)
    start = "FROM_OUTSIDE=white-lily-99 piwizard apply --yes --answers answers.toml"
    done = ready.ssh(["sh", "-c", start], tty=True, input=f"{ready.password}\n")
    assert PRIVATE not in done.output
    quickstart.serves(ready)
    yield ready
    ready.discard()


def mode(pi: Pi, path: str) -> str:
    return pi.run(("stat", "-c", "%a %U %G", path)).output.strip()


def test_secret_from_a_variable_passes_sudo(pi: Pi) -> None:
    assert 'FROM_OUTSIDE="white-lily-99"' in pi.read("/srv/myflask/app.env")


def test_access_log_is_private_from_the_start(pi: Pi) -> None:
    assert mode(pi, LOG) == "640 www-data adm"
    pi.http("/", host=quickstart.HOST)
    eventually(lambda: pi.read(LOG) != "")
    named = re.findall(r"(?:access|error)_log\s+([^\s;]+)", pi.run(("nginx", "-T")).output)
    assert LOG in named
    for log in set(named) - {"off"}:
        assert mode(pi, log) == "640 www-data adm", log


def test_private_files_are_unreadable_for_other_users(pi: Pi) -> None:
    assert mode(pi, ANSWERS) == "600 root root"
    assert mode(pi, "/etc/xdg/piwizard") == "700 root root"
    for who in ("nobody", "myflask"):
        found = pi.run(("setpriv", f"--reuid={who}", "--clear-groups", "grep", "-rlsF", PRIVATE, *OURS), check=False)
        assert found.output == "", who


def test_run_logs_and_report_contain_no_secret(pi: Pi) -> None:
    held = pi.run(("grep", "-rlsF", PRIVATE, "/var/lib/piwizard", "/var/log", "/etc", "/run"), check=False).output
    assert held.split() == [ANSWERS]
    pi.run(("piwizard", "report", "--yes", "--output", "/root/report.tar.gz"))
    report = pi.run(("tar", "-xzOf", "/root/report.tar.gz")).output
    assert PRIVATE not in report
    assert "white-lily-99" not in report
    assert "myflask" in report


@pytest.mark.nightly
def test_upgrade_makes_files_private(pi: Pi) -> None:
    pi.run(("chmod", "755", "/etc/xdg/piwizard", "/var/lib/piwizard", "/var/log/piwizard"))
    pi.run(("cp", ANSWERS, f"{ANSWERS}.previous"))
    pi.run(("chmod", "644", ANSWERS, f"{ANSWERS}.previous", LOG))
    pi.run((f"{product.PUSHED}/install.sh", "--version"))
    assert {mode(pi, path) for path in (ANSWERS, f"{ANSWERS}.previous")} == {"600 root root"}
    assert {mode(pi, path) for path in OURS[:3]} == {"700 root root"}
    pi.run(("piwizard", "apply", "--yes"))
    assert mode(pi, LOG) == "640 www-data adm"
    assert set(quickstart.states(pi).values()) == {"done"}


@pytest.mark.nightly
def test_access_log_is_private_after_a_second_setup(pi: Pi) -> None:
    answers = pi.read(ANSWERS)
    pi.run(("piwizard", "remove", "myflask", "--yes"))
    pi.run(("rm", "-f", LOG))
    pi.write("/root/again.toml", answers)
    pi.run(("piwizard", "apply", "--yes", "--answers", "/root/again.toml"), env={"FROM_OUTSIDE": "white-lily-99"})
    assert mode(pi, LOG) == "640 www-data adm"
