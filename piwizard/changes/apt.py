"""Debian packages: installed, and removed by undo if no other package needs them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import apt_state, commands, dpkg, dpkg_ownership
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

LONGEST_WAIT = 600
"""Seconds to wait for another program. apt's own upgrade at boot takes minutes on a small board."""
APT = ("apt-get", "--yes", "-o", f"DPkg::Lock::Timeout={LONGEST_WAIT}", "-o", "Dpkg::Options::=--force-confold")


@dataclass(frozen=True)
class Packages:
    """Debian packages that are installed.

    With `recommends`, the packages that they recommend are installed too.

    `starts` are units that Debian enables and starts with them: undo stops those that did not exist before.
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
        work.machine.forget()  # another program may have installed the same packages meanwhile
        for argv in _repairs():
            work.command(argv)
        missing = self._missing(work.machine)
        if not missing:
            return
        update = work.command((*APT, "update"), allow=range(256))
        # Only packages that were absent before the first attempt: a killed install leaves some installed.
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
                explain_failure("\n".join((*update.tail, *result.tail))),
                hint="Fix what apt names in the lines above, then apply again.",
            )

    def _missing(self, machine: SystemCache) -> list[str]:
        return [name for name in self.names if machine.package(name) is None]

    def _needed(self, missing: list[str], machine: SystemCache) -> set[str]:
        """Return the dependencies that apt would install, which undo has to know."""
        would = commands.run((*APT, "--simulate", *self._install(missing)[len(APT) :])).output.splitlines()
        coming = {line.split()[1] for line in would if line.startswith("Inst ")}
        return {name for name in coming if machine.package(name) is None} - set(missing)

    def _install(self, missing: list[str]) -> tuple[str, ...]:
        recommends = () if self.recommends else ("--no-install-recommends",)
        return (*APT, *recommends, "install", *missing)


def wait_for_others(work: ApplyContext) -> None:
    """Wait until other programs have finished with apt.

    apt itself waits for one of its locks only, and silently.
    """
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


def explain_failure(output: str) -> str:
    """Return an error message with the first cause in apt's output."""
    unreachable = "The package servers could not be found: there is no network or no name server."
    causes = {
        "No space left": "The disk is full: apt could not install.",
        "Could not get lock": "Another program is installing packages and did not finish within ten minutes.",
        "Temporary failure resolving": unreachable,
        "Could not resolve": unreachable,
        "Unable to fetch": "The packages could not be downloaded: the network does not work.",
        "Unable to locate": "A package is not in the archives that this Pi uses.",
    }
    return next(
        (sentence for sign, sentence in causes.items() if sign in output), "apt could not install the packages."
    )


def undo(record: Record, work: ApplyContext) -> str | None:
    """Keep the package, as other programs may use it.

    Return a sentence with the command that removes it.
    """
    name = record["target"]
    if work.machine.package(name) is None or not record["before"].get("asked", True):
        return None
    return f"The package {name} was installed by piwizard and is kept; `apt-get remove {name}` removes it."


def still_there(records: Sequence[Record]) -> list[str]:
    """Return the packages in these records that are still installed."""
    there = {package.name for package in dpkg.parse_packages(dpkg.read_status())}
    return sorted({record["target"] for record in records if record["kind"] == "package"} & there)


def removable(records: Sequence[Record]) -> tuple[list[str], list[str]]:
    """Sort the packages in these records into removable and kept ones.

    Return the names of the first, and a sentence for each of the others.
    """
    status = dpkg.read_status()
    noted = {record["target"]: record["before"] for record in records if record["kind"] == "package"}
    kept = {record["before"]["step"]: record["target"] for record in records if record["kind"] == "kept"}
    ours, stay = set(still_there(records)), {}
    for name in sorted(ours):
        if noted[name].get("step") in kept:
            stay[name] = f"{kept[noted[name]['step']]} was edited by hand"
    used = dpkg_ownership.find_user_files(ours - stay.keys())
    stay |= {name: f"{file} was changed since it was installed" for name, file in used.items()}
    data = dpkg_ownership.find_data(ours - stay.keys())
    stay |= {
        name: f"{folder} has files that may be data; `sudo apt-get purge {name}` deletes both"
        for name, folder in data.items()
    }
    # A package with settings edited by hand is in use, and so are the packages that have settings for it.
    runs = dpkg_ownership.depending_on(ours - stay.keys(), {*used, *data}, status)
    stay |= {name: f"{'data' if other in data else 'settings'} of {other} are for it" for name, other in runs.items()}
    asked = set(commands.run(("apt-mark", "showmanual")).output.split()) if ours else set()
    stay |= {
        name: "it was installed by hand since"
        for name in ours - stay.keys()
        if not noted[name].get("asked", True) and name in asked
    }
    needed = dpkg_ownership.needed_by_others(ours - stay.keys(), status)
    stay |= {name: f"{other} needs it" for name, other in needed.items()}
    return sorted(ours - stay.keys()), [f"The package {name} is kept: {why}." for name, why in sorted(stay.items())]


def remove(records: Sequence[Record], work: ApplyContext) -> list[str]:
    """Remove the packages that can be removed, with their settings.

    Return a sentence for each that is kept.
    """
    names, stay = removable(records)
    if not names:
        return stay
    wait_for_others(work)
    argv = (*APT, "-o", "APT::Get::AutomaticRemove=false", "purge", *names)
    going = commands.run((*argv[:1], "--simulate", *argv[1:])).output.splitlines()
    others = {words[1] for line in going if (words := line.split())[:1] in (["Remv"], ["Purg"])} - set(names)
    if others:
        raise ChangeFailed(
            f"Removing piwizard's packages would also remove {', '.join(sorted(others))}, so they are kept.",
            hint=f"`sudo apt-get purge {' '.join(names)}` removes them anyway.",
        )
    work.command(argv)
    return stay
