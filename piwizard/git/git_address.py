"""The address of a git repository, taken apart."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class GitAddress:
    """`scheme` is "file" for a folder too, and "ssh" for git@host:path. `place`: host and port, as written."""

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
        """The host as files of known hosts have it."""
        return known_as(self.host, self.port)

    @property
    def name(self) -> str:
        """Owner and repository, as pages of the host have them: "me/app"."""
        return self.path.strip("/").removesuffix(".git")


def known_as(host: str, port: int | None) -> str:
    """A host as ssh notes it: with its port only where that is not ssh's own."""
    return host.lower() if port in (None, 22) else f"[{host.lower()}]:{port}"


def parse(repo: str) -> GitAddress:
    """Takes apart what `validators.repository` has let through."""
    if repo.startswith("/"):
        return GitAddress("file", path=repo)
    if "://" not in repo:
        where, _, path = repo.partition(":")
        user, _, host = where.rpartition("@")
        return GitAddress("ssh", user, host.lower(), None, path, host)
    parts = urlsplit(repo)
    place = parts.netloc.rpartition("@")[2]
    return GitAddress(parts.scheme, parts.username or "", parts.hostname or "", parts.port, parts.path, place)
