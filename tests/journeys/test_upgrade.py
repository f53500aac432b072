"""Upgrade piwizard on a Pi that an older version has set up; lose nothing."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import layers, product, quickstart
from tests.lab.images import image
from tests.lab.lab import Lab
from tests.lab.pi import Pi

OLDER = "61df83541f4f0dfc226f7d99e8daf536a4401562"
"""The last commit with all modules in one folder: names, journals and run logs have changed since."""
KEPT = ("/etc/xdg/piwizard/answers.toml", "/var/lib/piwizard/secrets.json", "/srv/myflask/app.env")


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the older piwizard, from the history of this checkout."""
    archive = subprocess.run(("git", "-C", product.CHECKOUT, "archive", OLDER), capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"The history of this checkout has no commit {OLDER[:7]}, so there is no older piwizard here.")
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder)
    return folder


@pytest.fixture
def pi(lab: Lab, release: str, older: Path) -> Iterator[Pi]:
    """Return a Pi that the older piwizard has set up."""

    def prepare(fresh: Pi) -> None:
        product.push(fresh, older)
        fresh.run((f"{product.PUSHED}/install.sh", "--version"))
        quickstart.set_up(fresh, layers.repository(lab))

    layer = lab.layer(release, "older", OLDER + layers.key(), prepare, on=image(release))
    layers.repository(lab)
    made = lab.pi(release, layer=layer)
    yield made
    made.discard()


def test_upgrade_keeps_answers_secrets_state_and_the_running_site(pi: Pi) -> None:
    quickstart.serves(pi)
    before = [pi.read(path) for path in KEPT]
    done = {step for step, state in quickstart.states(pi).items() if state == "done"}
    assert done
    runs = pi.run(("ls", "/var/log/piwizard")).output
    pid = pi.run(("systemctl", "show", "-P", "MainPID", "myflask.service")).output

    product.push(pi)
    assert "Upgrading: piwizard" in pi.run((f"{product.PUSHED}/install.sh", "--version")).errors
    assert [pi.read(path) for path in KEPT] == before
    assert pi.run(("systemctl", "show", "-P", "MainPID", "myflask.service")).output == pid, "the app was restarted"
    quickstart.serves(pi)
    now = quickstart.states(pi)
    assert {step for step, state in now.items() if state in ("done", "drifted")} == done, "a step is missing"
    assert quickstart.events(pi), "the last run's log cannot be read"

    quickstart.apply(pi, "--yes")
    assert set(quickstart.states(pi).values()) == {"done"}
    assert [pi.read(path) for path in KEPT] == before
    assert set(pi.run(("ls", "/var/log/piwizard")).output.split()) >= set(runs.split())
    quickstart.serves(pi)

    pi.run(("piwizard", "undo", "--all", "--packages", "--data", "--yes"))
    assert not (pi.files / "srv/myflask").exists()
    assert not (pi.files / "usr/sbin/nginx").exists()
    assert not (pi.files / "etc/systemd/system/myflask.service").exists()
    assert json.loads(pi.run(("piwizard", "status", "--json")).output)["steps"]
