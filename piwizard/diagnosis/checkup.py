"""`piwizard checkup`: host names, router, ports, what visitors get, then the steps' own checks and the clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from piwizard import output
from piwizard.apps.layout import Layout
from piwizard.diagnosis import served_pages
from piwizard.diagnosis.doctor import no_site
from piwizard.diagnosis.findings import Finding, from_check, show_findings
from piwizard.diagnosis.names import AT_HOME
from piwizard.diagnosis.served_https import check_https, no_https
from piwizard.engine.state import State
from piwizard.errors import PiwizardError
from piwizard.machine.remedies import Advice, Fix, RunCommand
from piwizard.reach import leads, outside
from piwizard.setup import workspace
from piwizard.setup.planner import Planner
from piwizard.setup.status import is_running
from piwizard.steps.blocks import bare_name
from piwizard.steps.registry import StepInstance
from piwizard.tls import lineage
from piwizard.tls.gate import MOST_OFF
from piwizard.tls.world import Here

REACH = ("ddns", "static-ip", "router")
"""The steps between a visitor and this machine: what they say comes first."""


class Checkup:
    """One look at everything that a visitor's request goes through. Alters nothing."""

    def __init__(self, wizard: Planner, state: State) -> None:
        self._wizard, self._state = wizard, state

    def findings(self, site: str | None = None) -> list[Finding]:
        """Every look at the machine, and at one site or at all."""
        if site:
            self._wizard.answers.of(site)
        sites = [site] if site else list(self._wizard.answers.sites)
        if not sites:
            return [no_site()]
        places = [place for place in self._wizard.select() if place.site in (None, *sites)]
        reach = [finding for place in places if place.step.name in REACH for finding in self._place(place)]
        known = {(finding.id, finding.subject) for finding in reach}
        names = [one for site in sites for one in self._names(site) if (one.id, one.subject) not in known]
        return [
            *names,
            *reach,
            *self._ports(sites),
            *(finding for one in sites for finding in self._visitors(one)),
            *(finding for place in places if place.step.name not in REACH for finding in self._place(place)),
            self._clock(),
        ]

    def _names(self, site: str) -> Iterator[Finding]:
        domains = self._wizard.answers.of(site).get("site.domains", ())
        public = [domain for domain in domains if "." in domain and not domain.endswith(AT_HOME)]
        if not public:
            return
        interfaces = self._wizard.context.facts.network.interfaces or ()
        own = [one.address for each in interfaces for one in each.addresses if one.family == 6]
        where = outside.ask(4)
        for domain in public:
            for check in leads.look(domain, where, own_ipv6=own, told=None):
                yield from_check(check, "site", site)

    def _ports(self, sites: Sequence[str]) -> Iterator[Finding]:
        in_use = lineage.look().in_use
        for port in (80, 443) if any(site in in_use for site in sites) else (80,):
            owner = self._wizard.context.facts.port(port)
            ok = owner is not None and owner.program == "nginx"
            detail = "nginx" if ok else f"not nginx, but {owner.words}" if owner else "nothing listens there"
            fix = (
                Advice("Stop what else uses the port."),
                RunCommand("piwizard apply nginx site", "to start nginx"),
            )
            yield Finding(
                "port-served", f"nginx listens on port {port}", ok, detail, fix=() if ok else fix, subject=str(port),
                step="nginx",
            )  # fmt: skip

    def _visitors(self, site: str) -> Iterator[Finding]:
        if not self._done("site", site):
            return  # its own line says so
        answers, secure = self._wizard.answers.of(site), site in lineage.look().in_use
        domains, host = answers["site.domains"], bare_name(answers["site.domains"])
        by_dns = answers.get("tls.challenge", "http") == "dns"
        yield from (check_https(site, domains, host) if secure else [no_https(site, by_dns=by_dns)])
        public, hsts = Layout(site, "").current / "public", bool(answers.get("tls.hsts", True))
        yield from served_pages.check_pages(site, domains, secure=secure, hsts=hsts, public=public)

    def _done(self, step: str, site: str | None) -> bool:
        entry = self._state.entry(step, site)
        return entry is not None and entry.result == "done"

    def _place(self, place: StepInstance) -> Iterator[Finding]:
        """Return a step's own checks, where it is done; else its state."""
        step, site = place.step.name, place.site
        entry = self._state.entry(step, site)

        def finding(*, ok: bool, detail: str, fix: Fix = ()) -> Finding:
            return Finding(
                "step-in-sync", f"Step {step} set up", ok, detail, fix=fix, subject=step, step=step, site=site
            )

        if entry and is_running(place, entry):
            yield finding(ok=True, detail="being set up right now")
            return
        if not self._done(step, site):
            detail = entry.summary or f"ended as {entry.result}" if entry else "not set up yet"
            yield finding(ok=False, detail=detail, fix=(RunCommand(f"piwizard apply {step}"),))
            return
        try:
            for check in self._wizard.checks(place):
                yield from_check(check, step, site)
        except PiwizardError as error:
            yield finding(ok=False, detail=error.message, fix=(Advice(error.hint),) if error.hint else ())

    def _clock(self) -> Finding:
        by = self._wizard.context.facts.clock.by
        kept = f", kept by {by}" if by else ""
        seen = Here().clocks()

        def finding(*, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Finding:
            return Finding("clock-correct", "Clock correct", ok, detail, cause, fix, step="system")

        if seen is None:
            cause = "None of the servers that were asked for the time has answered."
            fix: Fix = (Advice("Check this Pi's Internet connection, then check again."),)
            return finding(ok=False, detail=f"unknown: no time from the Internet{kept}", cause=cause, fix=fix)
        off = abs(seen[0] - seen[1])
        if off < MOST_OFF:
            return finding(ok=True, detail=f"{int(off.total_seconds())} s from the Internet's time{kept}")
        detail = f"the clock shows {seen[0]:%Y-%m-%d %H:%M} UTC, but it is {seen[1]:%Y-%m-%d %H:%M} UTC"
        cause = "A Pi has no battery for its clock, and has not reached a time server."
        fix = (RunCommand("sudo timedatectl set-ntp true", "to set the clock from the Internet"),)
        return finding(ok=False, detail=detail, cause=cause, fix=fix)


def run(site: str | None, *, as_json: bool) -> int:
    """Run the command: check everything and show it. Return the exit code."""
    found = examine(site)
    if as_json:
        output.dump({"findings": [finding.as_json() for finding in found]})
    else:
        show_findings(found)
    return 0 if all(finding.ok for finding in found) else 1


def examine(site: str | None = None) -> list[Finding]:
    """Looks at this machine."""
    return Checkup(workspace.planner(None), workspace.state()).findings(site)
