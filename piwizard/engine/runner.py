"""Runs the changes of one step, from its first event to its last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from piwizard.changes import UNDO, apt
from piwizard.changes.base import Change, Record
from piwizard.engine.apply_context import RunApplyContext
from piwizard.engine.cancellation import Cancellation, Stopped
from piwizard.engine.events import ChangeEvent, PlannedChange
from piwizard.engine.leftovers import Leftovers
from piwizard.engine.run_log import Recorder
from piwizard.engine.state import State
from piwizard.engine.undo_journal import Backups, Journal
from piwizard.errors import PiwizardError
from piwizard.system import app_data
from piwizard.system.checks import Check


@dataclass(frozen=True)
class Runner:
    """What the runs of one process share: where backups lie, what is remembered, where events go."""

    backups: Path
    state: State
    recorder: Recorder
    stopping: Cancellation = field(default_factory=Cancellation)
    locate: Callable[[PiwizardError, str | None], None] = lambda error, site: None
    """Names the place of the answer, of this site, that an error is about."""

    def run(
        self,
        step: str,
        site: str | None,
        plan: Callable[[], Sequence[Change]],
        checks: Callable[[], Iterable[Check]],
        *,
        overwrite: bool,
    ) -> bool:
        """Plans, applies and checks one step; True where all of it went well.

        A step that continues in a background job counts as running until the run that the job starts at its end.
        """

        def body() -> tuple[str, str]:
            changes = plan()
            described: list[PlannedChange] = [{"change": change.describe(), "kind": change.kind} for change in changes]
            self.recorder.emit({"event": "run-started", "step": step, "site": site, "plan": described})
            work = self._work(step, site, overwrite=overwrite)
            altered = 0
            for change in changes:
                altered += work.make(change)
                if work.continued_by:
                    return "running", (
                        f"{work.continued_by.what} continues in the background. `piwizard status` shows how far it is, "
                        f"`piwizard stop {step}` stops it."
                    )
            failed = [check for check in map(self._check, checks()) if not check.ok]
            if failed:
                raise PiwizardError(f"{failed[0].name}: {failed[0].detail}", hint=failed[0].advice or None)
            return "done", (
                f"{altered} of {len(changes)} changes were needed" if altered else "everything was so already"
            )

        return self._record(step, site, body)

    def undo(
        self, step: str, site: str | None, *, data: Path | None = None, wipe: bool = False, packages: bool = False
    ) -> bool:
        """Takes one step back, from its journal alone; what was edited by hand since is kept and named.

        `data` is the folder that belongs to the step and holds what the app has written: it stays, and is named, unless
        `wipe` says otherwise. So do packages: with `packages` those go that any undone step has brought, where nobody
        else uses them.
        """

        def body() -> tuple[str, str]:
            journals = Journal(self.backups, step, site).to_undo()
            noted = [record for one in journals for record in one.records()]
            if newer := sorted({record["kind"] for record in noted} - UNDO.keys()):
                raise PiwizardError(
                    f"A newer piwizard did more here than this one can take back ({', '.join(newer)}), so it took "
                    "nothing back.",
                    hint="Start install.sh of the newer piwizard again, then undo.",
                )
            remains = Leftovers(self.backups)
            records = _with_left(remains.of(step, site), noted)
            described: list[PlannedChange] = [
                {"change": f"Undo {record['kind']} {record['target']}", "kind": "undo"} for record in records
            ]
            self.recorder.emit(
                {"event": "run-started", "step": step, "site": site, "plan": described[::-1], "undo": True}
            )
            work = self._work(step, site, overwrite=False, wipe=wipe)
            return "done", take_back(journals, records, remains, work)

        def take_back(journals: list[Journal], records: list[Record], remains: Leftovers, work: RunApplyContext) -> str:
            kept, unfinished = [], []
            if data is not None and wipe and app_data.delete_data(data):
                work.note(data, "deleted")
            for number, record in enumerate(reversed(records), start=1):
                what: ChangeEvent = {
                    "event": "change-started",
                    "change": f"Undo {record['kind']} {record['target']}",
                    "kind": "undo",
                    "number": number,
                }
                self.recorder.emit(what)
                left = UNDO[record["kind"]](record, work)
                if left:
                    unfinished.append((record["kind"], record["target"]))
                    if record["target"] != str(data):  # which is named below
                        work.say(left)
                        kept.append((record["kind"], left))
                remains.note(step, site, record, left)
                self.recorder.emit({**what, "event": "change-finished"})
            if data is not None and (there := app_data.measure_folder(data)):
                work.say(f"{there}: kept.")
                kept.append(("data", f"{there}: kept."))
            if any(record["target"].startswith("/etc/systemd/system/") for record in records):
                work.command(("systemctl", "daemon-reload"))
            if packages:
                stay = apt.take_away(remains.records(), work)
                kept = [one for one in kept if one[0] != "package"] + [("package", sentence) for sentence in stay]
                for sentence in stay:
                    work.say(sentence)
                remains.settle()
            remains.finish(step, site, unfinished)
            if packages:
                for record in remains.folders():
                    if UNDO["folder"](record, work) is None:
                        remains.forget("folder", record["target"])
            for journal in journals:
                journal.forget()
            return " ".join(sentence for _, sentence in kept) or "as it was before"

        return self._record(step, site, body, undo=True)

    def _work(self, step: str, site: str | None, *, overwrite: bool, wipe: bool = False) -> RunApplyContext:
        journal = Journal(self.backups, step, site)
        return RunApplyContext(self.recorder, Backups(self.backups), journal, overwrite=overwrite, wipe=wipe)

    def _check(self, check: Check) -> Check:
        self.recorder.emit(
            {"event": "check", "id": check.id, "name": check.name, "ok": check.ok, "detail": check.detail}
        )
        return check

    def _record(self, step: str, site: str | None, body: Callable[[], tuple[str, str]], *, undo: bool = False) -> bool:
        """The one boundary of a run: whatever happens in it ends in events and state."""
        since = time.monotonic()
        self.state.mark(step, site, "running", self.recorder.run)
        result, summary = "failed", ""
        try:
            with self.stopping:
                result, summary = body()
        except PiwizardError as error:
            self.locate(error, site)
            summary = error.message
            self.recorder.emit({"event": "error", "message": error.located, "key": error.key, "hint": error.hint})
        except Exception as error:  # noqa: BLE001 — a person gets a sentence, the record gets the traceback
            summary = self.recorder.unforeseen(error)
        except Stopped:
            result, summary = "stopped", "Stopped before its end."
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


def _with_left(left: list[Record], records: list[Record]) -> list[Record]:
    """The records of a journal, oldest first, with those that an earlier undo has left in place of later ones.

    A folder that was kept was there when the next set-up came, and was piwizard's all the same.
    """
    first = {(one["kind"], one["target"]): one for one in left}
    merged = [first.pop((one["kind"], one["target"]), one) for one in records]
    return [*first.values(), *merged]
