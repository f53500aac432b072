"""What piwizard's servers listen to over IPv6, in files of their own.

Without IPv6 in the kernel (ipv6.disable=1) nginx refuses every server with an address of it. As all servers include
these files, one change is enough for all of them; a change of one server at a time would be refused over the others.
"""

from __future__ import annotations

import socket

from piwizard.nginx.tls_settings import TlsEngine
from piwizard.templates.render import render

FOLDER = "/etc/nginx/snippets"
"""Of Debian's nginx. None of piwizard's own: where nginx refuses, files are taken back, and a folder would stay."""
DEFAULT = " default_server reuseport"


def ipv6_here() -> bool:
    """Whether the kernel gives out sockets of IPv6, as it must to nginx; an address need not be there."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM):
            return True
    except OSError:
        return False


def render_listens(engine: TlsEngine, *, ipv6: bool) -> dict[str, str]:
    """The texts by their names in FOLDER: those of the sites, and those of the servers for unknown names."""
    tls = " ssl" if engine.http2_directive else " ssl http2"
    hows = {
        "piwizard-ipv6-80.conf": (80, ""),
        "piwizard-ipv6-80-default.conf": (80, DEFAULT),
        "piwizard-ipv6-443.conf": (443, tls),
        "piwizard-ipv6-443-default.conf": (443, f"{tls}{DEFAULT}"),
    }
    return {
        name: render("nginx/listen-ipv6.conf.j2", ipv6=ipv6, port=port, how=how) for name, (port, how) in hows.items()
    }
