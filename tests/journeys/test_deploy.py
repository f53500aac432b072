"""Deploy new versions of an app: without a failed request, or not at all."""

from __future__ import annotations

import json

import pytest

from tests.lab import layers, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.load import load, verdict
from tests.lab.pi import Pi

SECOND = sample_app.APP.replace('return "It works. "', 'return "Second. "')
PROOFS = ("bash", "-c", "ls -tr /srv/myflask/releases/*/proven.json")
BROKEN = {
    "an import error": ("import not_there_at_all\n" + sample_app.APP, "No module named 'not_there_at_all'"),
    "a first page that fails": (
        sample_app.APP.replace('return "It works. "', 'return str(1 / 0) + ""'),
        "division by zero",
    ),
    "a death after the start": (
        sample_app.APP + "\nimport threading\nthreading.Timer(1, lambda: os.kill(os.getppid(), 9)).start()\n",
        "ended",
    ),
}


@pytest.fixture
def pi(served_pi: Pi) -> Pi:
    """Return a Pi that serves the first version."""
    return served_pi


def test_broken_version_is_never_served_and_a_good_one_fails_no_request(lab: Lab, pi: Pi) -> None:
    visitors = load(lab, pi, seconds=900)
    refuse(lab, pi, *BROKEN["a first page that fails"])
    pi.http("/poll", host=quickstart.HOST, method="POST")
    lab.git.commit(layers.REPOSITORY, {"app.py": SECOND, "requirements.txt": "flask\nitsdangerous\n"})
    deployed = pi.run(("piwizard", "deploy"))
    answered, failed = verdict(visitors)
    assert answered > 100
    assert failed == ""
    assert pi.http("/", host=quickstart.HOST).text.startswith("Second.")
    assert pi.http("/poll", host=quickstart.HOST).text == '{"polled":true}\n'
    assert "== Site (myflask)" not in deployed.output
    assert "Nothing to do" in pi.run(("piwizard", "deploy")).output
    assert set(quickstart.states(pi).values()) == {"done"}


@pytest.mark.nightly
@pytest.mark.parametrize("what", ["an import error", "a death after the start"])
def test_version_that_cannot_start_is_never_served(lab: Lab, pi: Pi, what: str) -> None:
    visitors = load(lab, pi)
    refuse(lab, pi, *BROKEN[what])
    answered, failed = verdict(visitors)
    assert answered > 100
    assert failed == ""
    lab.git.commit(layers.REPOSITORY, {"app.py": SECOND})
    pi.run(("piwizard", "deploy"))
    assert pi.http("/", host=quickstart.HOST).text.startswith("Second.")


def refuse(lab: Lab, pi: Pi, source: str, reason: str) -> None:
    """Commit a broken version, and check that it is refused for this reason."""
    lab.git.commit(layers.REPOSITORY, {"app.py": source})
    refused = pi.run(("piwizard", "deploy"), check=False)
    assert refused.exit == 1
    assert reason in next(line for line in refused.output.splitlines() if line.startswith("   ! app.entry"))
    assert pi.http("/", host=quickstart.HOST).text.startswith("It works.")
    assert quickstart.states(pi)["app"] == "failed"


@pytest.mark.nightly
def test_gunicorn_in_the_background_is_refused(lab: Lab, pi: Pi) -> None:
    """Use an app's own gunicorn settings, but keep gunicorn where systemd sees it."""
    lab.git.commit(layers.REPOSITORY, {"app.py": SECOND, "gunicorn.conf.py": "daemon = True\n"})
    refused = pi.run(("piwizard", "deploy"), check=False)
    assert refused.exit == 1
    assert "gunicorn.conf.py must not send it to the background (daemon)" in refused.output
    lab.git.commit(layers.REPOSITORY, {"gunicorn.conf.py": None})
    pi.run(("piwizard", "deploy"))
    workers = pi.run(("pgrep", "-u", "myflask", "-f", "trial.sock"), check=False)
    assert workers.output == "", "a process is left in the background"
    assert pi.http("/", host=quickstart.HOST).text.startswith("Second.")


@pytest.mark.nightly
def test_deploy_keeps_three_releases(lab: Lab, pi: Pi) -> None:
    for number in range(4):
        lab.git.commit(layers.REPOSITORY, {"version": f"{number}\n"})
        pi.run(("piwizard", "deploy"))
    assert len(pi.run(("ls", "/srv/myflask/releases")).output.split()) == 3


@pytest.mark.nightly
@pytest.mark.parametrize("release", ["trixie"], indirect=True)
def test_small_board_gets_one_worker(lab: Lab, pi: Pi) -> None:
    """Simulate a Pi with 512 MB; its disk is the lab's, which supports no swap."""
    small = "MemTotal: 440316 kB\nMemFree: 300000 kB\nMemAvailable: 320000 kB\nSwapTotal: 102396 kB\n"
    pi.write("/root/meminfo", small)
    pi.run(("mount", "--bind", "/root/meminfo", "/proc/meminfo"))
    lab.git.commit(layers.REPOSITORY, {"app.py": f"{SECOND}\nHELD = b'x' * (160 << 20)\n"})
    deployed = pi.run(("piwizard", "deploy"))
    assert "no swap can be added: the file system overlay does not support it" in deployed.output
    assert "--workers=1 --threads=32" in pi.read("/etc/systemd/system/myflask.service")
    assert pi.run(("piwizard", "plan"), check=False).exit == 0
    assert pi.http("/", host=quickstart.HOST).text.startswith("Second.")
    lab.git.commit(layers.REPOSITORY, {"app.py": f"{SECOND}\nHELD = b'x' * (170 << 20)\n"})
    pi.run(("piwizard", "deploy"))
    one, other = (json.loads(pi.read(path)) for path in pi.run(PROOFS).output.split()[-2:])
    assert one["measured"] == other["measured"], "its memory usage has changed"


@pytest.mark.nightly
def test_failed_rebuild_of_an_environment_keeps_the_site(pi: Pi) -> None:
    """Fail as after an upgrade of piwizard that builds environments differently.

    The package index is unreachable meanwhile.
    """
    (marker,) = (pi.files / "srv/myflask/releases").glob("*/venv.json")
    marker.write_bytes(marker.read_bytes().replace(b'"lines"', b'"other"'))
    before = quickstart.manifest(pi.files, (str(marker.parent.relative_to(pi.files)),))
    pi.write("/etc/pip.conf", "[global]\nindex-url = http://127.0.0.1:9/simple\nretries = 0\n")
    refused = pi.run(("piwizard", "apply", "--yes"), check=False)
    assert refused.exit == 1
    assert "app.requirements" in refused.output + refused.errors
    assert quickstart.manifest(pi.files, (str(marker.parent.relative_to(pi.files)),)) == before
    assert pi.http("/", host=quickstart.HOST).text.startswith("It works.")
    pi.run(("systemctl", "restart", "myflask.service"))
    eventually(lambda: pi.http("/", host=quickstart.HOST).status == 200)
