"""Where the parts of a site lie on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from piwizard.system import paths

PROOF_FILE = "proven.json"
"""Says that a release was tried, with which entry, and what it took; lies in the release's folder."""


@dataclass(frozen=True)
class SiteLayout:
    """The folders of one site. `commit` names the release, with what was answered otherwise than it was found.

    Everything below `folder` is the site's alone.
    """

    site: str
    commit: str
    variant: str = ""

    @property
    def folder(self) -> Path:
        return paths.sites_dir() / self.site

    @property
    def release(self) -> Path:
        return self.folder / "releases" / f"{self.commit[:12]}{self.variant}"

    @property
    def current(self) -> Path:
        """The link to the release in use."""
        return self.folder / "current"

    @property
    def code(self) -> Path:
        return self.release / "app"

    @property
    def venv(self) -> Path:
        return self.release / "venv"

    @property
    def public(self) -> Path:
        """What nginx may serve, in a tree that mirrors the URLs."""
        return self.release / "public"

    @property
    def data(self) -> Path:
        """What the app writes; also its HOME."""
        return self.folder / "data"

    @property
    def environment_file(self) -> Path:
        return self.folder / "app.env"
