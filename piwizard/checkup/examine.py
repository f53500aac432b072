"""The whole checkup: names, the router, ports, what visitors get, then the steps' own looks and the clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from piwizard.apps.layout import Layout
from piwizard.checkup import https, pages
from piwizard.dns import points_here
from piwizard.doctor.finding import Finding, from_check
from piwizard.doctor.names import AT_HOME
from piwizard.engine.state import State
from piwizard.errors import PiwizardError
from piwizard.network import public_ip
from piwizard.setup import workspace
from piwizard.setup.planner import Wizard
from piwizard.setup.status import is_running
from piwizard.steps.blocks import bare_name
from piwizard.steps.registry import Place
from piwizard.tls import lineage
from piwizard.tls.preflight import MOST_OFF
from piwizard.tls.probes import Here

REACH = ("ddns", "static-ip", "router")
"""The steps between a visitor and this machine: what they say comes first."""


class Checkup:
    """One look at everything that a visitor's request goes through. Alters nothing."""

    def __init__(self, wizard: Wizard, state: State) -> None:
        self._wizard, self._state = wizard, state

    def findings(self, site: str | None = None) -> list[Finding]:
        """Every look at the machine, and at one site or at all."""
        if site:
            self._wizard.answers.of(site)
        sites = [site] if site else list(self._wizard.answers.sites)
        if not sites:
            mend = "`piwizard` asks for what it needs and sets it up."
            return [Finding("sites", "app", None, False, "no site is set up", "There are no answers yet.", mend)]
        places = [place for place in self._wizard.places() if place.site in (None, *sites)]
        reach = [finding for place in places if place.step.name in REACH for finding in self._place(place)]
        told = {finding.name for finding in reach}
        names = [finding for one in sites for finding in self._names(one) if finding.name not in told]
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
        interfaces = self._wizard.facts.network.interfaces or ()
        own = [one.address for each in interfaces for one in each.addresses if one.family == 6]
        where = public_ip.ask(4)
        for domain in public:
            for check in points_here.look(domain, where, own_ipv6=own, told=None):
                yield from_check(check, "site", site)

    def _ports(self, sites: Sequence[str]) -> Iterator[Finding]:
        in_use = lineage.look().in_use
        for port in (80, 443) if any(site in in_use for site in sites) else (80,):
            owner = self._wizard.facts.port(port)
            ok = owner is not None and owner.program == "nginx"
            detail = "nginx" if ok else f"not nginx, but {owner.words}" if owner else "nobody listens"
            mend = "" if ok else "`piwizard apply nginx site` starts it; stop what else has the port."
            yield Finding(f"port {port}", "nginx", None, ok, detail, "", mend)

    def _visitors(self, site: str) -> Iterator[Finding]:
        if not self._done("site", site):
            return  # its own line says so
        answers, secure = self._wizard.answers.of(site), site in lineage.look().in_use
        domains, host = answers["site.domains"], bare_name(answers["site.domains"])
        by_dns = answers.get("tls.challenge", "http") == "dns"
        yield from https.look(site, domains, host) if secure else [https.without(site, by_dns=by_dns)]
        public, hsts = Layout(site, "").current / "public", bool(answers.get("tls.hsts", True))
        yield from pages.look(site, domains, secure=secure, hsts=hsts, public=public)

    def _done(self, step: str, site: str | None) -> bool:
        entry = self._state.entry(step, site)
        return entry is not None and entry.result == "done"

    def _place(self, place: Place) -> Iterator[Finding]:
        """A step's own looks, where it is done; else how it stands."""
        step, site = place.step.name, place.site
        entry = self._state.entry(step, site)
        if entry and is_running(place, entry):
            yield Finding(f"step {step}", step, site, True, "is being set up right now")
            return
        if not self._done(step, site):
            detail = entry.summary or f"ended as {entry.result}" if entry else "was not set up yet"
            yield Finding(f"step {step}", step, site, False, detail, "", f"`piwizard apply {step}` does it.")
            return
        try:
            for check in self._wizard.checks(place):
                yield from_check(check, step, site)
        except PiwizardError as error:
            yield Finding(f"step {step}", step, site, False, error.message, "", error.hint or "")

    def _clock(self) -> Finding:
        by = self._wizard.facts.clock.by
        kept = f", kept by {by}" if by else ""
        seen = Here().clocks()
        if seen is None:
            cause = "None of the servers that were asked for the time has answered."
            mend = "Look whether this machine has a connection, then check again."
            return Finding(
                "time", "system", None, False, f"cannot be checked: the Internet's is not known{kept}", cause, mend
            )
        off = abs(seen[0] - seen[1])
        if off < MOST_OFF:
            return Finding("time", "system", None, True, f"{int(off.total_seconds())} s from the Internet's{kept}")
        detail = f"it says {seen[0]:%Y-%m-%d %H:%M} UTC, and it is {seen[1]:%Y-%m-%d %H:%M}"
        cause = "A Pi has no battery for its clock, and has not reached a time server."
        mend = "`sudo timedatectl set-ntp true` sets it from the Internet; certificates fail with a wrong clock."
        return Finding("time", "system", None, False, detail, cause, mend)


def examine(site: str | None = None) -> list[Finding]:
    """Looks at this machine."""
    return Checkup(workspace.wizard(None), workspace.state()).findings(site)
