"""Which ssh hosts are believed to be who they say: the known forges, and those that a person trusts."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.git import deploy_key
from piwizard.git.git_address import known_as
from piwizard.system import commands, file_lock, files

KINDS = {"ssh-ed25519": "ED25519", "ecdsa-sha2-nistp256": "ECDSA", "ssh-rsa": "RSA"}
SECONDS = 10


@dataclass(frozen=True)
class HostKey:
    """One line of a file of known hosts."""

    host: str
    kind: str
    key: str

    @property
    def fingerprint(self) -> str:
        """As ssh shows it: SHA256:…"""
        digest = hashlib.sha256(base64.b64decode(self.key)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    @property
    def name(self) -> str:
        """The kind of key, for a person."""
        return KINDS.get(self.kind, self.kind)


def pinned_file() -> Path:
    """The keys that the known forges publish; they come with piwizard."""
    return Path(str(resources.files("piwizard.templates") / "git" / "known_hosts"))


def trusted_file(site: str) -> Path:
    """The keys that a person said yes to, for one site."""
    return deploy_key.folder(site) / "known_hosts"


def read(file: Path) -> list[HostKey]:
    """The keys in a file; none where there is no file. Lines that are no key are passed over."""
    return _parse((files.read(file) or b"").decode("utf-8", "replace"))


def of(host: str, keys: Iterable[HostKey]) -> list[HostKey]:
    """Those that are the host's, which is named as ssh notes it."""
    return [key for key in keys if key.host == host]


def write(file: Path, keys: Iterable[HostKey]) -> None:
    """Makes a file of exactly these keys."""
    content = "".join(f"{_line(key)}\n" for key in keys).encode()
    if files.read(file) != content:
        files.replace(file, content, mode=0o600)


def trust(site: str, keys: list[HostKey]) -> None:
    """Believes these keys of one host from now on, and no others of that host.

    What else a person has written into the file stays as it is; the file before is kept beside it.
    """
    file = deploy_key.make_folder(site) / "known_hosts"
    with file_lock.exclusive(file.parent):
        before = files.read(file)
        lines = (before or b"").decode("utf-8", "surrogateescape").splitlines()
        others = [line for line in lines if not of(keys[0].host, _parse(line))]
        content = "".join(f"{line}\n" for line in (*others, *map(_line, keys))).encode("utf-8", "surrogateescape")
        if before not in (None, content):
            files.replace(file.with_name(f"{file.name}.previous"), before, mode=0o600)
        if before != content:
            files.replace(file, content, mode=0o600)


def _line(key: HostKey) -> str:
    return f"{key.host} {key.kind} {key.key}"


def scan(host: str, port: int | None) -> list[HostKey]:
    """Asks a host for its keys, over a network that may lie. PiwizardError where it does not answer."""
    deploy_key.require_ssh()
    at = ("-p", str(port)) if port else ()
    types = ("-t", "ed25519,ecdsa,rsa")
    result = commands.run(("ssh-keyscan", "-T", str(SECONDS), *types, *at, "--", host), timeout=4 * SECONDS)
    found = [HostKey(known_as(host, port), key.kind, key.key) for key in _parse(result.output)]
    if not found:
        raise PiwizardError(
            f"app.repo: {known_as(host, port)} does not show a host key.",
            key="app.repo",
            hint="Check the address and the network: is an ssh server there?",
        )
    return sorted(found, key=lambda key: list(KINDS).index(key.kind))


def _parse(content: str) -> list[HostKey]:
    found = []
    for line in content.splitlines():
        words = line.split()
        if len(words) >= 3 and words[1] in KINDS and _is_base64(words[2]):
            found.append(HostKey(words[0].lower(), words[1], words[2]))
    return found


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except binascii.Error:
        return False
