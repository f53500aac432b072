"""Test the rollback script on files of the test; the lab tests systemd's part."""

import json
import subprocess
import threading
import time

import pytest

from piwizard.errors import PiwizardError
from piwizard.network import address_rollback, address_trial
from piwizard.network.address_rollback import NetworkService
from piwizard.network.address_trial import AddressTrial
from piwizard.system.commands import Result

NEW = "192.168.1.197"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a machine with the folders of a trial and an interface address."""
    monkeypatch.setattr(address_trial, "trial_folder", lambda: tmp_path / "with a space" / "network")
    for name in ("BOOT_UNIT", "BOOT_UNIT_LINK", "NOTICE_FILE"):
        monkeypatch.setattr(address_rollback, name, tmp_path / "leftovers" / name)
    monkeypatch.setattr(address_rollback, "_stop_timer", lambda command: None)
    monkeypatch.setattr(address_trial, "live_addresses", lambda interface: [NEW])
    (tmp_path / "etc").mkdir()
    (tmp_path / "leftovers").mkdir()
    (tmp_path / "etc/there").write_text("before\n")
    (tmp_path / "etc/there").chmod(0o640)
    return tmp_path


def armed(place, seconds=180):
    """Begin a trial in which one file is changed and another is created."""
    ran = []

    def command(argv):
        ran.append(tuple(argv))
        return Result(tuple(argv), 0, "", "", (), 0.0)

    now = AddressTrial("a1", "eth0", f"{NEW}/24", "192.168.1.100", seconds, time.monotonic() + seconds)
    address_rollback.arm_rollback(
        now, NetworkService("dhcpcd.service", None), [place / "etc/there", place / "etc/new"], command
    )
    (place / "etc/there").write_text("tried\n")
    (place / "etc/new").write_text("tried\n")
    address_trial.allow_confirmation(now)
    return now, ran


def script(place):
    return subprocess.run(
        ["/bin/sh", address_trial.trial_folder() / "take-back", "boot"], capture_output=True, check=False
    )


def left(place):
    return sorted(path.name for path in address_trial.trial_folder().iterdir()) + sorted(
        path.name for path in (place / "leftovers").iterdir()
    )


def test_rollback_is_on_disk_before_the_trial(place):
    seen = []

    def command(argv):
        seen.append(
            (
                argv[0],
                address_trial.current_trial(),
                (address_trial.trial_folder() / "take-back").exists(),
                address_rollback.BOOT_UNIT_LINK.exists(),
            )
        )
        return Result(tuple(argv), 0, "", "", (), 0.0)

    now = AddressTrial("a1", "eth0", f"{NEW}/24", None, 60, time.monotonic() + 60)
    address_rollback.arm_rollback(now, NetworkService("NetworkManager.service", "uuid"), [place / "etc/there"], command)
    assert seen == [("systemd-run", None, True, True)]
    assert address_trial.current_trial() == now
    assert address_trial.trial_outcome(now) == "on"
    assert 58 <= now.left <= 60
    assert NEW in address_rollback.NOTICE_FILE.read_text()
    assert address_trial.trial_folder().stat().st_mode & 0o777 == 0o700


def test_rollback_restores_every_file(place):
    now, _ = armed(place)
    assert script(place).returncode == 0
    assert (place / "etc/there").read_text() == "before\n"
    assert (place / "etc/there").stat().st_mode & 0o777 == 0o640
    assert not (place / "etc/new").exists()
    assert address_trial.trial_outcome(now) == "taken-back"
    assert not address_trial.is_pending()
    assert left(place) == ["taken-back.json"]


def test_interrupted_rollback_continues(place):
    armed(place)
    (address_trial.trial_folder() / "trial.json").rename(address_trial.trial_folder() / "taking-back.json")
    (place / "etc/there").unlink()
    (place / "etc/.there.piwizard-new").write_text("half of i")
    assert address_trial.is_pending()
    script(place)
    assert (place / "etc/there").read_text() == "before\n"
    assert not (place / "etc/new").exists()
    assert left(place) == ["taken-back.json"]


def test_confirmed_address_stays(place):
    now, _ = armed(place)
    assert address_rollback.confirm_trial() == now
    assert (place / "etc/there").read_text() == "tried\n"
    assert address_trial.trial_outcome(now) == "kept"
    assert left(place) == ["kept.json"]
    assert address_rollback.confirm_trial() == now, "the confirmation can be repeated after a lost connection"
    address_trial.forget_outcomes()
    with pytest.raises(PiwizardError, match="No address is on trial"):
        address_rollback.confirm_trial()


def test_unchecked_address_cannot_be_confirmed(place):
    """Refuse a confirmation before the checks, since the router might not answer."""
    now, _ = armed(place)
    (address_trial.trial_folder() / "looked-at").unlink()
    assert not address_trial.is_ready(now)
    with pytest.raises(PiwizardError, match="still being set"):
        address_rollback.confirm_trial()
    assert address_trial.trial_outcome(now) == "on"


def test_interrupted_confirmation_is_completed(place):
    now, _ = armed(place)
    (address_trial.trial_folder() / "trial.json").rename(address_trial.trial_folder() / "kept.json")
    assert len(left(place)) > 1
    assert address_rollback.confirm_trial() == now
    assert left(place) == ["kept.json"]


def test_run_cleans_up_an_interrupted_confirmation(place, monkeypatch):
    armed(place)
    (address_trial.trial_folder() / "trial.json").rename(address_trial.trial_folder() / "kept.json")
    monkeypatch.setattr(address_rollback, "CLEANUP_SECONDS", 0.0)
    address_rollback.wait_for_cleanup(lambda argv: subprocess.run(argv, check=True))
    assert left(place) == ["kept.json"]
    assert (place / "etc/there").read_text() == "tried\n"


def test_missing_address_cannot_be_confirmed(place, monkeypatch):
    now, _ = armed(place)
    monkeypatch.setattr(address_trial, "live_addresses", lambda interface: ["192.168.1.100"])
    with pytest.raises(PiwizardError, match="eth0 does not have"):
        address_rollback.confirm_trial()
    assert address_trial.trial_outcome(now) == "on"


def test_late_confirmation_is_refused(place):
    armed(place)
    (address_trial.trial_folder() / "trial.json").rename(address_trial.trial_folder() / "taking-back.json")
    with pytest.raises(PiwizardError, match="too late"):
        address_rollback.confirm_trial()


@pytest.mark.parametrize("head_start", [0.0, 0.004, 0.012])
def test_trial_is_either_confirmed_or_rolled_back(place, head_start):
    now, _ = armed(place)
    confirmed = []

    def confirm():
        time.sleep(head_start)
        try:
            confirmed.append(address_rollback.confirm_trial())
        except PiwizardError:
            confirmed.append(None)

    thread = threading.Thread(target=confirm)
    thread.start()
    script(place)
    thread.join()
    kept = confirmed != [None]
    assert address_trial.trial_outcome(now) == ("kept" if kept else "taken-back")
    assert (place / "etc/there").read_text() == ("tried\n" if kept else "before\n")
    assert (place / "etc/new").exists() is kept


def test_new_trial_forgets_the_previous_one(place):
    armed(place)
    script(place)
    second, _ = armed(place)
    assert json.loads((address_trial.trial_folder() / "trial.json").read_text())["name"] == second.name
    assert not (address_trial.trial_folder() / "taken-back.json").exists()


def test_trial_text_names_address_and_time():
    now = AddressTrial("a1", "eth0", f"{NEW}/24", None, 180, time.monotonic() + 143.2)
    assert now.words == "192.168.1.197 is on trial: 143 s left. `piwizard confirm` keeps it."
    assert now.as_json() == {"interface": "eth0", "address": "192.168.1.197/24", "left": 143}
    assert AddressTrial("a1", "eth0", f"{NEW}/24", None, 180, time.monotonic() - 5).left == 0
