"""Set up from an answers file: over SSH, interrupted, while apt is in use."""

from __future__ import annotations

import pytest

from piwizard.system import commands
from tests.lab import quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

HOLD = (
    "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(600)"
)


@pytest.fixture
def repo(lab: Lab) -> str:
    lab.git.start_over("sample", sample_app.FILES)
    return lab.git.url("sample")


@pytest.mark.nightly
def test_answers_file_results_in_a_page_after_a_reboot(ready_pi: Pi, repo: str) -> None:
    """Set up over SSH as a user who types the password for sudo."""
    pi = ready_pi
    pi.write(f"/home/{pi.user}/answers.toml", sample_app.answers(repo), owner=pi.user)
    done = pi.ssh(["piwizard", "apply", "--yes", "--answers", "answers.toml"], tty=True, input=f"{pi.password}\n")
    assert "sudo asks for your password" in done.output
    quickstart.serves(pi)
    pi.reboot()
    quickstart.serves(pi)
    assert set(quickstart.states(pi).values()) == {"done"}


def test_run_continues_without_its_connection(ready_pi: Pi, repo: str) -> None:
    ready_pi.write(quickstart.ANSWERS, sample_app.answers(repo))
    ready_pi.run(("passwd", "-d", "root"))
    apply = ["sudo", "-S", "piwizard", "apply", "--yes", "--answers", quickstart.ANSWERS]
    seen: list[str] = []
    login = commands.start(
        ready_pi.ssh_argv(apply, tty=True), input=f"{ready_pi.password}\n", on_line=lambda _, line: seen.append(line)
    )
    eventually(lambda: _assert_in("apt-get", "\n".join(seen)), timeout=60)
    login.end(grace=0)
    watched = ready_pi.ssh(["sudo", "-S", "piwizard", "logs", "-f"], input=f"{ready_pi.password}\n").output
    assert watched.index("== System") < watched.index("apt-get") < watched.index("== Site (myflask)")
    quickstart.serves(ready_pi)
    assert set(quickstart.states(ready_pi).values()) == {"done"}


def test_apply_resumes_after_stop_kill_and_power_cut(ready_pi: Pi, repo: str) -> None:
    ready_pi.write(quickstart.ANSWERS, sample_app.answers(repo))
    quickstart.apply(ready_pi, "--answers", quickstart.ANSWERS, "--detach")
    eventually(lambda: _assert_in("command-started", ready_pi.run(("piwizard", "logs", "--json")).output))
    ready_pi.run(("piwizard", "stop"))
    assert quickstart.states(ready_pi)["system"] == "interrupted"
    assert quickstart.events(ready_pi)[-1]["result"] == "stopped"

    quickstart.apply(ready_pi, "--detach")
    eventually(lambda: _assert_in("venv --clear", ready_pi.run(("piwizard", "logs")).output), timeout=90)
    ready_pi.run(("systemctl", "kill", "--signal=KILL", "piwizard-run-*"))
    eventually(lambda: _assert_in("interrupted", quickstart.states(ready_pi)["app"]))

    quickstart.apply(ready_pi, "--detach")
    eventually(lambda: _assert_in("pip install", ready_pi.run(("piwizard", "logs")).output), timeout=90)
    ready_pi.power_cut()
    ready_pi.boot()
    assert quickstart.states(ready_pi)["app"] == "interrupted"
    quickstart.apply(ready_pi)
    quickstart.serves(ready_pi)
    assert set(quickstart.states(ready_pi).values()) == {"done"}


@pytest.mark.nightly
def test_run_waits_for_apt_and_finishes_interrupted_packages(ready_pi: Pi, repo: str) -> None:
    ready_pi.write(quickstart.ANSWERS, sample_app.answers(repo))
    ready_pi.run(("bash", "-c", "cd /root && apt-get download -qq nginx-common && dpkg --unpack nginx-common_*.deb"))
    other = ready_pi.start(("python3", "-c", HOLD))
    eventually(lambda: _assert_in("POSIX", ready_pi.read("/proc/locks")))
    quickstart.apply(ready_pi, "--answers", quickstart.ANSWERS, "--detach")
    eventually(lambda: _assert_in("Waiting for python3 (process", ready_pi.run(("piwizard", "logs")).output))
    other.end(grace=0)
    watched = ready_pi.run(("piwizard", "logs", "-f")).output
    assert "dpkg --configure -a" in watched
    quickstart.serves(ready_pi)


def _assert_in(part: str, whole: str) -> None:
    assert part in whole
