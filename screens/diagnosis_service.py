"""Give screens the checks, the problems that they find, and the fixes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from piwizard.screens.run_service import RunService

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from piwizard.diagnosis.failure import RunFailure
    from piwizard.diagnosis.findings import Finding
    from piwizard.setup.service import Proposal
    from piwizard.setup.site_overview import HomeOverview
    from piwizard.system.remedies import Fix


class DiagnosisService(RunService):
    """The run service with what belongs to problems."""

    def checkup(self) -> list[Finding]:
        """Run every check from a visitor's view."""
        from piwizard.diagnosis.checkup import examine

        return examine()

    def failure(self, site: str) -> RunFailure | None:
        """Return why the last run of a site failed; None if it did not."""
        from piwizard.diagnosis.failure import last_failure
        from piwizard.setup import workspace

        with self._source_lock:
            return last_failure(self._planner(), workspace.state(), site)

    def diagnose(self, site: str | None) -> list[Finding]:
        """Look for problems of a site or of all, and of this machine, and their causes."""
        from piwizard.diagnosis import doctor

        with self._source_lock:
            return doctor.examine(site)

    def fixing(self, site: str | None, found: Sequence[Finding]) -> Proposal:
        """Return the plan that fixes these problems.

        Its answers are added once it is confirmed.
        """
        from piwizard.diagnosis import fixes
        from piwizard.setup import workspace
        from piwizard.setup.answers_draft import AnswersDraft

        draft, additions = AnswersDraft(self.answering), []
        for owner in dict.fromkeys(one.site for one in found):
            additions.append((owner, tuple(remedy for one in found if one.site == owner for remedy in one.fix)))
            fixes.add_answers(*additions[-1], draft)
        run = fixes.merge_runs([remedy for one in found for remedy in one.fix])
        made = self._newest(
            lambda planner: planner.select(run.steps, site),
            fetch=run.newest,
            planner=workspace.planner_for(draft.file(), dict(self._pins)),
        )
        return replace(made, additions=tuple(additions))

    def start(self, proposal: Proposal) -> str:
        """Add the answers that belong to a proposal, start its run, and return its id."""
        for site, remedies in proposal.additions:
            self.add_answers(site, remedies)
        return super().start(proposal)

    def add_answers(self, site: str | None, remedies: Fix) -> None:
        """Add the answers of a fix that need no input; existing ones stay."""
        from piwizard.diagnosis import fixes

        fixes.add_answers(site, remedies)

    def refresh_overview(self) -> HomeOverview:
        """Check all sites and this machine, and return what was found."""
        from piwizard.diagnosis import overview_refresh
        from piwizard.setup import workspace

        with self._source_lock:
            return overview_refresh.refresh(self._planner(), workspace.state())

    def report_texts(self) -> list[tuple[str, str]]:
        """Return the files of a report, without secrets and names. Writes nothing."""
        from piwizard.diagnosis import report

        return report.redacted()

    def write_report(self, texts: Sequence[tuple[str, str]]) -> Path:
        """Write a report that a person has seen, and return its file."""
        from piwizard.diagnosis import report

        path = report.default_path()
        report.write_bundle(path, texts)
        return path
