"""Read the nginx files of this machine that plans depend on."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import field
from pathlib import Path

from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass

ROOT = Path("/etc/nginx")
DEFAULT_SERVER = "piwizard-default"
"""The file of the server that answers unknown names."""
CONFFILE = re.compile(r"^ /etc/nginx/sites-available/default ([0-9a-f]{32})$", re.MULTILINE)
# Read as text, not parsed: a file with a mistake in it is for `nginx -t` to name.
COMMENT = re.compile(r"(?:^|(?<=\s))#.*", re.MULTILINE)
LISTEN = re.compile(r"(?:^|[{;}])\s*listen\s+([^;]+)(?=;)")
TAKES_THE_PORT = re.compile(
    r"default_server|default|reuseport|deferred|bind|(ipv6only|backlog|rcvbuf|sndbuf|so_keepalive|fastopen)=.*"
)
"""Words that may stand at only one `listen` of a port, over all servers."""
SERVER_NAME = re.compile(r"(?:^|[{;}])\s*server_name\s+([^;]+)(?=;)")
NAMES_HASH = re.compile(r"(?:^|[{;}])\s*server_names_hash_bucket_size\b")


@dataclass(frozen=True)
class NginxFiles:
    """The texts of nginx's files by path.

    `packaged_default`: sites-available/default is unchanged since its package was installed.
    """

    main: str = ""
    included: Mapping[str, str] = field(default_factory=dict)
    """conf.d/*.conf, included in http{} beside the sites."""
    sites: Mapping[str, str] = field(default_factory=dict)
    """The enabled sites, by the path of their link in sites-enabled."""
    packaged_default: bool = True

    def default_server_of_others(self, port: int = 80) -> str | None:
        """Return the user's file with a default server at a port; nginx allows only one."""
        return next((path for path, text in self._of_others().items() if _takes(text, port)), None)

    @property
    def has_default_server(self) -> bool:
        """Return whether piwizard's own default server is enabled."""
        return any(Path(path).name == DEFAULT_SERVER for path in self.sites)

    def names_hash_of_others(self) -> str | None:
        """Return the user's file that sets server_names_hash_bucket_size, if any."""
        texts = {"nginx.conf": COMMENT.sub("", self.main), **self._of_others()}
        return next((path for path, text in texts.items() if NAMES_HASH.search(text)), None)

    def server_of_others(self, domain: str, ours: Collection[str]) -> str | None:
        """Return the user's file whose server has the same name, if any."""
        texts = {path: text for path, text in self._of_others().items() if Path(path).name not in ours}
        names = (
            (path, name)
            for path, text in texts.items()
            for found in SERVER_NAME.findall(text)
            for name in found.split()
        )
        return next((path for path, name in names if name == domain), None)

    def _of_others(self) -> dict[str, str]:
        skipped = {DEFAULT_SERVER, "default"} if self.packaged_default else {DEFAULT_SERVER}
        sites = {path: text for path, text in self.sites.items() if Path(path).name not in skipped}
        return {path: COMMENT.sub("", text) for path, text in {**self.included, **sites}.items()}


def read_nginx_files(root: Path = ROOT, dpkg_status: Path = Path("/var/lib/dpkg/status")) -> NginxFiles:
    """Read the files; empty if nginx is not installed."""
    return NginxFiles(
        main=_text(root / "nginx.conf"),
        included=_matching(root / "conf.d", "*.conf"),
        sites=_matching(root / "sites-enabled", "*"),
        packaged_default=_pristine(root / "sites-available" / "default", dpkg_status),
    )


def _takes(text: str, port: int) -> bool:
    """Return whether a server listens to the port with an option that only one may have."""
    for words in (found.split() for found in LISTEN.findall(text)):
        given = re.search(r"(?:^|:)(\d+)$", words[0])
        if (int(given[1]) if given else 80) == port and any(map(TAKES_THE_PORT.fullmatch, words[1:])):
            return True
    return False


def _matching(folder: Path, pattern: str) -> dict[str, str]:
    """Return the files that nginx includes, by path: no hidden ones, such as leftovers of a killed run."""
    found = sorted(glob.glob(str(folder / pattern)))  # Path.glob would include hidden files
    return {path: _text(Path(path)) for path in found if Path(path).is_file()}


def _text(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "replace")


def _pristine(default: Path, dpkg_status: Path) -> bool:
    content = files.read(default)
    if content is None:
        return True
    shipped = CONFFILE.search(_text(dpkg_status))
    # dpkg stores the MD5 of configuration files. It detects edits here and protects nothing.
    return shipped is not None and hashlib.md5(content, usedforsecurity=False).hexdigest() == shipped[1]
