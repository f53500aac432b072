"""Parse the address of a repository."""

from __future__ import annotations

from urllib.parse import urlsplit

from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class GitAddress:
    """The parts of a repository's address.

    `scheme` is "file" for a folder, too, and "ssh" for git@host:path. `place`: host and port as written.
    """

    scheme: str
    user: str = ""
    host: str = ""
    port: int | None = None
    path: str = ""
    place: str = ""

    @property
    def ssh(self) -> bool:
        return self.scheme == "ssh"

    @property
    def known_as(self) -> str:
        """Return the host as it appears in known_hosts files."""
        return known_hosts_name(self.host, self.port)

    @property
    def name(self) -> str:
        """Return owner and repository, as in the host's web pages: "me/app"."""
        return self.path.strip("/").removesuffix(".git")


def known_hosts_name(host: str, port: int | None) -> str:
    """Return a host as in known_hosts files: with its port, unless that is 22."""
    return host.lower() if port in (None, 22) else f"[{host.lower()}]:{port}"


def parse_address(repo: str) -> GitAddress:
    """Parse an address that `validators.repository` has accepted."""
    if repo.startswith("/"):
        return GitAddress("file", path=repo)
    if "://" not in repo:
        where, _, path = repo.partition(":")
        user, _, host = where.rpartition("@")
        return GitAddress("ssh", user, host.lower(), None, path, host)
    parts = urlsplit(repo)
    place = parts.netloc.rpartition("@")[2]
    return GitAddress(parts.scheme, parts.username or "", parts.hostname or "", parts.port, parts.path, place)
