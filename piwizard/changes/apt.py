"""Debian packages: installed, and removed by undo where nobody else needs them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import apt_state, commands, dpkg, dpkg_ownership
from piwizard.system.system_cache import SystemCache

LONGEST_WAIT = 600
"""Seconds that another program may take; apt's own upgrade at boot takes minutes on a small board."""
APT = ("apt-get", "--yes", "-o", f"DPkg::Lock::Timeout={LONGEST_WAIT}", "-o", "Dpkg::Options::=--force-confold")


@dataclass(frozen=True)
class Packages:
    """These packages are installed. `recommends` takes in what they recommend.

    `starts` are units that Debian enables and starts as it installs them: undo ends those that were not there before.
    """

    kind: ClassVar[str] = "package"
    names: tuple[str, ...]
    recommends: bool = False
    starts: tuple[str, ...] = ()

    def describe(self) -> str:
        return f"Install {', '.join(self.names)}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        missing = self._missing(machine)
        if not missing:
            return IN_SYNC
        return Preview(in_sync=False, argv=(*_repairs(), (*APT, "update"), self._install(missing)))

    def apply(self, work: ApplyContext) -> None:
        wait_for_others(work)
        work.machine.forget()  # they may have installed the very same meanwhile
        for argv in _repairs():
            work.command(argv)
        missing = self._missing(work.machine)
        if not missing:
            return
        update = work.command((*APT, "update"), allow=range(256))
        # Only what was absent before the first try: a killed install leaves some of them in.
        coming = [*missing, *sorted(self._needed(missing, work.machine))]
        for name in coming:
            work.remember("package", name, {"installed": False, "asked": name in missing})
        for unit in self.starts:
            now = work.machine.unit(unit)
            before = {"existed": now.exists, "enabled": now.enabled, "running": now.running}
            work.remember("unit", unit, before | {"packages": coming})
        result = work.command(self._install(missing), allow=range(256))
        if not result.ok:
            raise ChangeFailed(
                why("\n".join((*update.tail, *result.tail))),
                hint="The lines above are apt's own. Mend that, then apply again.",
            )

    def _missing(self, machine: SystemCache) -> list[str]:
        return [name for name in self.names if machine.package(name) is None]

    def _needed(self, missing: list[str], machine: SystemCache) -> set[str]:
        """What apt would install besides: undo has to know whom it brought."""
        would = commands.run((*APT, "--simulate", *self._install(missing)[len(APT) :])).output.splitlines()
        coming = {line.split()[1] for line in would if line.startswith("Inst ")}
        return {name for name in coming if machine.package(name) is None} - set(missing)

    def _install(self, missing: list[str]) -> tuple[str, ...]:
        recommends = () if self.recommends else ("--no-install-recommends",)
        return (*APT, *recommends, "install", *missing)


def wait_for_others(work: ApplyContext) -> None:
    """Holding back until others have finished with apt: it would wait for one of its locks only, and not say so."""
    said, until = "", time.monotonic() + LONGEST_WAIT
    while (other := apt_state.lock_holder()) and time.monotonic() < until:
        if other != said:
            work.say(f"Waiting for {other}, which is installing packages.")
            said = other
        time.sleep(1)


def _repairs() -> tuple[tuple[str, ...], ...]:
    if not dpkg.is_interrupted():
        return ()
    return (("dpkg", "--configure", "-a", "--force-confold"), (*APT, "--fix-broken", "install"))


def why(words: str) -> str:
    """The sentence for what apt said: the first cause, not what followed from it."""
    unreachable = "The package servers could not be found: there is no network, or no name server."
    causes = {
        "No space left": "The disk is full: apt could not install.",
        "Could not get lock": "Another program is installing packages and did not finish within ten minutes.",
        "Temporary failure resolving": unreachable,
        "Could not resolve": unreachable,
        "Unable to fetch": "The packages could not be downloaded: the network is gone.",
        "Unable to locate": "A package is not in the archives that this machine uses.",
    }
    return next((sentence for sign, sentence in causes.items() if sign in words), "apt could not install the packages.")


def undo(record: Record, work: ApplyContext) -> str | None:
    """Packages stay: others may use them by now. Says so, with the command that removes one."""
    name = record["target"]
    if work.machine.package(name) is None or not record["before"].get("asked", True):
        return None
    return f"The package {name} was installed by piwizard and stays; `apt-get remove {name}` takes it away."


def still_there(records: Sequence[Record]) -> list[str]:
    """Of what the journals note: the packages that are still installed."""
    there = {package.name for package in dpkg.parse_packages(dpkg.read_status())}
    return sorted({record["target"] for record in records if record["kind"] == "package"} & there)


def removable(records: Sequence[Record]) -> tuple[list[str], list[str]]:
    """Of what the journals note: the packages that can go, and a sentence for each that stays."""
    status = dpkg.read_status()
    noted = {record["target"]: record["before"] for record in records if record["kind"] == "package"}
    kept = {record["before"]["step"]: record["target"] for record in records if record["kind"] == "kept"}
    ours, stay = set(still_there(records)), {}
    for name in sorted(ours):
        if noted[name].get("step") in kept:
            stay[name] = f"{kept[noted[name]['step']]} is a person's own now"
    used = dpkg_ownership.find_user_files(ours - stay.keys())
    stay |= {name: f"{file} is not what it brought" for name, file in used.items()}
    # Whose settings a person has made is what that person runs, and not their settings alone.
    runs = dpkg_ownership.depending_on(ours - stay.keys(), used, status)
    stay |= {name: f"what is in {other}'s settings is for it" for name, other in runs.items()}
    asked = set(commands.run(("apt-mark", "showmanual")).output.split()) if ours else set()
    stay |= {
        name: "somebody asked for it since"
        for name in ours - stay.keys()
        if not noted[name].get("asked", True) and name in asked
    }
    needed = dpkg_ownership.needed_by_others(ours - stay.keys(), status)
    stay |= {name: f"{other} needs it" for name, other in needed.items()}
    return sorted(ours - stay.keys()), [f"The package {name} stays: {why}." for name, why in sorted(stay.items())]


def take_away(records: Sequence[Record], work: ApplyContext) -> list[str]:
    """Removes them with their settings. Returns a sentence for each that stays."""
    names, stay = removable(records)
    if not names:
        return stay
    wait_for_others(work)
    argv = (*APT, "-o", "APT::Get::AutomaticRemove=false", "purge", *names)
    going = commands.run((*argv[:1], "--simulate", *argv[1:])).output.splitlines()
    others = {words[1] for line in going if (words := line.split())[:1] in (["Remv"], ["Purg"])} - set(names)
    if others:
        raise ChangeFailed(
            f"Removing piwizard's packages would take {', '.join(sorted(others))} away too, so they stay.",
            hint=f"`sudo apt-get purge {' '.join(names)}` removes them all the same.",
        )
    work.command(argv)
    return stay
