"""Read and write the SSH host keys that are trusted.

These are the keys that the large forges publish, and those that the user has confirmed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.git import deploy_key
from piwizard.git.git_address import known_hosts_name
from piwizard.system import commands, file_lock, files
from piwizard.system.lazy_dataclass import dataclass

KEY_TYPES = {"ssh-ed25519": "ED25519", "ecdsa-sha2-nistp256": "ECDSA", "ssh-rsa": "RSA"}
SCAN_SECONDS = 10


@dataclass(frozen=True)
class HostKey:
    """One line of a known_hosts file."""

    host: str
    kind: str
    key: str

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint as ssh shows it: SHA256:…"""
        digest = hashlib.sha256(base64.b64decode(self.key)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    @property
    def name(self) -> str:
        """Return the type of key, for people."""
        return KEY_TYPES.get(self.kind, self.kind)


def pinned_file() -> Path:
    """Return the file with the keys that forges publish, which is part of piwizard."""
    return Path(str(resources.files("piwizard.templates") / "git" / "known_hosts"))


def trusted_file(site: str) -> Path:
    """Return the file with the keys that the user has confirmed for one site."""
    return deploy_key.key_folder(site) / "known_hosts"


def read_keys(file: Path) -> list[HostKey]:
    """Return the keys in a file, skipping other lines; empty if it does not exist."""
    return _parse((files.read(file) or b"").decode("utf-8", "replace"))


def keys_of_host(host: str, keys: Iterable[HostKey]) -> list[HostKey]:
    """Return the keys of a host, named as in known_hosts."""
    return [key for key in keys if key.host == host]


def write_keys(file: Path, keys: Iterable[HostKey]) -> None:
    """Write a file with exactly these keys."""
    content = "".join(f"{_line(key)}\n" for key in keys).encode()
    if files.read(file) != content:
        files.replace(file, content, mode=0o600)


def trust_keys(site: str, keys: list[HostKey]) -> None:
    """Trust these keys of one host and no others of that host.

    Other lines that the user added stay; the previous file is kept beside it.
    """
    file = deploy_key.make_key_folder(site) / "known_hosts"
    with file_lock.exclusive(file.parent):
        before = files.read(file)
        lines = (before or b"").decode("utf-8", "surrogateescape").splitlines()
        others = [line for line in lines if not keys_of_host(keys[0].host, _parse(line))]
        content = "".join(f"{line}\n" for line in (*others, *map(_line, keys))).encode("utf-8", "surrogateescape")
        if before not in (None, content):
            files.replace(file.with_name(f"{file.name}.previous"), before, mode=0o600)
        if before != content:
            files.replace(file, content, mode=0o600)


def _line(key: HostKey) -> str:
    return f"{key.host} {key.kind} {key.key}"


def scan_host(host: str, port: int | None) -> list[HostKey]:
    """Ask a host for its keys, over a network that is not trusted.

    Raise PiwizardError if it does not answer.
    """
    deploy_key.require_ssh()
    at = ("-p", str(port)) if port else ()
    types = ("-t", "ed25519,ecdsa,rsa")
    argv = commands.as_nobody(("ssh-keyscan", "-T", str(SCAN_SECONDS), *types, *at, "--", host))
    result = commands.run(argv, timeout=4 * SCAN_SECONDS)
    found = [HostKey(known_hosts_name(host, port), key.kind, key.key) for key in _parse(result.output)]
    if not found:
        raise PiwizardError(
            f"app.repo: {known_hosts_name(host, port)} does not show a host key.",
            key="app.repo",
            hint="Check the address and the network, and that an SSH server is running there.",
        )
    return sorted(found, key=lambda key: list(KEY_TYPES).index(key.kind))


def _parse(content: str) -> list[HostKey]:
    found = []
    for line in content.splitlines():
        words = line.split()
        if len(words) >= 3 and words[1] in KEY_TYPES and _is_base64(words[2]):
            found.append(HostKey(words[0].lower(), words[1], words[2]))
    return found


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except binascii.Error:
        return False
