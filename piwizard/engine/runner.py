"""Run or undo the changes of one step, from its first event to its last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from pathlib import Path

from piwizard.changes import UNDO, apt
from piwizard.changes.base import Change, Record, RestartNeeded
from piwizard.engine.apply_context import RunApplyContext
from piwizard.engine.backups import Backups
from piwizard.engine.cancellation import Cancellation, Stopped
from piwizard.engine.events import ChangeEvent, PlannedChange, RunStarted
from piwizard.engine.leftovers import Leftovers
from piwizard.engine.run_log import Recorder
from piwizard.engine.state import State
from piwizard.engine.undo_journal import Journal
from piwizard.errors import PiwizardError
from piwizard.system import app_data
from piwizard.system.checks import Check
from piwizard.system.lazy_dataclass import dataclass

UPDATED, UP_TO_DATE = "Updated", "Already up to date"
"""The summary of a step that is set up. A plan counts the changes; some may no longer be needed by then."""


@dataclass(frozen=True)
class Runner:
    """The steps of one run, with what they share: backups, state, and run log."""

    backups: Path
    state: State
    recorder: Recorder
    cancellation: Cancellation = field(default_factory=Cancellation)
    locate: Callable[[PiwizardError, str | None], None] = lambda error, site: None
    """Adds to an error where the answer of this site is that caused it."""
    title_of: Callable[[str, str | None], str] = lambda step, site: f"{step} ({site})" if site else step
    """Returns what people call a step of a site."""

    def run(
        self,
        step: str,
        site: str | None,
        plan: Callable[[], Sequence[Change]],
        checks: Callable[[], Iterable[Check]],
        *,
        overwrite: bool,
    ) -> bool:
        """Plan, apply and check one step. Return whether all of it succeeded.

        A step that continues in a background job counts as running until the run that the job starts at its end.
        """

        def body() -> tuple[str, str]:
            changes = plan()
            described: list[PlannedChange] = [{"change": change.describe(), "kind": change.kind} for change in changes]
            self.recorder.emit(self._started(step, site, described))
            work = self._work(step, site, overwrite=overwrite)
            applied = 0
            for change in changes:
                applied += work.make(change)
                if work.continued_by:
                    return "running", (
                        f"{work.continued_by.what} continues in the background. `piwizard status` shows how far it is, "
                        f"`piwizard stop {step}` stops it."
                    )
            failed = [check for check in map(self._check, checks()) if not check.ok]
            if failed:
                raise PiwizardError(f"{failed[0].name}: {failed[0].detail}", hint=failed[0].advice or None)
            return "done", UPDATED if applied else UP_TO_DATE

        return self._record(step, site, body)

    def undo(
        self, step: str, site: str | None, *, data: Path | None = None, wipe: bool = False, packages: bool = False
    ) -> bool:
        """Undo one step, from its journal alone.

        Keep and name files that were edited by hand since.

        `data` is the folder with the app's data, if the step has one: it is kept and named, unless `wipe` is
        set. Packages are kept too: `packages` removes all that any undone step installed and no other package needs.
        """

        def body() -> tuple[str, str]:
            journals = Journal(self.backups, step, site).to_undo()
            recorded = [record for one in journals for record in one.records()]
            if newer := sorted({record["kind"] for record in recorded} - UNDO.keys()):
                raise PiwizardError(
                    f"A newer version of piwizard made changes that this one cannot undo ({', '.join(newer)}), so "
                    "nothing was undone.",
                    hint="Run install.sh of the newer version again, then undo.",
                )
            leftovers = Leftovers(self.backups)
            records = _with_left(leftovers.of(step, site), recorded)[::-1]
            described: list[PlannedChange] = [{"change": _undoing(record), "kind": "undo"} for record in records]
            self.recorder.emit({**self._started(step, site, described), "undo": True})
            work = self._work(step, site, overwrite=False, wipe=wipe)
            if data is not None and wipe and app_data.delete_data(data):
                work.note(data, "deleted")
            kept, unfinished = [], []
            for number, record in enumerate(records, start=1):
                sentence = self._undo(number, record, work)
                leftovers.note(step, site, record, sentence)
                if sentence:
                    unfinished.append((record["kind"], record["target"]))
                    if record["target"] != str(data):  # the data is named below
                        kept.append((record["kind"], sentence))
            if data is not None and (there := app_data.measure_folder(data)):
                kept.append(("data", f"{there}: kept."))
            for _, sentence in kept:
                work.say(sentence)
            if any(record["target"].startswith("/etc/systemd/system/") for record in records):
                work.command(("systemctl", "daemon-reload"))
            leftovers.finish(step, site, unfinished)
            if packages:
                stay = _remove_packages(leftovers, work)
                kept = [one for one in kept if one[0] != "package"] + [("package", sentence) for sentence in stay]
            for journal in journals:
                journal.forget()
            return "done", " ".join(sentence for _, sentence in kept) or "restored"

        return self._record(step, site, body, undo=True)

    def _work(self, step: str, site: str | None, *, overwrite: bool, wipe: bool = False) -> RunApplyContext:
        journal = Journal(self.backups, step, site)
        return RunApplyContext(self.recorder, Backups(self.backups), journal, overwrite=overwrite, wipe=wipe)

    def _undo(self, number: int, record: Record, work: RunApplyContext) -> str | None:
        """Undo one record. Return a sentence if it was left alone, and why."""
        event: ChangeEvent = {"event": "change-started", "change": _undoing(record), "kind": "undo", "number": number}
        self.recorder.emit(event)
        sentence = UNDO[record["kind"]](record, work)
        self.recorder.emit({**event, "event": "change-finished"})
        return sentence

    def _started(self, step: str, site: str | None, plan: list[PlannedChange]) -> RunStarted:
        title = self.title_of(step, site)
        return {"event": "run-started", "step": step, "site": site, "title": title, "plan": plan}

    def _check(self, check: Check) -> Check:
        self.recorder.emit(
            {"event": "check", "id": check.id, "name": check.name, "ok": check.ok, "detail": check.detail}
        )
        return check

    def _record(self, step: str, site: str | None, body: Callable[[], tuple[str, str]], *, undo: bool = False) -> bool:
        """Run the body of a step, and record its result however it ends."""
        since = time.monotonic()
        self.state.mark(step, site, "running", self.recorder.run)
        result, summary = "failed", ""
        try:
            with self.cancellation:
                result, summary = body()
        except RestartNeeded as error:
            result, summary = "stopped", error.sentence
            self.recorder.refusal(error)
            raise Stopped from error
        except PiwizardError as error:
            self.locate(error, site)
            summary = error.message
            self.recorder.refusal(error)
        except Exception as error:  # noqa: BLE001 — the user gets a message, the run log gets the traceback
            summary = self.recorder.unforeseen(error)
        except Stopped:
            result, summary = "stopped", "Stopped before it was finished."
            raise
        finally:
            seconds = time.monotonic() - since
            self.recorder.emit(
                {
                    "event": "run-finished",
                    "step": step,
                    "site": site,
                    "result": result,
                    "seconds": round(seconds, 1),
                    "summary": summary,
                }
            )
            if result == "done" and undo:
                self.state.forget(step, site)
            else:
                self.state.mark(step, site, result, self.recorder.run, self.recorder.redacted(summary), seconds)
            self.recorder.sync()
        return result in ("done", "running")


def _remove_packages(leftovers: Leftovers, work: RunApplyContext) -> list[str]:
    """Remove packages that are no longer needed, and folders that are empty then.

    Return why others stay.
    """
    stay = apt.remove(leftovers.records(), work)
    for sentence in stay:
        work.say(sentence)
    leftovers.settle()
    for record in leftovers.folders():
        if UNDO["folder"](record, work) is None:
            leftovers.forget("folder", record["target"])
    return stay


def _undoing(record: Record) -> str:
    return f"Undo {record['kind']} {record['target']}"


def _with_left(left: list[Record], records: list[Record]) -> list[Record]:
    """Return the records of a journal, oldest first, with earlier leftovers.

    A record that an earlier undo has left replaces a later one.

    A folder that undo kept existed before the next set-up, although piwizard had created it.
    """
    first = {(one["kind"], one["target"]): one for one in left}
    merged = [first.pop((one["kind"], one["target"]), one) for one in records]
    return [*first.values(), *merged]
