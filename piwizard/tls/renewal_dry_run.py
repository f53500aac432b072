"""That a certificate will be renewed: what certbot has noted for it, and a rehearsal that passed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.nginx.tls_settings import WEBROOT
from piwizard.system import commands, files
from piwizard.system.system_cache import SystemCache
from piwizard.tls import certbot_errors
from piwizard.tls.challenge import Challenge
from piwizard.tls.lineage import Lineage, settings

HOOK = Path("/etc/letsencrypt/renewal-hooks/deploy/piwizard")
OURS = ("webroot", "standalone")
"""Ways of validating that are mended: the second finds port 80 taken by nginx. All others are the person's choice."""
SECTION = re.compile(r"^\s*\[renewalparams\]\s*$")
SUBSECTION = re.compile(r"^\s*\[\[(\w+)\]\]\s*$")


def needs_webroot(lineage: Lineage) -> bool:
    """Whether challenges would go where nginx does not serve them, or certbot does not know where to."""
    return lineage.settings.get("authenticator") in OURS


def with_webroot(text: str, domains: Collection[str]) -> str:
    """The renewal file with the challenges of these names in the folder that nginx serves; all else as it was."""
    lines, kept, inside = text.splitlines(), [], ""
    for line in lines:
        if SECTION.match(line):
            inside = "renewalparams"
        elif found := SUBSECTION.match(line):
            inside = found[1]
        key = line.partition("=")[0].strip()
        if inside == "renewalparams" and key in ("authenticator", "webroot_path"):
            continue
        # Webroots of single names would count before the one for all.
        if inside == "webroot_map" and key in domains and line.partition("=")[2].strip() != WEBROOT:
            continue
        kept.append(line)
        if SECTION.match(line):
            kept += ["authenticator = webroot", f"webroot_path = {WEBROOT},"]
    same = settings("\n".join(kept)) == settings(text) and settings(text).get("webroot_path") == f"{WEBROOT},"
    return text if same else "\n".join(kept) + "\n"


@dataclass(frozen=True)
class Rehearsal:
    """`certbot renew --dry-run` has passed, with the settings that the certificate will be renewed with."""

    kind: ClassVar[str] = "command"
    name: str
    marker: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    server: str | None = None
    way: Challenge = field(default_factory=Challenge)
    root: Path = Path("/etc/letsencrypt")

    @property
    def argv(self) -> tuple[str, ...]:
        """Without `--server` a rehearsal goes to the staging server of Let's Encrypt, whatever was noted."""
        where = ("--server", self.server) if self.server else ()
        quick = ("--dry-run", "--no-random-sleep-on-renew", "--non-interactive")
        return (*self.way.certbot, "renew", "--cert-name", self.name, *quick, *where)

    def describe(self) -> str:
        return f"Rehearse the renewal of {self.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        noted = self._noted()
        return IN_SYNC if noted and files.read(self.marker) == noted else Preview(in_sync=False, argv=(self.argv,))

    def apply(self, work: ApplyContext) -> None:
        result = work.command(self.argv, env=self.environment, allow=range(-64, 256))
        if not result.ok:
            refusal = certbot_errors.explain(f"{result.output}\n{result.errors}")
            raise ChangeFailed(
                f"The certificate {self.name} could not be renewed. {refusal.sentence}", key=refusal.key,
                hint=refusal.hint,
            )  # fmt: skip
        files.make_folders(self.marker.parent)
        work.write(self.marker, self._noted() or b"", 0o644, (0, 0))

    def _noted(self) -> bytes | None:
        """What a renewal goes by: where that is altered, it has to be rehearsed again."""
        content = files.read(self.root / "renewal" / f"{self.name}.conf")
        if content is None:
            return None
        known = settings(content.decode("utf-8", "replace"))
        wanted = {key: known.get(key) for key in ("authenticator", "webroot_path", "server", "account")}
        signed = {"signs with": files.digest(self.way.content.encode())} if self.way.content else {}
        # The system's: the environment is made anew from that one, in the run that this is planned for.
        own = {"python": os.path.realpath(commands.which("python3") or "")} if self.way.requirement else {}
        return json.dumps(wanted | {"argv": self.argv} | signed | own).encode()
