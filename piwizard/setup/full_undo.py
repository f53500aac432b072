"""Describe what undoing everything does, and start it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from piwizard.changes import apt
from piwizard.engine import run_launch
from piwizard.engine.backups import journaled
from piwizard.engine.leftovers import Leftovers
from piwizard.engine.undo_journal import Journal
from piwizard.setup import undo_summary, workspace
from piwizard.steps.registry import DATA_STEP, STEPS, title_of
from piwizard.system import app_data
from piwizard.system.app_data import Contents
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class FullUndo:
    """The effects of undoing every step of every site, from the journals alone.

    `lines` say what is removed and restored, `offline` which sites go offline. `data` is what the apps have written, by
    site, and `packages` are the Debian packages that piwizard installed and that are still there: both stay unless the
    user says otherwise.
    """

    steps: tuple[tuple[str, str | None], ...]
    sites: tuple[str, ...]
    lines: tuple[str, ...]
    offline: tuple[str, ...]
    data: Mapping[str, Contents]
    packages: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Return the steps as people name them."""
        return [title_of(step, site) for step, site in self.steps]


def preview_full_undo(*, kept_data: bool = False) -> FullUndo:
    """Return what would be undone, in this order. Alters nothing.

    `kept_data` includes the data that an earlier undo kept.
    """
    backups, state = workspace.backups_dir(), workspace.state()
    known = journaled(backups) | state.steps()
    if kept_data:
        known |= Leftovers(backups).steps()
    sites = sorted({site for _, site in known if site is not None})
    steps: list[tuple[str, str | None]] = [
        (step.name, site) for site in sites for step in reversed(STEPS) if (step.name, site) in known
    ]
    steps += [(step.name, None) for step in reversed(STEPS) if step.scope == "machine" and (step.name, None) in known]
    found = {site: app_data.measure_site(site) for step, site in steps if step == DATA_STEP and site}
    records = [record for step, site in journaled(backups) for record in Journal(backups, step, site).records()]
    return FullUndo(
        tuple(steps),
        tuple(sites),
        tuple(line.strip() for line in undo_summary.describe_undo(backups, steps)),
        tuple(undo_summary.sites_going_offline(state, steps)),
        {site: contents for site, contents in found.items() if contents and contents.any},
        tuple(apt.still_there([record for record in records if record["kind"] == "package"])),
    )


def start_full_undo(preview: FullUndo, *, wipe: Collection[str] = (), packages: bool = False) -> str:
    """Start the run, and return its id. Answers are kept.

    `wipe`: the sites whose data is deleted; the user has said yes to each. `packages` are removed with the last step.
    """
    run_launch.require_systemd()
    run_launch.require_free()
    for site in wipe:
        app_data.require_one_file_system(preview.data[site].folder)
    first = (STEPS[0].name, None)
    steps: Sequence[tuple[str, str | None]] = preview.steps
    if packages and first not in steps:
        steps = [*steps, first]
    wanted = run_launch.RunRequest(
        "undo", tuple(steps), wipe=tuple(wipe), packages=packages, uncached=tuple(preview.sites)
    )
    return run_launch.start(wanted)
