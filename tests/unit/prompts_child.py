"""Run the plain prompts on a recorded Pi with simulated runs; see test_prompts.py.

Everything above the engine is real: questions, answers, secrets, plans, state.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

from piwizard import prompts
from piwizard.apps import power_access
from piwizard.engine.events import Event
from piwizard.errors import PiwizardError
from piwizard.prompts.prompt_console import echoing, open_console
from piwizard.prompts.prompt_flow import SITE, MenuCommand, SiteCommands
from piwizard.prompts.prompt_service import PromptService
from piwizard.setup import workspace
from piwizard.setup.planner import Planner
from piwizard.setup.service import Proposal
from piwizard.setup.site_overview import HomeOverview
from piwizard.setup.status import Status
from piwizard.system import facts, paths
from tests.recorded_machine import RecordedSource

SAMPLE = Path(__file__).parent / "system" / "samples" / "pi4-trixie"

NOW = "2026-01-01T00:00:00.000Z"


class Pi(PromptService):
    """A Pi whose run fails once if `fail` exists, and waits while `wait` exists."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._proposal: Proposal | None = None

    def _planner(self) -> Planner:
        made = super()._planner()
        made.context.__dict__["facts"] = facts.gather(RecordedSource(SAMPLE))
        return made

    def statuses(self) -> list[Status]:
        made, state = self._planner(), workspace.state()
        found = []
        for place in made.all_instances():
            entry = state.entry(place.step.name, place.site)
            skipped = "skipped" if place.step.name in made.skipped else "todo"
            found.append(Status(place, entry.result if entry else skipped, summary=entry.summary if entry else ""))
        return found

    def start(self, proposal: Proposal) -> str:
        if (self._folder / "no-systemd").exists():
            raise PiwizardError("systemd does not run on this machine.", hint="`piwizard rehearse` shows it all.")
        self._proposal = proposal
        proposal.planner.keep_secrets(place for place, _ in proposal.plans)
        return "20260101T000000-abcd"

    def follow(self, run: str) -> Iterator[Event]:
        assert self._proposal is not None
        state = workspace.state()
        yield {
            "event": "apply-started",
            "at": NOW,
            "action": "apply",
            "steps": tuple((place.step.name, place.site) for place, _ in self._proposal.plans),
        }
        for place, changes in self._proposal.plans:
            step, site = place.step.name, place.site
            yield {"event": "run-started", "step": step, "site": site, "plan": []}
            for one in changes:
                yield {"event": "change-started", "change": one.change.describe(), "kind": one.change.kind}
                yield {"event": "command-started", "argv": ["echo", "it works"], "id": 1}
                yield {"event": "output", "text": "it \x1b[31mworks\x1b[0m", "id": 1, "stream": "stdout"}
            while (self._folder / "wait").exists():
                yield {"event": "note", "text": "still at it"}
            if (self._folder / "fail").exists():
                (self._folder / "fail").unlink()
                state.mark(step, site, "failed", run, "The disk is full.")
                yield {"event": "error", "message": "The disk is full.", "hint": "Make room."}
                yield {"event": "apply-finished", "result": "failed", "seconds": 1.0}
                return
            yield {"event": "check", "name": "all", "ok": True, "detail": "well"}
            state.mark(step, site, "done", run, "All is well.")
            yield {
                "event": "run-finished",
                "step": step,
                "site": site,
                "result": "done",
                "seconds": 1.0,
                "summary": "All is well.",
            }
        yield {"event": "apply-finished", "result": "done", "seconds": 1.0}

    def refresh_overview(self) -> HomeOverview:
        return self.saved_overview()

    def under_way(self) -> str | None:
        return "20260101T000000-abcd" if (self._folder / "wait").exists() else None


def main() -> int:
    """Run the prompts below the folder in argv[1]."""
    folder = Path(sys.argv[1])
    names = {"state": "lib", "log": "log", "cache": "cache", "config": "etc", "runtime": "run"}
    paths._dirs = lambda: SimpleNamespace(**{f"user_{name}_path": folder / to for name, to in names.items()})
    power_access.RULES = folder / "rules.d"  # the machine's own are readable for root alone
    done = folder / "commands"

    def note(name: str) -> Callable[..., None]:
        return lambda *given: done.write_text(f"{name} {' '.join(map(str, given))}\n")

    maintain = {
        "close": MenuCommand("close a site", ("maintenance", "on", SITE)),
        "restore": MenuCommand("restore a site", ("restore", "--site", SITE), "Before which time?", "--at"),
    }
    commands = SiteCommands(*map(note, ("deploy", "logs", "check", "undo", "remove")), maintain, note("run"))
    with echoing(False):
        return prompts.guide(open_console(), Pi(folder), commands, " ".join(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
