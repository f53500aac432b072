"""Write the IPv6 `listen` directives of piwizard's servers, in separate files.

Without IPv6 in the kernel (ipv6.disable=1) nginx refuses every server with an address of it. As all servers include
these files, one change is enough for all of them; a change of one server at a time would be refused over the others.
"""

from __future__ import annotations

import socket

from piwizard.nginx.tls_settings import TlsEngine
from piwizard.templates.render import render

FOLDER = "/etc/nginx/snippets"
"""From Debian's nginx. A folder of piwizard's own would remain when the files are rolled back."""
DEFAULT = " default_server reuseport"


def ipv6_here() -> bool:
    """Return whether the kernel supports IPv6 sockets, even without an address."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM):
            return True
    except OSError:
        return False


def render_listens(engine: TlsEngine, *, ipv6: bool) -> dict[str, str]:
    """Return the texts by file name in FOLDER, for sites and the default servers."""
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
