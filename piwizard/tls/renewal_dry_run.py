"""Prepare the renewal of a certificate: fix its settings and test with a dry run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import field
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.nginx.tls_settings import WEBROOT
from piwizard.system import commands, files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache
from piwizard.tls import certbot_errors
from piwizard.tls.challenge import Challenge
from piwizard.tls.lineage import Lineage, parse_renewal_settings

HOOK = Path("/etc/letsencrypt/renewal-hooks/deploy/piwizard")
FIXED_AUTHENTICATORS = ("webroot", "standalone")
"""Replaced by webroot; standalone cannot work since nginx uses port 80. Others are the user's choice."""
SECTION = re.compile(r"^\s*\[renewalparams\]\s*$")
SUBSECTION = re.compile(r"^\s*\[\[(\w+)\]\]\s*$")


def needs_webroot(lineage: Lineage) -> bool:
    """Return whether the renewal settings must name the webroot that nginx serves."""
    return lineage.settings.get("authenticator") in FIXED_AUTHENTICATORS


def with_webroot(text: str, domains: Collection[str]) -> str:
    """Return a renewal file where challenges for these domains go to nginx's webroot."""
    lines, kept, inside = text.splitlines(), [], ""
    for line in lines:
        if SECTION.match(line):
            inside = "renewalparams"
        elif found := SUBSECTION.match(line):
            inside = found[1]
        key = line.partition("=")[0].strip()
        if inside == "renewalparams" and key in ("authenticator", "webroot_path"):
            continue
        # The webroot of a single domain takes precedence over webroot_path.
        if inside == "webroot_map" and key in domains and line.partition("=")[2].strip() != WEBROOT:
            continue
        kept.append(line)
        if SECTION.match(line):
            kept += ["authenticator = webroot", f"webroot_path = {WEBROOT},"]
    before, after = parse_renewal_settings(text), parse_renewal_settings("\n".join(kept))
    same = after == before and before.get("webroot_path") == f"{WEBROOT},"
    return text if same else "\n".join(kept) + "\n"


@dataclass(frozen=True)
class RenewalDryRun:
    """A passed `certbot renew --dry-run`, with the settings of the next renewal."""

    kind: ClassVar[str] = "command"
    name: str
    marker: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    server: str | None = None
    challenge: Challenge = field(default_factory=Challenge)
    root: Path = Path("/etc/letsencrypt")

    @property
    def argv(self) -> tuple[str, ...]:
        """Return the command; without `--server`, certbot uses the staging server."""
        server = ("--server", self.server) if self.server else ()
        options = ("--dry-run", "--no-random-sleep-on-renew", "--non-interactive")
        return (*self.challenge.certbot, "renew", "--cert-name", self.name, *options, *server)

    def describe(self) -> str:
        return f"Test the renewal of {self.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        fingerprint = self._fingerprint()
        passed = fingerprint and files.read(self.marker) == fingerprint
        return IN_SYNC if passed else Preview(in_sync=False, argv=(self.argv,))

    def apply(self, work: ApplyContext) -> None:
        result = work.command(self.argv, env=self.environment, allow=range(-64, 256))
        if not result.ok:
            refusal = certbot_errors.explain(f"{result.output}\n{result.errors}")
            raise ChangeFailed(
                f"The dry run of renewing {self.name} failed. {refusal.sentence}", key=refusal.key,
                hint=refusal.hint,
            )  # fmt: skip
        files.make_folders(self.marker.parent)
        work.write(self.marker, self._fingerprint() or b"", 0o644, (0, 0))

    def _fingerprint(self) -> bytes | None:
        """Return the settings that a renewal depends on: if they change, the dry run is needed again."""
        content = files.read(self.root / "renewal" / f"{self.name}.conf")
        if content is None:
            return None
        settings = parse_renewal_settings(content.decode("utf-8", "replace"))
        wanted = {key: settings.get(key) for key in ("authenticator", "webroot_path", "server", "account")}
        token = {"signs with": files.digest(self.challenge.content.encode())} if self.challenge.content else {}
        # The system's Python: this run rebuilds the virtual environment from it.
        python = {"python": os.path.realpath(commands.which("python3") or "")} if self.challenge.requirement else {}
        return json.dumps(wanted | {"argv": self.argv} | token | python).encode()
