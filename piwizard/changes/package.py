"""Debian packages, installed in one go."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from piwizard.changes.base import HOLDS, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import apt_lock, commands, dpkg
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
            return HOLDS
        return Preview(holds=False, argv=(*_repairs(), (*APT, "update"), self._install(missing)))

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
    while (other := apt_lock.holder()) and time.monotonic() < until:
        if other != said:
            work.say(f"Waiting for {other}, which is installing packages.")
            said = other
        time.sleep(1)


def _repairs() -> tuple[tuple[str, ...], ...]:
    if not dpkg.interrupted():
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
