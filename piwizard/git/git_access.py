"""Give git the credentials for a site and the host keys to trust."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import field
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from piwizard.errors import PiwizardError
from piwizard.git import deploy_key, git_address, host_keys
from piwizard.system import files, paths
from piwizard.system.lazy_dataclass import dataclass

SSH_COMMAND = (
    *("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no"),
    *("-o", "ConnectTimeout=20", "-o", "GlobalKnownHostsFile=none", "-o", "IdentitiesOnly=yes"),
    *("-o", "IdentityAgent=none"),
)
Lend = Callable[[Path], Path]
"""Copies a file that only root can read for git, and returns the path of the copy."""


@dataclass(frozen=True)
class GitAccess:
    """The access to one site's repository.

    Only the repository's own host receives the token.
    """

    site: str
    repo: str
    user: str = ""
    token: str = field(default="", repr=False)
    host_key: str | None = None
    """The fingerprint of the only host key that is accepted from the repository's host."""

    @property
    def address(self) -> git_address.GitAddress:
        return git_address.parse_address(self.repo)

    def environment(self, lend: Lend = Path) -> dict[str, str]:
        """Return git's environment variables.

        `lend` copies the files of the site for a git without root's rights. Raise PiwizardError if the host
        has another key than expected.
        """
        return {"GIT_SSH_COMMAND": self._ssh(lend), **self._askpass()}

    def _ssh(self, lend: Lend) -> str:
        own = None
        if self.site:
            own = host_keys.trusted_file(self.site) if self.host_key is None else self._answered_key_file()
        trusted = (host_keys.pinned_file(), *((lend(own),) if own else ()))
        known_hosts = " ".join(f'"{file}"' for file in trusted)
        has_key = self.site and deploy_key.has_key(self.site)
        key = str(lend(deploy_key.private_key(self.site))) if has_key else "none"
        options = ("-o", f"UserKnownHostsFile={known_hosts}", "-o", f"IdentityFile={key}")
        return shlex.join((*SSH_COMMAND, *options))

    def _askpass(self) -> dict[str, str]:
        address = self.address
        if not self.token or address.scheme != "https":
            return {"GIT_ASKPASS": "/bin/false"}
        user = address.user or self.user
        return {
            "GIT_ASKPASS": str(resources.files("piwizard.templates") / "git" / "askpass"),
            "PIWIZARD_GIT_HOST": f"https://{address.place}",
            "PIWIZARD_GIT_USER": user,
            "PIWIZARD_GIT_LOGIN": f"https://{user}@{address.place}",
            "PIWIZARD_GIT_LOGIN_ENCODED": f"https://{quote(user, safe='')}@{address.place}",
            "PIWIZARD_GIT_TOKEN": self.token,
        }

    def _answered_key_file(self) -> Path:
        """Return a known_hosts file in which the repository's host has only the key of the answers."""
        name, trusted = self.address.known_as, host_keys.read_keys(host_keys.trusted_file(self.site))
        file = paths.cache_dir() / "hosts" / self.site / "known_hosts"
        published = host_keys.keys_of_host(name, host_keys.read_keys(host_keys.pinned_file()))
        matching = self._matching(published)
        if published and not matching:
            raise self._key_mismatch("is none of those that it publishes")
        if self.address.ssh and not matching:
            matching = self._matching(host_keys.keys_of_host(name, [*trusted, *host_keys.read_keys(file)]))
        if self.address.ssh and not matching:
            shown = host_keys.scan_host(self.address.host, self.address.port)
            matching = self._matching(shown)
            if not matching:
                fingerprints = ", ".join(key.fingerprint for key in shown)
                raise self._key_mismatch(f"is not the one that it shows ({fingerprints})")
        files.make_folders(file.parent)
        host_keys.write_keys(file, [*(key for key in trusted if key.host != name), *matching])
        return file

    def _matching(self, keys: list[host_keys.HostKey]) -> list[host_keys.HostKey]:
        return [key for key in keys if key.fingerprint == self.host_key][:1]

    def _key_mismatch(self, difference: str) -> PiwizardError:
        return PiwizardError(
            f"app.host_key: the host key of {self.address.known_as} {difference}.",
            key="app.host_key",
            hint="Nothing was fetched. Ask the host's administrator for the fingerprint of its key.",
        )


ANONYMOUS = GitAccess("", "/")
"""For git commands that contact no other host, and for access without a login."""
