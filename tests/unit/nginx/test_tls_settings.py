"""Test HTTPS as text for every version, and with a real nginx and certificate."""

from __future__ import annotations

import http.client
import ssl
import subprocess

import pytest

from piwizard.errors import PiwizardError
from piwizard.nginx.server_blocks import SiteBlock, render_default_server, render_site
from piwizard.nginx.tls_settings import HSTS_SECONDS, Tls, engine
from piwizard.system.checks import poll_until

BOOKWORM, TRIXIE = engine("1.22.1", "3.0.15"), engine("1.26.3", "3.5.1")
BOTH = pytest.mark.parametrize("version", [BOOKWORM, TRIXIE])
secure = pytest.mark.parametrize("served", [{"https": True}], indirect=True)
SECURITY = ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Strict-Transport-Security")


def site(version=BOOKWORM, *, hsts="one-day", **changes):
    tls = Tls("/etc/letsencrypt/live/app", version, HSTS_SECONDS[hsts])
    values = {"name": "app", "domains": ("pi.example",), "socket": "/run/app.sock", "tls": tls} | changes
    return render_site(SiteBlock(**values))


def test_http2_directive_matches_the_version():
    assert "listen 443 ssl http2;" in site(BOOKWORM)
    assert "http2 on;" not in site(BOOKWORM)
    assert "listen 443 ssl;" in site(TRIXIE)
    assert "http2 on;" in site(TRIXIE)


def test_curve_is_named_only_if_openssl_supports_it():
    assert "ssl_ecdh_curve X25519:prime256v1:secp384r1;" in site(BOOKWORM)
    assert "ssl_ecdh_curve ?X25519MLKEM768:X25519:prime256v1:secp384r1;" in site(TRIXIE)


def test_tickets_are_on_only_with_changing_keys():
    assert "ssl_session_tickets off;" in site(BOOKWORM)
    assert "ssl_session_tickets" not in site(TRIXIE)


@BOTH
def test_tls_settings_never_contain_weak_values(version):
    assert "stapling" not in site(version)
    assert "resolver" not in site(version)


def test_unknown_version_counts_as_the_newest():
    assert engine(None, None).http2_directive
    assert engine("1.22.1", None).curves.startswith("?X25519MLKEM768")


def test_refusing_default_server_needs_nginx_support():
    assert "ssl_reject_handshake on;" in render_default_server(tls=BOOKWORM)
    assert "443" not in render_default_server(tls=engine("1.18.0", "1.1.1"))
    assert "listen 80" not in render_default_server(http=False, tls=BOOKWORM)


def test_default_server_has_the_tls_settings_of_the_sites():
    of_site, of_default = (
        {line for line in text.splitlines() if line.strip().startswith("ssl_")}
        for text in (site(), render_default_server(tls=BOOKWORM))
    )
    certificate = {line for line in of_site if "ssl_certificate" in line}
    assert of_site - certificate == {line for line in of_default if "reject" not in line}


def test_http_redirects_to_https_in_one_step():
    text = site(domains=("a.example", "www.a.example", "b.example"))
    servers = [part for part in text.split("\nserver {") if "listen 80;" in part]
    assert ["server_name a.example www.a.example;" in part for part in servers] == [True, False]
    assert ["301 https://a.example$request_uri" in part for part in servers] == [True, False]
    assert "301 https://b.example$request_uri" in servers[1]
    assert all("/.well-known/acme-challenge/" in part for part in servers)


def test_challenges_are_answered_without_a_certificate():
    text = site(tls=None, domains=("a.example", "www.a.example"))
    assert text.count("location ^~ /.well-known/acme-challenge/") == text.count("listen 80;") == 2
    assert "443" not in text


def test_hsts_lasts_as_chosen():
    assert "https: max-age=86400;" in site()
    assert "https: max-age=63072000;" in site(hsts="two-years")
    assert "Strict-Transport-Security" not in site(hsts="off")


@pytest.mark.parametrize("folder", ["live/app", "/live/$x", "/live/a;b", ""])
def test_folder_that_would_break_out_is_refused(folder):
    with pytest.raises(PiwizardError):
        site(tls=Tls(folder, BOOKWORM))


def test_nginx_accepts_the_configuration_without_warnings(nginx, configuration, throwaway, engine_here):
    files = {"default": render_default_server(tls=engine_here)}
    for name in ("one", "two"):
        files[name] = site(engine_here, name=name, tls=Tls(str(throwaway), engine_here),
                           domains=(f"{name}.example", f"www.{name}.example"))  # fmt: skip
    result = subprocess.run(
        [nginx, "-t", "-c", configuration(1980, tls_port=19443, **files)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "[warn]" not in result.stderr


@secure
def test_http_redirects_and_lets_challenges_pass(served):
    for host in ("pi.example", "www.pi.example", "www.pi.example:8080"):
        answer = served.get("/a?b=c", host=host)
        assert (answer.status, answer.header("Location")) == (301, "https://pi.example/a?b=c"), host
        assert answer.header("Strict-Transport-Security") is None
        assert answer.header("X-Content-Type-Options") == "nosniff"
    assert served.get("/x", host="other.example").header("Location") == "https://other.example/x"
    challenge = served.get("/.well-known/acme-challenge/token")
    assert challenge.status == 404, "answered from the empty folder of challenges"
    assert challenge.header("Location") is None


@secure
def test_https_serves_the_site(served):
    asked = dict(served.get("/page?x", secure=True).asked["headers"])
    assert (asked["host"], asked["x-forwarded-proto"]) == ("pi.example", "https")
    www = served.get("/x", host="www.pi.example", secure=True)
    assert (www.status, www.header("Location")) == (301, "https://pi.example/x")
    assert served.get("/x", secure=True, address="::1").asked["path"] == "/x"


@secure
def test_security_headers_are_on_every_answer(served):
    (served.static / "a.css").write_text("x")
    for path in ["/", "/static/a.css", "/static/gone", "/static/.git", "/dead"]:
        answer = served.get(path, secure=True)
        assert [answer.header(name) for name in SECURITY] == [
            "nosniff", "SAMEORIGIN", "strict-origin-when-cross-origin", "max-age=86400"], path  # fmt: skip
    assert served.get("/", host="www.pi.example", secure=True).header("Strict-Transport-Security") == "max-age=86400"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@secure
def test_handshake_uses_modern_settings(served):
    with served.handshake("pi.example", alpn=["h2", "http/1.1"]) as connection:
        assert connection.selected_alpn_protocol() == "h2"
        assert connection.version() == "TLSv1.3"
    with served.handshake("pi.example", maximum_version=ssl.TLSVersion.TLSv1_2) as connection:
        assert connection.cipher()[0].startswith("ECDHE-ECDSA-")
    old = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        served.handshake("pi.example", minimum_version=old, maximum_version=old, weak=True)


@secure
def test_unknown_host_gets_no_certificate(served):
    for host in ("evil.example", None):
        with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized name|unrecognized_name"):
            served.handshake(host)


@secure
def test_connection_for_one_host_does_not_serve_another(served):
    connection = http.client.HTTPConnection("127.0.0.1", served.tls_port)
    connection.sock = served.handshake("pi.example")
    connection.request("GET", "/", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 421
    connection.close()


@secure
def test_https_requests_are_logged(served):
    served.get("/by-https", secure=True)
    log = served.folder / "logs" / "my-flask.access.log"
    assert "/by-https" in poll_until(log.read_text, lambda text: "/by-https" in text)
