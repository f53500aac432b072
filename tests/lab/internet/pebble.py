"""Run Pebble, Let's Encrypt's test server, in the wan namespace."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping

from piwizard.sandbox.namespaces import Namespace
from tests.lab import http_client
from tests.lab.eventually import eventually
from tests.lab.internet.authority import Authority
from tests.lab.internet.web import Reply
from tests.lab.network import HomeNetwork
from tests.lab.unpacked import unpacked

NAME_SERVER = "8.8.8.8:53"
DAY = 24 * 3600
OWN = {"connection", "content-length", "transfer-encoding", "date"}


class Pebble:
    """One server. Each start has a new root and no accounts.

    `reuse` and `bad_nonces` are percentages; `slow` is the maximum of seconds before a validation.
    """

    def __init__(
        self,
        network: HomeNetwork,
        authority: Authority,
        port: int,
        *,
        days: int,
        reuse: int,
        bad_nonces: int,
        slow: int,
    ) -> None:
        self._wan: Namespace = network.wan
        self._port = port
        self._trusting = ssl.create_default_context(cadata=authority.text)
        certificate, key = authority.issue("localhost")
        settings = {
            "listenAddress": f"127.0.0.1:{port}",
            "managementListenAddress": f"127.0.0.1:{port + 1}",
            "certificate": str(certificate),
            "privateKey": str(key),
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "certificateValidityPeriod": days * DAY,
        }
        file = f"run/lab/pebble-{port}.json"
        (network.lifeline.root / file).write_text(json.dumps({"pebble": settings}))
        sleep = f"PEBBLE_VA_SLEEPTIME={slow}" if slow else "PEBBLE_VA_NOSLEEP=1"
        chances = (f"PEBBLE_AUTHZREUSE={reuse}", f"PEBBLE_WFE_NONCEREJECT={bad_nonces}")
        program = str(unpacked("pebble") / "usr/bin/pebble")
        argv = ("env", sleep, *chances, program, "-config", f"/{file}", "-dnsserver", NAME_SERVER)
        self._process = network.serve(network.wan, *argv)
        eventually(self._listening)
        self.root = self.ask("GET", "/roots/0", management=True).body.decode()
        """The root of its certificates."""

    def _listening(self) -> None:
        assert self._process.alive, self._process.wait().last_lines
        for port in (self._port, self._port + 1):
            assert http_client.listening(self._wan.path, "127.0.0.1", port)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        management: bool = False,
    ) -> Reply:
        """Send one request with exactly these headers."""

        def go() -> Reply:
            connection = http.client.HTTPConnection("127.0.0.1", self._port + management, timeout=30)
            connection.connect()
            connection.sock = self._trusting.wrap_socket(connection.sock, server_hostname="localhost")
            try:
                connection.request(method, path, body=body, headers=dict(headers or {}))
                response = connection.getresponse()
                told: dict[str, str] = {}
                for name, value in response.getheaders():
                    if name.lower() not in OWN:
                        told[name] = f"{told[name]}, {value}" if name in told else value
                return Reply(response.read(), response.status, told)
            finally:
                connection.close()

        return http_client.at(self._wan.path, go)

    def stop(self) -> None:
        """Stop the server, and free its ports."""
        self._process.end()
        eventually(self._silent)

    def _silent(self) -> None:
        for port in (self._port, self._port + 1):
            assert not http_client.listening(self._wan.path, "127.0.0.1", port)
