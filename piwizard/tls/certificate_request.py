"""Asking certbot for a certificate: after the gate, within the limits, rehearsed at the staging server first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from piwizard.changes.base import ApplyContext, ChangeFailed
from piwizard.system import files, paths
from piwizard.tls import certbot_errors, lineage, preflight, rate_limits
from piwizard.tls.certbot_errors import CertbotError
from piwizard.tls.challenge import Challenge
from piwizard.tls.preflight import World
from piwizard.tls.rate_limits import Attempts

LOG = Path("/var/log/letsencrypt/letsencrypt.log")
MOST_OF_LOG = 1 << 18
KILLED = 128 + 9
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"
PRODUCTION = "https://acme-v02.api.letsencrypt.org/directory"


@dataclass(frozen=True)
class CertbotRequest:
    """One certificate. `server` None: Let's Encrypt. `ca_bundle`: whom certbot trusts as that server."""

    name: str
    domains: tuple[str, ...]
    world: World
    email: str | None = None
    server: str | None = None
    ca_bundle: str | None = None
    force: bool = False
    """Also where certbot has one for these names: it came from another server, or in another way."""
    way: Challenge = field(default_factory=Challenge)

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """See `Certificate`."""
        return (self._rehearsal, self._real)

    def make(self, work: ApplyContext) -> None:
        """See `Certificate`."""
        known, server = Attempts(paths.state_dir() / "attempts.json"), self.server or PRODUCTION
        rehearsed = self.server or STAGING
        for asked in (rehearsed, server):
            wait = known.wait(asked, self.domains, rate_limits.now())
            if wait is None:
                continue
            raise ChangeFailed(
                f"Let's Encrypt was not asked: it takes no more requests for these names before "
                f"{wait.until:%Y-%m-%d %H:%M} UTC, since {wait.why}.",
                hint="The site is served meanwhile as it was. Apply again after that time.",
            )
        work.say("Looking whether everything is as Let's Encrypt will want it.")
        by_le, zone = self.server is None, self.way.zone
        if trouble := preflight.first_trouble(self.domains, self.world, letsencrypt=by_le, zone=zone):
            raise ChangeFailed(f"{trouble.sentence} Let's Encrypt was not asked.", key=trouble.key, hint=trouble.hint)
        looks = f"for a record in {zone}" if zone else "at this home from the Internet"
        work.say(f"Rehearsing it at the staging server, which looks {looks}.")
        try:
            self._run(self._rehearsal, work)
        except CertificateRefused as refused:
            if refused.refusal.retry_at:  # its limits are counted apart, and are to be kept to as well
                begun = known.begin(rehearsed, self.domains, rate_limits.now())
                known.end(begun, "refused", (), refused.refusal.retry_at)
            raise
        for path in lineage.leftovers(self.name):
            files.remove(path)
            work.note(path, "removed: it was not whole")
        begun = known.begin(server, self.domains, rate_limits.now())
        try:
            self._run(self._real, work)
        except CertificateRefused as refused:
            known.end(begun, "refused", refused.refusal.failed, refused.refusal.retry_at)
            raise
        known.end(begun, "issued")

    @property
    def environment(self) -> Mapping[str, str]:
        """What certbot needs to trust a private server."""
        return {"REQUESTS_CA_BUNDLE": self.ca_bundle} if self.ca_bundle else {}

    @property
    def _real(self) -> tuple[str, ...]:
        who = ("--email", self.email, "--no-eff-email") if self.email else ("--register-unsafely-without-email",)
        where = ("--server", self.server) if self.server else ()
        force = "--force-renewal" if self.force else "--keep-until-expiring"
        names = tuple(word for domain in self.domains for word in ("-d", domain))
        return (
            *(*self.way.certbot, "certonly", "--non-interactive", "--agree-tos", *who, *where),
            *(*self.way.options, "--cert-name", self.name, "--renew-with-new-domains", force, *names),
        )

    @property
    def _rehearsal(self) -> tuple[str, ...]:
        return (*self._real, "--dry-run")

    def _run(self, argv: tuple[str, ...], work: ApplyContext) -> None:
        result = work.command(argv, env=self.environment, allow=range(-64, 256))
        if result.exit < 0 or result.exit == KILLED:
            raise ChangeFailed(
                "certbot was ended from outside before it had the certificate.",
                hint="Most likely the memory was used up: stop other programs, or add swap, then apply again.",
            )
        if not result.ok:
            log = (files.read(LOG) or b"")[-MOST_OF_LOG:].decode("utf-8", "replace")
            server = self.server or (STAGING if "--dry-run" in argv else PRODUCTION)
            asked = urlsplit(server).hostname or server
            raise CertificateRefused(certbot_errors.explain(f"{result.output}\n{result.errors}", log, server=asked))


class CertificateRefused(ChangeFailed):
    """certbot ended with an error."""

    def __init__(self, refusal: CertbotError) -> None:
        super().__init__(refusal.sentence, key=refusal.key, hint=refusal.hint)
        self.refusal = refusal
