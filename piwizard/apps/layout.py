"""Name the folders and files of a site on the disk."""

from __future__ import annotations

from pathlib import Path

from piwizard.system import paths
from piwizard.system.lazy_dataclass import dataclass

GUNICORN_PARTS = ("open_streams.py", "kept_connections.py", "visited_wsgi.py", "visited_asgi.py", "script_runner.py")
"""What gunicorn_config.py imports in an app's Python."""


@dataclass(frozen=True)
class SiteLayout:
    """The folders of one site. Everything below `folder` belongs to the site alone.

    `commit` and `variant` name the release; `variant` depends on the answers about the build.
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
        """Return the link to the current release."""
        return self.folder / "current"

    @property
    def code(self) -> Path:
        return self.release / "app"

    @property
    def venv(self) -> Path:
        return self.release / "venv"

    @property
    def public(self) -> Path:
        """Return the folder that nginx may serve; its tree mirrors the URLs."""
        return self.release / "public"

    @property
    def own_pages(self) -> Path:
        """Return the folder with a person's own error pages, which take precedence."""
        return self.folder / "pages"

    @property
    def data(self) -> Path:
        """Return the folder that the app writes; also its HOME."""
        return self.folder / "data"

    @property
    def environment_file(self) -> Path:
        return self.folder / "app.env"

    @property
    def gunicorn_config(self) -> Path:
        """Return the file that gunicorn reads its configuration from; it belongs to root."""
        return self.folder / "gunicorn_config.py"

    @property
    def gunicorn_parts(self) -> tuple[Path, ...]:
        """Return the files beside the configuration that it imports."""
        return tuple(self.folder / name for name in GUNICORN_PARTS)
