"""The file that says what a site's app may reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

from piwizard.changes.base import OwnershipIndex, Preview
from piwizard.changes.file import File
from piwizard.system.egress_filter import HOME
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class NetworkAccess(File):
    """The app reaches the Internet alone, or the home network too. `why`: what in the code asks for that."""

    why: str = ""

    @property
    def opens(self) -> bool:
        """Whether the home network is open to the app."""
        return self.content.strip() == HOME

    def describe(self) -> str:
        return f"Network access of {self.path.name}: {'home network and Internet' if self.opens else 'Internet only'}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        """Warn before the home network is opened because of what was found, not because somebody answered so."""
        preview = super().probe(machine, memory)
        if preview.holds or not self.opens or not self.why:
            return preview
        warning = (
            f"{self.path.name} gets access to your router and the other devices at home: {self.why}. "
            'If it does not need that, put network = "internet" under [app] in the answers.'
        )
        return replace(preview, diff=f"# {warning}\n{preview.diff}", warnings=(*preview.warnings, warning))
