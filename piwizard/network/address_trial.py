"""Read and write the state of an address on trial.

The rollback script and `piwizard confirm` share it. The file `trial.json` decides: the first of the two to rename it
wins.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Literal

from piwizard.system import files, paths
from piwizard.system.lazy_dataclass import dataclass

TrialOutcome = Literal["on", "taking-back", "kept", "taken-back", "unknown"]


@dataclass(frozen=True)
class AddressTrial:
    """A trial of an address. `until` is monotonic time, which no time server changes."""

    name: str
    interface: str
    address: str
    """With its prefix."""
    before: str | None
    """The address that a rollback restores, without its prefix; None if there was none."""
    seconds: int
    until: float

    @property
    def host(self) -> str:
        """Return the new address without its prefix."""
        return self.address.partition("/")[0]

    @property
    def left(self) -> int:
        """Return the seconds until the rollback."""
        return max(0, min(self.seconds, round(self.until - time.monotonic())))

    @property
    def words(self) -> str:
        """Return a line for people."""
        return f"{self.host} is on trial: {self.left} s left. `piwizard confirm` keeps it."

    def as_json(self) -> dict[str, str | int]:
        """Return the form used with --json."""
        return {"interface": self.interface, "address": self.address, "left": self.left}


def trial_folder() -> Path:
    """Return the folder of a trial.

    Only root can read it: the copies of connections contain Wi-Fi passwords.
    """
    return paths.state_dir() / "network"


def current_trial() -> AddressTrial | None:
    """Return the trial that waits for confirmation."""
    return read_trial("trial")


def is_pending() -> bool:
    """Return whether a trial is on, or its rollback has started and not finished."""
    return any((trial_folder() / f"{name}.json").exists() for name in ("trial", "taking-back"))


def trial_outcome(trial: AddressTrial) -> TrialOutcome:
    """Return the outcome of a trial."""
    stages: tuple[tuple[str, TrialOutcome], ...] = (
        ("trial", "on"),
        ("taking-back", "taking-back"),
        ("kept", "kept"),
        ("taken-back", "taken-back"),
    )
    for _ in range(2):  # a rename between two reads could hide it once
        for stem, meaning in stages:
            found = read_trial(stem)
            if found and found.name == trial.name:
                return meaning
    return "unknown"


def is_ready(trial: AddressTrial) -> bool:
    """Return whether the address is set and was checked.

    Before that, it cannot be confirmed.
    """
    return files.read(ready_file()) == trial.name.encode()


def allow_confirmation(trial: AddressTrial) -> None:
    """Allow `piwizard confirm`: the address is set, and the router answers there."""
    files.replace(ready_file(), trial.name.encode(), mode=0o600)


def forget_outcomes() -> None:
    """Remove the outcomes of earlier trials."""
    for stem in ("kept", "taken-back"):
        (trial_folder() / f"{stem}.json").unlink(missing_ok=True)
    ready_file().unlink(missing_ok=True)


def live_addresses(interface: str) -> list[str]:
    """Return the current IPv4 addresses of an interface."""
    from piwizard.system.facts import netlink

    rows = [row for row in netlink.read_addresses() if row["ifname"] == interface]
    return [info["local"] for row in rows for info in row["addr_info"] if info["family"] == "inet"]


def ready_file() -> Path:
    """Return the file that exists when the address can be confirmed."""
    return trial_folder() / "looked-at"


def read_trial(stem: str) -> AddressTrial | None:
    """Return the trial from a file in its folder; None if there is no such file."""
    content = files.read(trial_folder() / f"{stem}.json")
    return AddressTrial(**json.loads(content)) if content else None
