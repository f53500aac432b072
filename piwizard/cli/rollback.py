"""Roll a site back to an earlier release, or undo that."""

from __future__ import annotations

import sys

from piwizard.cli import live_versions, output
from piwizard.cli.apply import watch_run
from piwizard.engine import run_launch
from piwizard.errors import PiwizardError
from piwizard.setup import rollback_proposal, workspace
from piwizard.setup.rollback_proposal import RollbackProposal
from piwizard.system import console, printable


def roll_back(words: tuple[str, ...], *, yes: bool, detach: bool, as_json: bool) -> int:
    """Go back to the named release, else to the one before; return the exit code."""
    site, release = split_words(words, tuple(workspace.planner(None).answers.sites))
    run_launch.require_systemd()
    return _carry_out(rollback_proposal.propose_rollback(site, release), yes=yes, detach=detach, as_json=as_json)


def undo_rollback(site: str | None, *, yes: bool, as_json: bool) -> int:
    """Return to the release that was in use before the last rollback."""
    site, _ = split_words((site,) if site else (), tuple(workspace.planner(None).answers.sites))
    run_launch.require_systemd()
    return _carry_out(rollback_proposal.propose_undo(site), yes=yes, detach=False, as_json=as_json)


def split_words(words: tuple[str, ...], sites: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the site and the release of the words [SITE] [RELEASE].

    PiwizardError if the site is unclear.
    """
    if words and words[0] in sites:
        return words[0], words[1] if len(words) > 1 else None
    if len(words) > 1:
        raise PiwizardError(f"There is no site {words[0]}.", hint=f"Sites: {', '.join(sites) or 'none yet'}.")
    if len(sites) == 1:
        return sites[0], words[0] if words else None
    if not sites:
        raise PiwizardError("There is no site yet.", hint="Run `piwizard` to set up your first site.")
    raise PiwizardError(f"There are several sites: {', '.join(sites)}.", hint="Name one of them first.")


def _carry_out(proposal: RollbackProposal, *, yes: bool, detach: bool, as_json: bool) -> int:
    site = proposal.site
    _confirm(proposal, yes=yes, as_json=as_json)
    run_launch.require_free()
    before = live_versions.deployed_commits([site])
    run = rollback_proposal.start_rollback(proposal)
    if detach:
        output.say_started(run, as_json=as_json)
        return 0
    if code := watch_run(run, as_json=as_json):
        return code
    if not as_json:
        live_versions.show_live_versions(workspace.planner(None), [site], before)
        console.say(f"{site} stays there until the next deploy. `piwizard undo rollback --site {site}` undoes this.")
    return 0


def _confirm(proposal: RollbackProposal, *, yes: bool, as_json: bool) -> None:
    """Ask whether to go back; raise PiwizardError if the data may not fit and there is no terminal."""
    warning = proposal.data_warning
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        if warning:
            raise PiwizardError(printable.line(warning), hint="Add --yes to go back with the data as it is.")
        return
    console.say(printable.line(proposal.sentence))
    if warning:
        output.warn(printable.line(warning))
    console.confirm("Go back, with the data as it is?" if warning else "Go back?")
