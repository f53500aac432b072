"""Describe what an undo or the removal of a site does, and start it."""

from __future__ import annotations

from piwizard.engine import run_launch
from piwizard.setup import removal, undo_summary, workspace
from piwizard.steps.registry import StepInstance, step_named
from piwizard.system import app_data
from piwizard.system.app_data import Contents
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class UndoPreview:
    """The effects of an undo.

    `step` None: the whole site is removed. `lines` say what is removed and restored, `offline` which sites go offline.
    `data` may be deleted or kept. `dependents` are the titles of steps that would stop working: they are undone first.
    """

    site: str
    step: str | None
    title: str
    lines: tuple[str, ...]
    offline: tuple[str, ...]
    data: Contents | None
    dependents: tuple[str, ...] = ()


def preview_undo(site: str, step: str | None) -> UndoPreview:
    """Return what the undo of a step does, or the removal of a site.

    Alters nothing.
    """
    state = workspace.state()
    if step is None:
        data = removal.find_data(site)
        steps = [(name, one) for name, one in sorted(state.steps(), key=str) if one == site]
        title, dependents = f"Remove {site}", []
    else:
        instance = StepInstance(step_named(step), site)
        data = app_data.measure_site(site) if instance.step.holds_data else None
        steps = [(step, site)]
        title, dependents = f"Undo {instance.title}", undo_summary.find_dependents(state, instance)
    return UndoPreview(
        site,
        step,
        title,
        tuple(line.strip() for line in undo_summary.describe_undo(workspace.backups_dir(), steps)),
        tuple(undo_summary.sites_going_offline(state, steps)),
        data if data and data.any else None,
        tuple(one.title for one in dependents),
    )


def start_undo(preview: UndoPreview, *, wipe: bool) -> str:
    """Start the run, and return its id.

    `wipe`: the user has said yes to the deletion of the data.
    """
    run_launch.require_systemd()
    run_launch.require_free()
    if wipe and preview.data:
        app_data.require_one_file_system(preview.data.folder)
    if preview.step is None:
        return removal.start_removal(preview.site, wipe=wipe, keep_secrets=bool(preview.data) and not wipe)
    wiped = (preview.site,) if wipe else ()
    return run_launch.start(run_launch.RunRequest("undo", ((preview.step, preview.site),), wipe=wiped))
