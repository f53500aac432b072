"""Packages that piwizard's own runs brought, taken away again where nobody uses them."""

from __future__ import annotations

from collections.abc import Sequence

from piwizard.changes.base import ApplyContext, ChangeFailed, Record
from piwizard.changes.package import APT, wait_for_others
from piwizard.system import commands, dpkg, dpkg_ownership


def still_there(records: Sequence[Record]) -> list[str]:
    """Of what the journals note: the packages that are still installed."""
    there = {package.name for package in dpkg.read(dpkg.status())}
    return sorted({record["target"] for record in records if record["kind"] == "package"} & there)


def removable(records: Sequence[Record]) -> tuple[list[str], list[str]]:
    """Of what the journals note: the packages that can go, and a sentence for each that stays."""
    status = dpkg.status()
    noted = {record["target"]: record["before"] for record in records if record["kind"] == "package"}
    kept = {record["before"]["step"]: record["target"] for record in records if record["kind"] == "kept"}
    ours, stay = set(still_there(records)), {}
    for name in sorted(ours):
        if noted[name].get("step") in kept:
            stay[name] = f"{kept[noted[name]['step']]} is a person's own now"
    used = dpkg_ownership.of_a_person(ours - stay.keys())
    stay |= {name: f"{file} is not what it brought" for name, file in used.items()}
    # Whose settings a person has made is what that person runs, and not their settings alone.
    runs = dpkg_ownership.standing_on(ours - stay.keys(), used, status)
    stay |= {name: f"what is in {other}'s settings is for it" for name, other in runs.items()}
    asked = set(commands.run(("apt-mark", "showmanual")).output.split()) if ours else set()
    stay |= {
        name: "somebody asked for it since"
        for name in ours - stay.keys()
        if not noted[name].get("asked", True) and name in asked
    }
    needed = dpkg_ownership.needed_elsewhere(ours - stay.keys(), status)
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
