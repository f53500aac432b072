"""Understand the addresses of repositories as people copy them from a browser."""

from __future__ import annotations

import re

from piwizard.system.lazy_dataclass import dataclass

GITHUB = "github.com"
FORGES = frozenset({GITHUB, "gitlab.com", "codeberg.org", "bitbucket.org"})
"""Hosts whose pages have the repository at the beginning of the path."""
OWN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
"""A name at GitHub such as "me/app"."""
WITHOUT_SCHEME = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+/[^\s:]+/[^\s:]+")
PAGE = re.compile(
    r"(?P<repo>https?://[^/?#]+/[^/?#]+/[^?#]+?)(?:/-)?/(?:tree|blob|src/branch|src)/(?P<branch>[^/?#]+)(?:[/?#].*)?"
)
"""The page of a branch, or of a file or folder in it."""


@dataclass(frozen=True)
class RepositoryAddress:
    """An address that git can clone, and the branch that the copied page showed."""

    address: str
    branch: str | None = None


def understand_address(text: str) -> RepositoryAddress:
    """Return the address that is meant.

    `github.com/me/app` gets its scheme, `me/app` is at GitHub, and of the page of a branch the branch is returned
    apart. Any other text is returned as it is.
    """
    address = text.strip()
    if OWN.fullmatch(address) and not address.endswith("/.git"):
        return RepositoryAddress(f"https://{GITHUB}/{address}")
    if WITHOUT_SCHEME.fullmatch(address):
        address = f"https://{address}"
    scheme, _, rest = address.partition("://")
    host = rest.partition("/")[0].lower().removeprefix("www.")
    if scheme not in ("https", "http"):
        return RepositoryAddress(address)
    if host in FORGES or "/-/tree/" in address:
        page = PAGE.fullmatch(address)
        if page:
            return RepositoryAddress(_trimmed(page["repo"]), page["branch"])
        return RepositoryAddress(_trimmed(address))
    return RepositoryAddress(address)


def _trimmed(address: str) -> str:
    """Return an address of a forge without what only its pages have."""
    return re.split(r"[?#]", address)[0].rstrip("/").replace("://www.", "://", 1)
