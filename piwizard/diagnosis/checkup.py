"""Check everything that a visitor's request goes through: `piwizard checkup`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from piwizard.apps.layout import SiteLayout
from piwizard.diagnosis import served_pages
from piwizard.diagnosis.doctor import no_site
from piwizard.diagnosis.findings import Finding, from_check, show_findings
from piwizard.diagnosis.served_https import check_https, no_https
from piwizard.dns.host_names import check_names
from piwizard.engine import run_log
from piwizard.engine.state import State
from piwizard.network import internet_time
from piwizard.network.internet_time import check_clock, read_clock
from piwizard.setup import workspace
from piwizard.setup.health import inspect, is_running
from piwizard.setup.planner import Planner
from piwizard.steps.blocks import bare_name
from piwizard.steps.registry import StepInstance
from piwizard.system import console
from piwizard.system.port_advice import how_to_move
from piwizard.system.remedies import Advice, Fix, RunCommand
from piwizard.tls import lineage
from piwizard.tls.certified_names import public_names


class Checkup:
    """The checks of everything that a visitor's request goes through, in order."""

    def __init__(self, planner: Planner, state: State) -> None:
        self._planner, self._state = planner, state

    def findings(self, site: str | None = None) -> list[Finding]:
        """Return all checks of the machine, and of one site or of all sites."""
        if site:
            self._planner.answers.of(site)
        sites = [site] if site else list(self._planner.answers.sites)
        if not sites:
            return [no_site()]
        instances = [instance for instance in self._planner.select() if instance.site in (None, *sites)]
        from_outside = [
            finding for instance in instances if instance.step.from_outside for finding in self._instance(instance)
        ]
        known = {(finding.id, finding.subject) for finding in from_outside}
        names = [one for site in sites for one in self._names(site) if (one.id, one.subject) not in known]
        return [
            *names,
            *from_outside,
            *self._ports(sites),
            *(finding for one in sites for finding in self._visitors(one)),
            *(
                finding
                for instance in instances
                if not instance.step.from_outside
                for finding in self._instance(instance)
            ),
            self._clock(),
        ]

    def _names(self, site: str) -> Iterator[Finding]:
        domains = self._planner.answers.of(site).get("site.domains", ())
        checks = check_names(domains, self._planner.context.facts.network, local=False)
        yield from (from_check(check, "site", site) for check in checks)

    def _ports(self, sites: Sequence[str]) -> Iterator[Finding]:
        in_use = lineage.read_certificates().in_use
        for port in (80, 443) if any(site in in_use for site in sites) else (80,):
            owner = self._planner.context.facts.port(port)
            ok = owner is not None and owner.program == "nginx"
            detail = "nginx" if ok else f"not nginx, but {owner.words}" if owner else "nothing listens there"
            fix = (
                *((Advice(how_to_move(owner)),) if owner else ()),
                RunCommand("piwizard apply nginx site", "to start nginx"),
            )
            yield Finding(
                "port-served", f"nginx listens on port {port}", ok, detail, fix=() if ok else fix, subject=str(port),
                step="nginx",
            )  # fmt: skip

    def _visitors(self, site: str) -> Iterator[Finding]:
        if not self._done("site", site):
            return  # the check of the step reports it
        answers = self._planner.answers.of(site)
        if answers.get("site.path"):
            return  # its domains are those of another site
        secure, domains = site in lineage.read_certificates().in_use, list(public_names(answers))
        host = bare_name(domains)
        by_dns = answers.get("tls.challenge", "http") == "dns"
        yield from (check_https(site, domains, host) if secure else [no_https(site, by_dns=by_dns)])
        public, hsts = SiteLayout(site, "").current / "public", answers.get("tls.hsts") != "off"
        yield from served_pages.check_pages(site, domains, secure=secure, hsts=hsts, public=public)

    def _done(self, step: str, site: str | None) -> bool:
        entry = self._state.entry(step, site)
        return entry is not None and entry.result == "done"

    def _instance(self, instance: StepInstance) -> Iterator[Finding]:
        """Return a step's own checks if it is done, else its state."""
        step, site = instance.step.name, instance.site
        entry = self._state.entry(step, site)

        def finding(*, ok: bool, detail: str, fix: Fix = ()) -> Finding:
            return Finding(
                "step-in-sync", f"{instance.step.title} set up", ok, detail, fix=fix, subject=step, step=step, site=site
            )

        if entry is None and self._planner.declined(instance):
            return
        if entry and is_running(instance, entry):
            yield finding(ok=True, detail="being set up right now")
            return
        if not self._done(step, site):
            detail = entry.summary or f"ended as {entry.result}" if entry else "not set up yet"
            yield finding(ok=False, detail=detail, fix=(RunCommand(f"piwizard apply {step}"),))
            return
        health = inspect(self._planner, instance)
        yield from (from_check(check, step, site) for check in health.checks if check.id != internet_time.CHECK_ID)
        if error := health.error:
            yield finding(ok=False, detail=error.message, fix=(Advice(error.hint),) if error.hint else ())

    def _clock(self) -> Finding:
        by = self._planner.context.facts.clock.by
        check = check_clock(read_clock())
        return from_check(
            replace(check, detail=f"{check.detail}, synchronized by {by}" if by and check.ok else check.detail),
            "system",
            None,
        )


def run(site: str | None, *, as_json: bool, everything: bool = False) -> int:
    """Run the command: check everything and show it. Return the exit code.

    `everything`: also list each check that passed.
    """
    found = examine(site)
    if as_json:
        console.say_json({"findings": [finding.as_json() for finding in found]}, but=run_log.PLAIN)
    else:
        show_findings(found, everything=everything)
    return 0 if all(finding.ok for finding in found) else 1


def examine(site: str | None = None) -> list[Finding]:
    """Check this machine."""
    return Checkup(workspace.planner(None), workspace.state()).findings(site)
