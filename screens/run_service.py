"""Give screens the plans of runs, the runs themselves, and what can be undone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.setup.service import Proposal, SetupService

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from piwizard.screens.home.run_summary import RunSummary
    from piwizard.setup.full_undo import FullUndo
    from piwizard.setup.planner import Planner
    from piwizard.setup.run_request import Plans
    from piwizard.setup.undo_preview import UndoPreview
    from piwizard.steps.registry import StepInstance


class RunService(SetupService):
    """The setup service with what belongs to runs."""

    def plan(self, instance: StepInstance) -> Plans:
        """Return the plan of one step alone, whatever its state."""
        from piwizard.setup import workspace
        from piwizard.setup.preview import preview
        from piwizard.system.system_cache import SystemCache

        planner = self._planner()
        with self._source_lock:
            changes = planner.plan(instance)
            self._pins |= planner.context.pins()
        return [(instance, preview(changes, SystemCache(), workspace.backups()))]

    def deployment(self, site: str) -> Proposal:
        """Return the plan to install a site's newest commit, as `piwizard deploy`."""
        from piwizard.steps.registry import STEPS

        deployed = [step.name for step in STEPS if step.deployed]
        return self._newest(lambda planner: planner.select(deployed, site))

    def retrial(self, run: str) -> Proposal:
        """Return the plan to try the steps of a run again, with the newest commits."""
        from piwizard.engine.run_log import EventReader

        first = next(iter(EventReader(self.events_file(run)).new(1 << 16)), None)
        wanted = {(step, site) for step, site in first["steps"]} if first and first["event"] == "apply-started" else ()
        return self._newest(
            lambda planner: [one for one in planner.all_instances() if (one.step.name, one.site) in wanted]
        )

    def remaining(self, site: str) -> Proposal:
        """Return the plan for everything of a site that is not done and has its answers."""
        return self._newest(
            lambda planner: [one for one in planner.select((), site) if not planner.missing(one)], fetch=False
        )

    def _newest(
        self, choose: Callable[[Planner], list[StepInstance]], *, fetch: bool = True, planner: Planner | None = None
    ) -> Proposal:
        """Return the plan for some steps and their needs.

        `fetch`: made from the newest commits. `planner`: with other answers than those on disk.
        """
        from piwizard.setup import run_request, workspace

        if fetch:
            self.look_for_new_code()
        planner = planner or self._planner()
        chosen = choose(planner)
        planner.require_answers(chosen)
        finished = run_request.done(planner, workspace.state())
        with self._source_lock:
            if fetch:
                planner.context.fetch_newest(dict.fromkeys(one.site for one in chosen if one.site))
            plans = run_request.needed(planner, planner.with_needs(chosen, finished), finished)
            self._pins |= planner.context.pins()
        return Proposal(planner, plans)

    def last_run(self) -> str | None:
        """Return the newest run that has a log. Quick."""
        from piwizard.engine import run_log

        return next(reversed(run_log.runs()), None)

    def activity(self) -> list[RunSummary]:
        """Return all runs, newest first."""
        from piwizard.engine import run_log
        from piwizard.screens.home.run_summary import summarize

        return [summarize(self.events_file(run)) for run in reversed(run_log.runs())]

    def events_file(self, run: str) -> Path:
        """Return the file of a run's events. Quick."""
        from piwizard.engine import run_launch

        return run_launch.folder(run) / "events.jsonl"

    def preview_undo(self, site: str, step: str | None) -> UndoPreview:
        """Return what the undo of a step does, or the removal of a site."""
        from piwizard.setup import undo_preview

        return undo_preview.preview_undo(site, step)

    def start_undo(self, preview: UndoPreview, *, wipe: bool) -> str:
        """Start an undo that the user has confirmed, and return its run.

        `wipe` deletes the data.
        """
        from piwizard.setup import undo_preview

        return undo_preview.start_undo(preview, wipe=wipe)

    def preview_full_undo(self) -> FullUndo:
        """Return what undoing every step of every site does."""
        from piwizard.setup import full_undo

        return full_undo.preview_full_undo()

    def start_full_undo(self, preview: FullUndo, *, wipe: Collection[str], packages: bool) -> str:
        """Start to undo everything, as the user has confirmed, and return the run.

        `wipe` are the sites whose data is deleted.
        """
        from piwizard.setup import full_undo

        return full_undo.start_full_undo(preview, wipe=wipe, packages=packages)
