"""The server blocks of a site, and the one that answers names nobody asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SiteBlock:
    """What the server block of one site is made from. Every path is absolute."""

    name: str
    #: The first is the main one; "www." names redirect to the bare name.
    domains: tuple[str, ...]
    #: gunicorn's Unix socket.
    socket: str
    #: URL prefix ("/static/", a slash at both ends) to folder.
    static: Mapping[str, str] = field(default_factory=dict)
    #: Exact URL ("/robots.txt") to file.
    root_files: Mapping[str, str] = field(default_factory=dict)
    ipv6: bool = True
    max_body_mib: int = 16


def render_site(site: SiteBlock) -> str:
    """The text of the site's file in sites-available."""
    raise NotImplementedError


def render_default_server(*, ipv6: bool) -> str:
    """The text of the default server: a name that no site has gets no answer at all (444)."""
    raise NotImplementedError
