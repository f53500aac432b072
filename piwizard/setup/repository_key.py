"""Offer a site's deploy key, and test whether it reads the repository."""

from __future__ import annotations

from dataclasses import replace

from piwizard.apps.repository_access import RepositoryPage, deploy_key_page, ssh_address
from piwizard.errors import AnswerRefused, PiwizardError
from piwizard.git import deploy_key, host_keys
from piwizard.git.git_access import GitAccess
from piwizard.git.host_keys import HostKey
from piwizard.git.newest_commit import list_refs
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class KeyOffer:
    """The public key of a site, and where to add it.

    `address` is the one to clone from with the key: deploy keys work only over SSH.
    """

    site: str
    public: str
    page: RepositoryPage
    address: str


@dataclass(frozen=True)
class KeyTest:
    """The result of reading the repository with the key; `detail` is a sentence."""

    ok: bool
    detail: str


def offer_key(access: GitAccess) -> KeyOffer:
    """Return the key of a site, created if it is missing.

    PiwizardError if its repository needs none.
    """
    address = access.address
    if address.scheme not in ("ssh", "https", "http"):
        raise PiwizardError(
            f"app.repo: {access.repo} needs no deploy key.", key="app.repo", hint="Continue with `piwizard apply`."
        )
    public = deploy_key.make_key(access.site)
    return KeyOffer(access.site, public, deploy_key_page(address), access.repo if address.ssh else ssh_address(address))


def over_ssh(access: GitAccess) -> GitAccess:
    """Return the access to the same repository over SSH."""
    return access if access.address.ssh else replace(access, repo=ssh_address(access.address))


def test_key(access: GitAccess) -> KeyTest:
    """Read the repository with the key."""
    if not access.address.ssh:
        return KeyTest(False, f"Deploy keys work only over SSH. Set app.repo to {ssh_address(access.address)}.")
    try:
        list_refs(access, ("HEAD",))
    except AnswerRefused as refusal:
        return KeyTest(False, refusal.reason)
    except PiwizardError as error:
        return KeyTest(False, error.message)
    return KeyTest(True, f"The deploy key works: piwizard can read {access.repo}.")


def unknown_host_keys(access: GitAccess) -> list[HostKey]:
    """Return the keys that the repository's server shows, if none is trusted yet."""
    return [] if has_host_key(access) else host_keys.scan_host(access.address.host, access.address.port)


def has_host_key(access: GitAccess) -> bool:
    """Return whether a key of the repository's server is pinned, answered or trusted."""
    name = access.address.known_as
    files = (host_keys.pinned_file(), host_keys.trusted_file(access.site))
    return bool(access.host_key or any(host_keys.keys_of_host(name, host_keys.read_keys(file)) for file in files))
