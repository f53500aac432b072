"""The nginx files that are on the machine, as far as plans depend on them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from piwizard.machine import files

ROOT = Path("/etc/nginx")
CONFFILE = re.compile(r"^ /etc/nginx/sites-available/default ([0-9a-f]{32})$", re.MULTILINE)


@dataclass(frozen=True)
class NginxFiles:
    """Texts by path. `packaged_default` says whether sites-available/default is as its package brought it."""

    included: Mapping[str, str] = field(default_factory=dict)
    """conf.d/*.conf and modules, included in http{} beside the sites."""
    sites: Mapping[str, str] = field(default_factory=dict)
    """The enabled sites, by the path of their link in sites-enabled."""
    packaged_default: bool = True

    def default_server_of_others(self, own: str) -> str | None:
        """The enabled site, other than `own` and the packaged default, that answers unknown names already."""
        for path, text in self.sites.items():
            if path == own or (path.endswith("/default") and self.packaged_default):
                continue
            if re.search(r"^\s*listen\s[^;#]*\bdefault_server\b", text, re.MULTILINE):
                return path
        return None


def look(root: Path = ROOT, dpkg_status: Path = Path("/var/lib/dpkg/status")) -> NginxFiles:
    """Reads them; nothing where nginx is not installed."""
    return NginxFiles(
        included={str(path): _text(path) for path in sorted((root / "conf.d").glob("*.conf"))},
        sites={str(path): _text(path) for path in sorted((root / "sites-enabled").glob("*")) if path.is_file()},
        packaged_default=_pristine(root / "sites-available" / "default", dpkg_status),
    )


def _text(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "replace")


def _pristine(default: Path, dpkg_status: Path) -> bool:
    content = files.read(default)
    if content is None:
        return True
    shipped = CONFFILE.search(_text(dpkg_status))
    # MD5 is what dpkg keeps of configuration files; it tells an edit here, it protects nothing.
    return shipped is not None and hashlib.md5(content, usedforsecurity=False).hexdigest() == shipped[1]
