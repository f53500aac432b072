"""Test that each kind of outage reaches a mail server and an ntfy server by the timer itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.lab import layers, online, quickstart
from tests.lab.internet import Reply, Site
from tests.lab.internet.mail import MailServer, NtfyServer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

LONGEST = 300.0
"""Seconds until an outage is known everywhere, with the calendar of the real timer."""
PASSWORD = "mail-password-7193"
URLS = (
    "ntfys://ntfy.example.org/topic "
    f"mailtos://me:{PASSWORD}@example.org:587?smtp=mail.example.org&from=me@example.org&to=me@example.org&mode=starttls"
)
ANSWERS, TIMER = "/root/alerts.toml", "piwizard-alerts.timer"
ASKED = '\n[alerts]\nurls = { env = "ALERT_URLS" }\nheartbeat = { env = "HEARTBEAT" }\n'
LIVE = "/etc/letsencrypt/live/piwizard-myflask"
SENSORS = "/sys/devices/platform"
THROTTLED = f"{SENSORS}/soc/soc:firmware/get_throttled"
FINE, UNDERVOLTAGE = "0", "50005"
TEN_DAYS_LEFT = f"""
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key = ec.generate_private_key(ec.SECP256R1())
now = datetime.datetime.now(datetime.timezone.utc)
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, {online.NAMES[0]!r})])
made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
made = made.not_valid_before(now - datetime.timedelta(80)).not_valid_after(now + datetime.timedelta(10))
made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in {online.NAMES!r}]), False)
print(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode())
"""


@dataclass
class Watched:
    """A Pi with alerts, and the servers that receive them."""

    pi: Pi
    mail: MailServer
    ntfy: NtfyServer
    beats: Site

    def forget(self) -> None:
        """Forget what has arrived."""
        for arrived in (self.mail.mails, self.ntfy.messages, self.beats.requests):
            arrived.clear()

    def wait_for(self, *wanted: str) -> float:
        """Wait until both servers have these words, and return the seconds; no longer than LONGEST."""
        began = time.monotonic()
        while missing := [one for one in wanted if one not in self.posted or one not in self.mailed]:
            assert time.monotonic() - began < LONGEST, f"missing: {missing}\n{self.posted}\n{self.mailed}"
            time.sleep(0.5)
        return time.monotonic() - began

    @property
    def posted(self) -> str:
        return "\n".join(f"{one['title']}\n{one['text']}" for one in self.ntfy.messages)

    @property
    def mailed(self) -> str:
        return "\n".join(f"{one.subject}\n{one.text}" for one in self.mail.mails)


@pytest.fixture(scope="module")
def watched(lab: Lab) -> Iterator[Watched]:
    """Return a Pi that serves a site over HTTPS at home, with alerts and a sensor for its power supply."""
    net = lab.internet
    mail = MailServer(net, "mail.example.org", "me", PASSWORD)
    ntfy, beats = NtfyServer(net, "ntfy.example.org"), net.add_site("hc.example.org", Site(lambda _: Reply("OK")))
    layer = layers.https(lab, "trixie")
    layers.repository(lab)
    pi = lab.pi("trixie", layer=layer, disk=4096)
    with online.at_home(lab, pi):
        pi.write(ANSWERS, f"{pi.read('/etc/xdg/piwizard/answers.toml')}{ASKED}")
        env = {"ALERT_URLS": URLS, "HEARTBEAT": "https://hc.example.org/beat"}
        pi.run(("piwizard", "apply", "alerts", "--yes", "--answers", ANSWERS), env=env)
        sense(pi, FINE)
        assert pi.run(("systemctl", "show", TIMER, "--property=TimersCalendar")).output.count("*:00/4:00") == 1
        pi.run(("piwizard", "alerts", "check", "--all"))
        yield Watched(pi, mail, ntfy, beats)
    pi.discard()
    mail.close()


def sense(pi: Pi, bits: str) -> None:
    """Let the kernel report the state of the power supply, as on a Raspberry Pi."""
    if not pi.run(("test", "-e", THROTTLED), check=False).ok:
        pi.run(("mount", "-t", "tmpfs", "tmpfs", SENSORS))
    pi.write(THROTTLED, f"{bits}\n")


def measure(kind: str, seconds: float) -> None:
    print(f"\n{kind}: known everywhere after {seconds:.0f} s")


def test_app_name_certificate_and_power_supply_are_reported_in_time(lab: Lab, watched: Watched) -> None:
    pi = watched.pi
    watched.forget()
    served = pi.read(f"{LIVE}/fullchain.pem")
    pi.run(("systemctl", "stop", "myflask.socket", "myflask.service"))
    lab.internet.zone.set(quickstart.HOST, "A", "104.21.3.7")
    pi.write(f"{LIVE}/fullchain.pem", pi.run(("python3", "-c", TEN_DAYS_LEFT)).output)
    sense(pi, UNDERVOLTAGE)
    wanted = ("myflask.service running", "Site answers", f"{quickstart.HOST} points to this Pi")
    measure("app, name, certificate, power", watched.wait_for(*wanted, "Power supply sufficient", "Certificate valid"))
    assert watched.beats.requests == []
    pi.run(("systemctl", "start", "myflask.socket", "myflask.service"))
    lab.internet.zone.set(quickstart.HOST, "A", lab.router.public)
    pi.write(f"{LIVE}/fullchain.pem", served)
    sense(pi, FINE)
    ended = [f"{one}: OK again" for one in (wanted[0], wanted[1], wanted[2], "Power supply sufficient")]
    measure("their end", watched.wait_for(*ended))


def test_nginx_and_a_full_disk_are_reported_in_time(watched: Watched) -> None:
    watched.forget()
    watched.pi.run(("systemctl", "stop", "nginx"))
    watched.pi.fill_disk()
    try:
        measure("nginx, full disk", watched.wait_for("nginx service running", "Free disk space"))
    finally:
        watched.pi.free_disk()
    watched.pi.run(("systemctl", "start", "nginx"))
    measure("their end", watched.wait_for("nginx service running: OK again"))


def test_service_that_systemd_gives_up_is_reported_at_once(watched: Watched) -> None:
    watched.forget()
    # Between two minutes of the calendar: the service starts the check itself.
    watched.pi.run(("systemctl", "stop", TIMER))
    watched.pi.run(("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "nginx"))
    measure("nginx killed", watched.wait_for("nginx service running"))
    watched.pi.run(("systemctl", "start", "nginx", TIMER))
    watched.wait_for("nginx service running: OK again")


def test_lost_power_stops_the_heartbeat_and_is_reported_in_time(watched: Watched) -> None:
    _until(lambda: len(watched.beats.requests) >= 1)
    watched.forget()
    watched.pi.power_cut()
    assert watched.beats.requests == []
    watched.pi.boot()
    measure("lost power", watched.wait_for("The Pi has restarted"))
    _until(lambda: len(watched.beats.requests) >= 2)
    first, second = (one.at for one in watched.beats.requests[:2])
    assert second - first < LONGEST, "the heartbeat service would report the Pi as gone"


def test_reboot_is_not_reported(watched: Watched) -> None:
    watched.forget()
    watched.pi.reboot()
    sense(watched.pi, FINE)
    watched.pi.run(("piwizard", "alerts", "check", "--all"))
    _until(lambda: len(watched.beats.requests) >= 1)
    assert watched.ntfy.messages == []
    assert watched.mail.mails == []


def _until(truth: Callable[[], bool], timeout: float = 2 * LONGEST) -> None:
    """Wait until something is true."""
    until = time.monotonic() + timeout
    while not truth():
        assert time.monotonic() < until
        time.sleep(0.5)
