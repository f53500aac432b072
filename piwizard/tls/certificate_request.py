"""Request a certificate: preflight checks, rate limits, dry run, then certbot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from urllib.parse import urlsplit

from piwizard.changes.base import ApplyContext, ChangeFailed
from piwizard.system import files, paths
from piwizard.system.lazy_dataclass import dataclass
from piwizard.tls import certbot_errors, lineage, preflight, rate_limits
from piwizard.tls.certbot_errors import CertbotError
from piwizard.tls.challenge import Challenge
from piwizard.tls.preflight import Probes
from piwizard.tls.rate_limits import Attempts

LOG = Path("/var/log/letsencrypt/letsencrypt.log")
MAX_LOG_BYTES = 1 << 18
KILLED = 128 + 9
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"
PRODUCTION = "https://acme-v02.api.letsencrypt.org/directory"


@dataclass(frozen=True)
class CertbotRequest:
    """A request for one certificate.

    `server` is None for Let's Encrypt. `ca_bundle` has the CA certificates that certbot trusts for another server.
    """

    name: str
    domains: tuple[str, ...]
    probes: Probes
    email: str | None = None
    server: str | None = None
    ca_bundle: str | None = None
    force: bool = False
    """Replace an existing certificate that came from another server or by another challenge."""
    challenge: Challenge = field(default_factory=Challenge)

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """See `Certificate`."""
        return (self._dry_run_argv, self._argv)

    def make(self, work: ApplyContext) -> None:
        """See `Certificate`."""
        attempts, server = Attempts(paths.state_dir() / "attempts.json"), self.server or PRODUCTION
        dry_run_server = self.server or STAGING
        for one in (dry_run_server, server):
            wait = attempts.wait(one, self.domains, rate_limits.now())
            if wait is None:
                continue
            raise ChangeFailed(
                f"No request was sent: Let's Encrypt accepts no more requests for these domains before "
                f"{wait.until:%Y-%m-%d %H:%M} UTC, because {wait.reason}.",
                hint="The site stays online as before. Apply again after that time.",
            )
        work.say("Running preflight checks for Let's Encrypt.")
        from_letsencrypt, zone = self.server is None, self.challenge.zone
        problem = preflight.find_problem(self.domains, self.probes, letsencrypt=from_letsencrypt, zone=zone)
        if problem and problem.certain:
            raise ChangeFailed(
                f"{problem.sentence} No request was sent to Let's Encrypt.", key=problem.key, hint=problem.hint
            )
        if problem:
            work.say(f"{problem.sentence} The dry run shows if a proxy or a VPN forwards requests to this Pi.")
        method = f"by a DNS record in {zone}" if zone else "by a connection from the Internet"
        work.say(f"Starting a dry run at the staging server, which validates {method}.")
        try:
            self._run(self._dry_run_argv, work)
        except CertificateRefused as refused:
            if refused.refusal.retry_at:  # the staging server has rate limits of its own
                attempt = attempts.begin(dry_run_server, self.domains, rate_limits.now())
                attempts.end(attempt, "refused", (), refused.refusal.retry_at)
            elif problem and refused.refusal.failed:
                raise ChangeFailed(
                    f"{problem.sentence} The dry run failed too: {refused.message}", hint=problem.hint
                ) from refused
            raise
        for path in lineage.find_leftovers(self.name):
            files.remove(path)
            work.note(path, "removed: incomplete")
        attempt = attempts.begin(server, self.domains, rate_limits.now())
        try:
            self._run(self._argv, work)
        except CertificateRefused as refused:
            attempts.end(attempt, "refused", refused.refusal.failed, refused.refusal.retry_at)
            raise
        attempts.end(attempt, "issued")

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the environment variables that make certbot trust a private server."""
        return {"REQUESTS_CA_BUNDLE": self.ca_bundle} if self.ca_bundle else {}

    @property
    def _argv(self) -> tuple[str, ...]:
        contact = ("--email", self.email, "--no-eff-email") if self.email else ("--register-unsafely-without-email",)
        server = ("--server", self.server) if self.server else ()
        force = "--force-renewal" if self.force else "--keep-until-expiring"
        names = tuple(word for domain in self.domains for word in ("-d", domain))
        return (
            *(*self.challenge.certbot, "certonly", "--non-interactive", "--agree-tos", *contact, *server),
            *(*self.challenge.options, "--cert-name", self.name, "--renew-with-new-domains", force, *names),
        )

    @property
    def _dry_run_argv(self) -> tuple[str, ...]:
        return (*self._argv, "--dry-run")

    def _run(self, argv: tuple[str, ...], work: ApplyContext) -> None:
        result = work.command(argv, env=self.environment, allow=range(-64, 256))
        if result.exit < 0 or result.exit == KILLED:
            raise ChangeFailed(
                "certbot was killed before it had the certificate.",
                hint="Most likely the Pi ran out of memory. Stop other programs or add swap, then apply again.",
            )
        if not result.ok:
            log = (files.read(LOG) or b"")[-MAX_LOG_BYTES:].decode("utf-8", "replace")
            server = self.server or (STAGING if "--dry-run" in argv else PRODUCTION)
            host = urlsplit(server).hostname or server
            raise CertificateRefused(certbot_errors.explain(f"{result.output}\n{result.errors}", log, server=host))


class CertificateRefused(ChangeFailed):
    """An error of certbot, explained."""

    def __init__(self, refusal: CertbotError) -> None:
        super().__init__(refusal.sentence, key=refusal.key, hint=refusal.hint)
        self.refusal = refusal
