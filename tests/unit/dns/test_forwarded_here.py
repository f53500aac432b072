"""Test domains behind a proxy or a VPN, whose addresses are not this Pi's."""

from __future__ import annotations

import http.server
import threading
from functools import partial
from pathlib import Path

import pytest

from piwizard.dns import forwarded_here
from piwizard.dns.forwarded_here import forwards_here
from piwizard.dns.points_here import check_host
from piwizard.nginx import challenge_file
from piwizard.system import connections
from tests.unit.dns.name_server import serving
from tests.unit.dns.test_lookup import RECORDS, through

NAME, PROXY = "songuuli.ddns.net", "11.22.33.44"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def webroot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(challenge_file, "WEBROOT", str(tmp_path))
    monkeypatch.setattr(forwarded_here, "_any_certificate", lambda: None)
    return tmp_path


@pytest.mark.parametrize("same", [True, False])
def test_proxy_is_known_by_the_file_that_it_returns(webroot: Path, monkeypatch: pytest.MonkeyPatch, same: bool) -> None:
    asked = []
    folder = webroot if same else webroot / "of-another-server"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        real = connections.tcp

        def tcp(address: str, port: int, **more: object) -> connections.Connect:
            asked.append((address, port))
            return real("127.0.0.1", server.server_port)

        monkeypatch.setattr(connections, "tcp", tcp)
        assert forwards_here(NAME, [PROXY]) is same
        server.shutdown()
    assert (PROXY, 80) in asked
    assert list(webroot.iterdir()) == [], "the file is gone"


def test_address_without_a_server_is_no_proxy(webroot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "tcp", lambda *given, **more: connections.unix(str(webroot / "nobody.sock")))
    assert not forwards_here(NAME, [PROXY])
    assert not forwards_here(NAME, [])


@pytest.mark.parametrize("forwarded", [True, False])
def test_name_behind_a_proxy_passes(forwarded: bool) -> None:
    with serving(dict(RECORDS)) as server:
        checks = check_host(
            NAME, [], "203.0.113.9", resolvers=through(server), forwards=lambda host, addresses: forwarded
        )
        four, six = checks
    assert (four.ok, six.ok) == (forwarded, True)
    assert four.detail.startswith(f"points to {PROXY}, but your public IP is 203.0.113.9")
    assert ("as through a proxy or a VPN" in four.detail) is forwarded
