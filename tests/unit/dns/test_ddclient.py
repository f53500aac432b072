"""Test the settings of each version of ddclient for each provider.

The lab tests that ddclient reads them this way.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.dns import ddclient
from piwizard.dns.providers import PROVIDERS
from piwizard.errors import PiwizardError

BOOKWORM, TRIXIE, LATER = (3, 10, 0), (3, 11, 2), (4, 0, 0)
BOTH = {
    BOOKWORM: {"cloudflare", "freedns"},
    TRIXIE: {"cloudflare", "freedns", "duckdns", "desec", "dynu", "dynv6", "custom"},
    LATER: set(PROVIDERS),
}


def lines(account, version, interface=None):
    text = ddclient.render_settings(account, version, interface)
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("version", [(3, 9, 1), BOOKWORM, TRIXIE, LATER])
@pytest.mark.parametrize("name", PROVIDERS)
def test_settings(account, name, version):
    made = account(name)
    found = lines(made, version)
    assert f"protocol={made.provider.protocol}" in found
    assert f"server={made.server}" in found
    assert f"password='{made.secret}'" in found
    assert ("usev4=webv4" in found) == (name in BOTH.get(version, set()))
    assert ("use=web" in found) != ("usev4=webv4" in found)
    assert not [line for line in found if line.startswith(("usev6", "ifv6"))]
    assert found[-1] == ("songuuli" if name == "duckdns" else made.hostname)
    assert "ssl=yes" in found


def test_ipv6_needs_provider_and_version_support(account):
    assert "ifv6=eth0" in lines(account("duckdns", ipv6=True), TRIXIE, "eth0")
    for name, version in (("duckdns", BOOKWORM), ("no-ip", TRIXIE), ("dynv6", TRIXIE)):
        with pytest.raises(PiwizardError, match="only the IPv4 address"):
            lines(account(name, ipv6=True), version, "eth0")
    with pytest.raises(PiwizardError, match="no IPv6 connection to the Internet"):
        lines(account("desec", ipv6=True), TRIXIE, None)


def test_settings_quote_special_characters(account):
    nasty = "a'b\"c#d, e\\f$g%h='i"
    assert f"password='{nasty}'" in lines(account(password=nasty), TRIXIE)
    assert 'login="me\\"\\\\you"' in lines(account(username='me"\\you'), TRIXIE)


@pytest.mark.parametrize(
    ("installed", "debian", "wanted"),
    [
        (None, 12, BOOKWORM),
        (None, 13, TRIXIE),
        (None, 99, LATER),
        (None, None, LATER),
        ("3.11.2-2", 12, TRIXIE),
        ("4.0.0~rc1-1", 13, LATER),
    ],
)
def test_versions(installed, debian, wanted):
    assert ddclient.version_for(installed, debian) == wanted


def test_settings_path_and_packages_depend_on_version():
    assert ddclient.settings_path(TRIXIE) == Path("/etc/ddclient.conf")
    assert ddclient.settings_path(LATER) == Path("/etc/ddclient/ddclient.conf")
    assert "libio-socket-ssl-perl" in ddclient.packages(BOOKWORM)
    assert ddclient.packages(TRIXIE) == ("ddclient",)


def test_interval_and_limits():
    assert 'daemon_interval="300"' in ddclient.render_defaults(5)
    assert "StartLimitBurst=10" in ddclient.render_limits()


CACHE = (
    "## ddclient-3.11.2\n## last updated at Sun (1)\n"
    "atime=1790000000,host=songuuli,ip=,ipv4=11.22.33.44,mtime=1,status=good,status-ipv4=good,wtime=0 songuuli\n"
    "atime=5,host=old.ddns.net,ip=11.22.33.9,mtime=1,status=badauth,wtime=0 zold.ddns.net\n"
    "atime=7,host=a,status=failed,status-ipv4=noconnect a.example.org\n"
    "atime=8,host=c,status=,status-ipv4=failed c.example.org\n"
    "atime=6,host=b,ip=,status=noconnect,status-ipv4=noconnect,status-ipv6= b.example.org\n"
)


def test_cache_gives_the_last_update_of_each_name():
    assert ddclient.parse_cache(CACHE, "songuuli") == ddclient.UpdateStatus("good", "11.22.33.44", 1790000000)
    assert ddclient.parse_cache(CACHE, "zold.ddns.net") == ddclient.UpdateStatus("badauth", "11.22.33.9", 5)
    assert ddclient.parse_cache(CACHE, "b.example.org") == ddclient.UpdateStatus("noconnect", None, 6)
    assert ddclient.parse_cache(CACHE, "a.example.org").status == "failed"
    assert ddclient.parse_cache(CACHE, "c.example.org").status == "failed"
    nothing = ddclient.UpdateStatus("", None, 0)
    for text in (CACHE, "## ddclient-3.11.2\n", "", "\x00\x00", "atime=x,status= ddns.net\n"):
        assert ddclient.parse_cache(text, "ddns.net") == nothing
