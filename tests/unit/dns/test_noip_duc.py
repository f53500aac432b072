"""Test the settings of No-IP's client, and the content of No-IP's archive."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.dns import noip_duc


def archive(path, *names):
    with tarfile.open(path, "w:gz") as packed:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(name)
            packed.addfile(member, io.BytesIO(name.encode()))
    return path


def test_archive_gives_the_package_of_the_architecture(tmp_path):
    folder = "noip-duc_3.3.0"
    names = [f"{folder}/binaries/noip-duc_3.3.0_{one}.deb" for one in ("amd64", "arm64", "armhf")]
    packed = archive(tmp_path / "a", f"{folder}/debian/service", *names)
    assert noip_duc._unpack(packed, "arm64").decode() == names[1]
    with pytest.raises(ChangeFailed, match="no package of noip-duc for riscv64"):
        noip_duc._unpack(packed, "riscv64")


@pytest.mark.parametrize("name", ["../binaries/x/noip-duc_3.3.0_arm64.deb", "a/binaries/evil_arm64.deb"])
def test_archive_with_other_names_is_refused(tmp_path, name):
    with pytest.raises(ChangeFailed):
        noip_duc._unpack(archive(tmp_path / "a", name), "arm64")


def test_download_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "a").write_text("<html>")
    with pytest.raises(ChangeFailed):
        noip_duc._unpack(tmp_path / "a", "arm64")


class Server(BaseHTTPRequestHandler):
    """Redirects without TLS, in a circle, or sends an endless body."""

    def do_GET(self):
        self.send_response({"/endless": 200, "/gone": 404}.get(self.path, 302))
        self.send_header("Location", "http://127.0.0.1:1/noip-duc.tar.gz")
        self.end_headers()
        with contextlib.suppress(OSError):
            while self.path == "/endless":
                self.wfile.write(bytes(65536))

    def log_message(self, *args):
        pass


@pytest.fixture
def site():
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"


def test_a_redirect_without_protection_is_not_followed(site):
    with pytest.raises(ChangeFailed, match="without HTTPS"):
        noip_duc.fetch(f"{site}/")


def test_download_without_end_is_refused(site, monkeypatch):
    monkeypatch.setattr(noip_duc, "MAX_ARCHIVE_BYTES", 1_000_000)
    with pytest.raises(ChangeFailed, match="too big"):
        noip_duc.fetch(f"{site}/endless")


def test_missing_download_is_said(site):
    with pytest.raises(ChangeFailed, match="returned 404"):
        noip_duc.fetch(f"{site}/gone")


def test_archive_that_expands_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(noip_duc, "MAX_EXPANDED_BYTES", 1_000_000)
    with gzip.open(tmp_path / "a", "wb") as file:
        member = tarfile.TarInfo("x" * 50)
        member.type, member.size = tarfile.GNUTYPE_LONGNAME, 8_000_000_000
        file.write(member.tobuf(tarfile.GNU_FORMAT))
        for _ in range(100):
            file.write(bytes(100_000))
    with pytest.raises(ChangeFailed, match="contains no package"):
        noip_duc._unpack(tmp_path / "a", "arm64")
    assert (tmp_path / "a.tar").stat().st_size <= 1_000_000


def test_settings(account):
    text = noip_duc.render_defaults(account(password='a"b\\c$d`e f'), 5)
    assert 'NOIP_PASSWORD="a\\"b\\\\c\\$d\\`e f"\n' in text
    assert 'NOIP_HOSTNAMES="songuuli.3utilities.com"\n' in text
    assert "NOIP_CHECK_INTERVAL=5m\n" in text
    assert "/usr/bin/noip-duc" in noip_duc.render_service()
