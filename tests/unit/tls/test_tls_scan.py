"""Test scans of real TLS servers."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import warnings

import pytest

from piwizard.tls import tls_scan
from piwizard.tls.grade import predict_grade


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """Create a test certificate for one domain."""
    folder = tmp_path_factory.mktemp("pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9",
         "-subj", "/CN=pi.example", "-addext", "subjectAltName=DNS:pi.example", "-keyout", folder / "key",
         "-out", folder / "cert"], check=True, capture_output=True)  # fmt: skip
    return folder


@pytest.fixture
def serve(pem):
    """Start a server with a range of TLS versions and these suites; return its port."""
    ended, sockets, threads = threading.Event(), [], []

    def go(lowest, highest, ciphers):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = ssl.TLSVersion[lowest], ssl.TLSVersion[highest]
        context.set_ciphers(ciphers)
        context.load_cert_chain(pem / "cert", pem / "key")
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)

        def answer():
            while not ended.is_set():
                try:
                    plain, _ = listening.accept()
                    plain.settimeout(5)
                    with context.wrap_socket(plain, server_side=True) as connection:
                        connection.recv(1)
                except OSError:
                    continue

        threads.append(threading.Thread(target=answer))
        threads[-1].start()
        return listening.getsockname()[1]

    yield go
    ended.set()
    for one in sockets:
        one.shutdown(socket.SHUT_RDWR)
        one.close()
    for thread in threads:
        thread.join()


def test_scan_of_a_modern_server(serve):
    port = serve("TLSv1_2", "TLSv1_3", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305")
    seen = tls_scan.scan_server(["pi.example"], hsts=63072000, port=port)
    assert seen.protocols == ("TLS 1.2", "TLS 1.3")
    names = {suite.name for suite in seen.suites}
    assert {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_AES_256_GCM_SHA384"} <= names
    assert all(suite.forward and suite.aead for suite in seen.suites)
    assert (seen.key, seen.key_bits, seen.signature, seen.dh) == ("EC", 256, "ecdsa-with-SHA256", None)
    assert ("self-signed" in seen.untrusted, predict_grade(seen).letter) == (True, "T")
    assert tls_scan.read_served_certificate("pi.example", port=port).names == {"pi.example"}


def test_scan_of_an_old_server(serve):
    port = serve("TLSv1", "TLSv1_2", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    seen = tls_scan.scan_server(["pi.example"], hsts=None, port=port)
    assert seen.protocols == ("TLS 1.0", "TLS 1.1", "TLS 1.2")
    assert [(suite.name, suite.aead) for suite in seen.suites] == [("ECDHE-ECDSA-AES128-SHA", False)]


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1", "TLSv1_3"])
def test_scan_without_all_answers_gives_no_result(serve, monkeypatch, version):
    """A server that does not answer may offer what the scan asked for."""
    port = serve("TLSv1_2", "TLSv1_3", "ECDHE-ECDSA-AES128-GCM-SHA256")
    real, monkeys = tls_scan._context, []

    def context(lowest, highest=None, ciphers="DEFAULT"):
        made = real(lowest, highest, ciphers)
        if tls_scan.VERSIONS[lowest] == version:
            monkeys.append(made)
        return made

    def negotiate(at, asked, host, real=tls_scan._negotiate):
        return real(deaf if asked in monkeys else at, asked, host)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        deaf = silent.getsockname()
        monkeypatch.setattr(tls_scan, "_context", context)
        monkeypatch.setattr(tls_scan, "_negotiate", negotiate)
        monkeypatch.setattr(tls_scan, "HANDSHAKE_TIMEOUT_SECONDS", 0.1)
        assert tls_scan.scan_server(["pi.example"], hsts=None, port=port) is None
    assert monkeys


def test_scan_without_a_server_gives_no_result():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert tls_scan.scan_server(["pi.example"], hsts=None, port=port) is None
    assert tls_scan.read_served_certificate("pi.example", port=port) is None
