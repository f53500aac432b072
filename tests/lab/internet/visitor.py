"""Visit sites from the simulated Internet, with a resolver of its own."""

from __future__ import annotations

import shlex
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from piwizard.sandbox.namespaces import Namespace
from piwizard.sandbox.sandbox_init import SandboxInit
from piwizard.system import commands
from piwizard.system.commands import Result
from tests.lab import http_client
from tests.lab.http_client import Answer

RESOLVER = "8.8.8.8"
# In a mount namespace of its own: only this command sees the replaced files.
APART = 'mount --bind "$1" "$2"; [ ! -e "$4" ] || mount --bind "$3" "$4"; shift 4; exec "$@"'
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


class Visitor:
    """A client in a namespace on the far side of the Internet."""

    def __init__(self, lifeline: SandboxInit, namespace: Namespace, trusted: Callable[[], str]) -> None:
        self.namespace = namespace
        self._lifeline = lifeline
        self._trusted = trusted
        (lifeline.root / "run/lab/visitor.conf").write_text(f"nameserver {RESOLVER}\n")

    def resolve(self, name: str, type: str = "A", *, server: str = RESOLVER) -> list[str]:
        """Return a name server's records; empty if the name or record is missing."""
        query = dns.message.make_query(name, type)
        response = http_client.at(self.namespace.path, lambda: dns.query.udp_with_fallback(query, server, timeout=5))[0]
        assert response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), dns.rcode.to_text(response.rcode())
        kind = dns.rdatatype.from_text(type)
        return [rdata.to_text() for rrset in response.answer if rrset.rdtype == kind for rdata in rrset]

    def http(
        self,
        host: str,
        path: str = "/",
        *,
        scheme: str = "http",
        port: int | None = None,
        headers: dict[str, str] | None = None,
        method: str = "GET",
        body: bytes | None = None,
        family: int = 4,
        address: str | None = None,
        timeout: float = 10.0,
    ) -> Answer:
        """Send one request to the name's address for this version of IP, or to `address`.

        Verifies certificates as a browser does, and raises ssl.SSLCertVerificationError.
        """
        found = [address] if address else self.resolve(host, "AAAA" if family == 6 else "A")
        if not found:
            raise socket.gaierror(f"{host} has no IPv{family} address")
        tls = ssl.create_default_context(cadata=self._trusted()) if scheme == "https" else None
        number = port or (443 if tls else 80)
        asked = {"headers": headers, "method": method, "timeout": timeout, "tls": tls, "body": body}
        return http_client.get(self.namespace.path, found[0], path, host=host, port=number, **asked)  # type: ignore[arg-type]

    def run(self, argv: Sequence[str], *, check: bool = True, timeout: float | None = 120) -> Result:
        """Run a program of this machine there; it trusts the lab's authorities."""
        (self._lifeline.root / "run/lab/visitor.pem").write_text(self._trusted())
        resolver = str(Path("/etc/resolv.conf").resolve())
        over = ("/run/lab/visitor.conf", resolver, "/run/lab/visitor.pem", BUNDLE)
        clean = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root")
        apart = (*clean, "unshare", "--mount", "sh", "-ec", APART, "sh", *over, *argv)
        result = commands.run(self._lifeline.on(apart, net=self.namespace.path), timeout=timeout)
        assert result.ok or not check, f"{shlex.join(argv)}: exit {result.exit}\n{result.output}{result.errors}"
        return result
