"""Test dynamic DNS with real clients while the public IP changes."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import quickstart
from tests.lab.eventually import eventually
from tests.lab.home import DUCK, DUCKDNS, LOGIN, NAME, NO_IP, SECRET, SETTINGS, TOKEN, apply, leaks, refused
from tests.lab.internet import Reply, Request, Site
from tests.lab.lab import Lab
from tests.lab.pi import Pi


def test_domain_follows_the_public_ip(lab: Lab, home: Pi) -> None:
    net = lab.internet
    before = quickstart.manifest(home.files, ("etc",))
    apply(home, DUCKDNS, TOKEN)
    assert net.visitor.resolve(DUCK) == [lab.router.public]
    proof, *first = net.duckdns.requests
    assert proof.headers["user-agent"].startswith("piwizard/")
    assert [one.headers["user-agent"].partition("/")[0] for one in first] == ["ddclient"]
    assert net.duckdns.answers[-2:] == ["OK", "OK"]
    assert home.run(("stat", "-c", "%a %U", SETTINGS[0])).output == "600 root\n"

    apply(home, DUCKDNS, TOKEN)
    home.reboot()
    states = home.run(("systemctl", "is-active", "ddclient.service"), check=False).output
    assert states == "active\n"
    assert len(net.duckdns.requests) == 2, "a request although nothing has changed"

    changed = time.monotonic()
    lab.router.change_address("11.22.33.99")
    eventually(lambda: _assert(net.visitor.resolve(DUCK) == ["11.22.33.99"]), timeout=120)
    print(f"\n{home.variant}: the name followed after {time.monotonic() - changed:.0f} s, interval 60 s")
    assert len(net.duckdns.requests) == 3
    assert leaks(home, TOKEN) == {SETTINGS[0], "/var/lib/piwizard/secrets.json"}

    home.run(("piwizard", "undo", "ddns", "--yes"))
    after = quickstart.manifest(home.files, ("etc",))
    gone = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    packaged = home.run(("dpkg", "-L", "ddclient")).output
    assert {path for path in gone if not _of_package(path, packaged)} == set()
    assert home.run(("systemctl", "is-active", "ddclient.service"), check=False).output == "inactive\n"


def _of_package(path: str, packaged: str) -> bool:
    """Return whether a file comes with the package, which stays installed."""
    return f"/{path}\n" in packaged or path.startswith(
        ("etc/rc", "etc/ssl", "etc/perl", "etc/ld.so", "etc/xdg/piwizard", "etc/resolv")
    )


def _assert(truth: bool) -> None:
    assert truth


def test_no_ip_update_follows_its_protocol(lab: Lab, home: Pi) -> None:
    net = lab.internet
    apply(home, NO_IP, SECRET)
    assert net.visitor.resolve(NAME) == [lab.router.public]
    assert [answer.partition(" ")[0] for answer in net.noip.answers[-2:]] == ["good", "nochg"]
    for one in net.noip.requests:
        assert (one.scheme, one.method, one.path) == ("https", "GET", "/nic/update")
        assert one.params["hostname"] == NAME
        assert one.params["myip"] == lab.router.public
    assert net.noip.requests[0].headers["user-agent"].endswith(f" {LOGIN}")
    read = 'require "/usr/bin/ddclient"; ddclient::read_config("/etc/ddclient.conf", \\my %c, \\my %g); '
    shown = home.run(("perl", "-MJSON::PP", "-e", f"{read} print 'READ', JSON::PP->new->encode(\\%c)")).output
    (settings,) = json.loads(shown.partition("READ")[2]).values()
    assert (settings["login"], settings["password"]) == (LOGIN, SECRET)
    assert leaks(home, SECRET) == {SETTINGS[0], "/var/lib/piwizard/secrets.json"}
    checks = {event["id"]: event for event in quickstart.events(home) if event["event"] == "check"}
    assert "every 30 days" in checks["ddns-confirmation"]["detail"]
    assert all(check["ok"] for check in checks.values())

    net.zone.set(NAME, "AAAA", "2a00:7b80:99::1")
    found = quickstart.said(home.run(("piwizard", "doctor", "--json"), check=False))["findings"]
    (stale,) = [one for one in found if one["step"] == "ddns" and not one["ok"]]
    assert (stale["id"], stale["subject"]) == ("name-ipv6-points-here", NAME)
    assert "2a00:7b80:99::1" in stale["detail"]
    net.zone.remove(NAME, "AAAA")


OTHERS = {
    "desec": ("songuuli.dedyn.io", TOKEN, ""),
    "dynu": ("songuuli.dynu.net", SECRET, ""),
    "dynv6": ("songuuli.dynv6.net", TOKEN, ""),
    "freedns": ("songuuli.mooo.com", SECRET, ""),
    "cloudflare": ("pi.example.com", TOKEN, ""),
    "custom": ("pi.example.org", SECRET, 'server = "ddns.example.org"\n'),
}
LOGINS = {"desec": "songuuli.dedyn.io", "dynv6": "none"}


@pytest.mark.nightly
def test_update_succeeds_at_every_provider(lab: Lab, home: Pi) -> None:
    net = lab.internet
    sites = {name: getattr(net, "members" if name == "custom" else name) for name in OTHERS}
    for name, (host, secret, more) in OTHERS.items():
        if name == "cloudflare":
            net.cloudflare.account(secret, "example.com")
            net.cloudflare.record(host, "A", "11.22.33.200")
        else:
            net.zone.remove(host)
            sites[name].account(LOGINS.get(name, LOGIN), secret, host)
        sites[name].requests.clear()
        user = "" if name in LOGINS or name == "cloudflare" else f'username = "{LOGIN}"\n'
        table = f'[ddns]\nprovider = "{name}"\nhostname = "{host}"\n{user}{more}'
        apply(home, f'{table}password = {{ file = "/root/secret" }}\n', secret)
        assert net.visitor.resolve(host) == [lab.router.public], name
        agents = [one.headers["user-agent"].partition("/")[0] for one in sites[name].requests]
        assert {"piwizard", "ddclient"} == set(agents), name
        assert len(agents) <= 6, f"{name}: {agents}"


@pytest.mark.nightly
def test_ddclient_settings_of_the_user_need_a_yes(lab: Lab, home: Pi) -> None:
    theirs = "protocol=dyndns2\nmine.example.org\n"
    home.write("/etc/ddclient.conf", theirs)
    left = apply(home, DUCKDNS, TOKEN, check=False)
    assert left.exit == 1
    assert "/etc/ddclient.conf" in left.output + left.errors
    assert home.read("/etc/ddclient.conf") == theirs
    quickstart.apply(home, "ddns", "--answers", quickstart.ANSWERS, "--yes")
    assert "duckdns" in home.read("/etc/ddclient.conf")
    home.run(("piwizard", "undo", "ddns", "--yes"))
    assert home.read("/etc/ddclient.conf") == theirs


FAKE_CLIENT = """\
#!/usr/bin/python3
# Stands for No-IP's client, which cannot be had here: its package's layout and its variables are the real ones.
import base64, os, time, urllib.request
signed = base64.b64encode((os.environ["NOIP_USERNAME"] + ":" + os.environ["NOIP_PASSWORD"]).encode()).decode()
asked = "https://dynupdate.no-ip.com/nic/update?hostname=" + os.environ["NOIP_HOSTNAMES"]
headers = {"Authorization": "Basic " + signed, "User-Agent": "noip-duc/3.3.0 support@no-ip.com"}
print(urllib.request.urlopen(urllib.request.Request(asked, headers=headers)).read().decode(), flush=True)
while True:
    time.sleep(1000)
"""


def noip_archive(pi: Pi) -> bytes:
    """Return noip-duc_3.3.0.tar.gz as No-IP packs it, with a minimal client."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "noip-duc"
        (root / "usr/bin").mkdir(parents=True)
        (root / "usr/bin/noip-duc").write_text(FAKE_CLIENT)
        (root / "usr/bin/noip-duc").chmod(0o755)
        (root / "DEBIAN").mkdir()
        control = "Package: noip-duc\nVersion: 3.3.0\nArchitecture: ARCH\nMaintainer: No-IP <x@example.org>\n"
        (root / "DEBIAN/control").write_text(f"{control}Description: stands for No-IP's client\n")
        pi.push(Path(folder), "/root/made")
    build = (
        "set -e; cd /root/made; a=$(dpkg --print-architecture); mkdir -p noip-duc_3.3.0/binaries; "
        'sed -i "s/^Architecture: .*/Architecture: $a/" noip-duc/DEBIAN/control; '
        "dpkg-deb --root-owner-group --build noip-duc noip-duc_3.3.0/binaries/noip-duc_3.3.0_$a.deb; "
        "tar czf made.tar.gz noip-duc_3.3.0"
    )
    pi.run(("sh", "-c", build))
    return (pi.files / "root/made/made.tar.gz").read_bytes()


@pytest.mark.nightly
def test_noip_client_updates_the_domain(lab: Lab, home: Pi) -> None:
    net = lab.internet
    answers = NO_IP + 'client = "noip-duc"\n'
    site = net.add_site("www.noip.com", Site(lambda request: Reply("<html>Not found</html>", 404)))
    assert "could not be downloaded from www.noip.com" in refused(home, answers, SECRET)["message"]

    archive = noip_archive(home)

    def download(request: Request) -> Reply:
        return Reply(archive) if request.path == "/download/linux/latest" else Reply("", 404)

    site.behaviour = download
    apply(home, answers, SECRET)
    assert net.visitor.resolve(NAME) == [lab.router.public]
    assert home.run(("stat", "-c", "%a %U", "/etc/default/noip-duc")).output == "600 root\n"
    eventually(lambda: _assert(net.noip.requests[-1].headers["user-agent"].startswith("noip-duc/")))
    assert leaks(home, SECRET) == {"/etc/default/noip-duc", "/var/lib/piwizard/secrets.json"}
    home.reboot()
    assert home.run(("systemctl", "is-active", "noip-duc.service")).output == "active\n"

    apply(home, NO_IP, SECRET)
    running = home.run(("systemctl", "is-active", "noip-duc.service", "ddclient.service"), check=False).output
    assert running.split() == ["inactive", "active"]
    home.run(("piwizard", "undo", "ddns", "--yes"))
    assert not (home.files / "etc/default/noip-duc").exists()
    assert not (home.files / "etc/ddclient.conf").exists()


@pytest.mark.nightly  # ddclient waits for minutes before it tries again
def test_update_is_retried_after_the_failure_is_fixed(lab: Lab, home: Pi) -> None:
    """Expect `apply` to make ddclient retry at once when the cause is fixed."""
    net = lab.internet
    apply(home, DUCKDNS, TOKEN)
    renewed = TOKEN.replace("a", "b", 1)
    assert renewed != TOKEN
    net.duckdns.account(renewed, DUCK.partition(".")[0])
    net.duckdns.tokens.pop(TOKEN)
    _check_until(home, lambda cache: "status=good" not in cache, lambda: lab.router.change_address("11.22.33.98"))
    asked = len(net.duckdns.requests)
    assert quickstart.apply(home, "ddns", check=False).exit == 1, "the account is not refused"
    assert len(net.duckdns.requests) == asked, "the account is tried again"
    apply(home, DUCKDNS, renewed)
    assert net.visitor.resolve(DUCK) == ["11.22.33.98"]

    net.zone.fail("duckdns.org", "SERVFAIL")
    try:
        _check_until(home, lambda cache: "status=noconnect" in cache, lambda: lab.router.change_address("11.22.33.97"))
    finally:
        net.zone.fail("duckdns.org", None)
    shown = home.run(("piwizard", "plan", "ddns"), check=False)
    assert shown.exit == 2, shown.output
    assert "Retry the DDNS update if the last failure is outdated" in shown.output
    quickstart.apply(home, "ddns")
    assert net.visitor.resolve(DUCK) == ["11.22.33.97"]


def _check_until(pi: Pi, noted: Callable[[str], bool], change: Callable[[], None]) -> None:
    """Make ddclient check at once, until it reports a change."""
    change()

    def check() -> None:
        pi.run(("systemctl", "kill", "--signal=HUP", "ddclient.service"))  # it wakes
        eventually(lambda: _assert(noted(pi.read("/var/cache/ddclient/ddclient.cache"))), timeout=8)

    eventually(check, timeout=120)
