"""Test that problems reach a mail server and an ntfy server, and the heartbeat."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.lab import layers, online, quickstart
from tests.lab.eventually import eventually
from tests.lab.home import leaks
from tests.lab.internet import Reply, Site
from tests.lab.internet.mail import MailServer, NtfyServer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

PASSWORD, TOPIC, BEAT = "mail-password-7193", "topic-of-me-5520", "beat-of-me-8841"
MAIL = (
    f"mailtos://me:{PASSWORD}@example.org:587?smtp=mail.example.org&from=me@example.org&to=me@example.org&mode=starttls"
)
NTFY = f"ntfys://ntfy.example.org/{TOPIC}"
ANSWERS, TIMER = "/root/alerts.toml", "piwizard-alerts.timer"
ASKED = """
[alerts]
urls = { env = "ALERT_URLS" }
heartbeat = { env = "HEARTBEAT" }
"""


@dataclass
class Alerted:
    """A Pi with alerts, and the servers that receive them."""

    pi: Pi
    mail: MailServer
    ntfy: NtfyServer
    beats: Site

    def check(self, *options: str) -> str:
        """Do what the timer does. Return the output."""
        return self.pi.run(("piwizard", "alerts", "check", *options)).output

    def forget(self) -> None:
        """Forget the messages that have arrived."""
        self.mail.mails.clear()
        self.ntfy.messages.clear()
        self.beats.requests.clear()


@pytest.fixture(scope="module")
def served(lab: Lab) -> Iterator[Alerted]:
    net = lab.internet
    mail = MailServer(net, "mail.example.org", "me", PASSWORD)
    ntfy, beats = NtfyServer(net, "ntfy.example.org"), net.add_site("hc.example.org", Site(lambda _: Reply("OK")))
    pi = layers.served_pi(lab, "trixie")
    net.trust(pi)
    for name in online.NAMES:
        net.zone.set(name, "A", lab.router.public)
    answers = pi.run(("cat", "/etc/xdg/piwizard/answers.toml")).output
    pi.write(ANSWERS, f"{answers}{ASKED}")
    yield Alerted(pi, mail, ntfy, beats)
    for name in online.NAMES:
        net.zone.remove(name)
    pi.discard()
    mail.close()


def apply(pi: Pi, urls: str, *, check: bool = True) -> str:
    env = {"ALERT_URLS": urls, "HEARTBEAT": f"https://hc.example.org/{BEAT}"}
    result = pi.run(("piwizard", "apply", "alerts", "--yes", "--answers", ANSWERS), env=env, check=check)
    return result.output + result.errors


@pytest.fixture(scope="module")
def alerted(served: Alerted) -> Alerted:
    """Set alerts up; the test decides when the timer runs."""
    apply(served.pi, f"{NTFY} {MAIL}")
    served.pi.write(f"/run/systemd/system/{TIMER}.d/test.conf", "[Timer]\nOnCalendar=\nOnCalendar=yearly\n")
    served.pi.run(("systemctl", "daemon-reload"))
    served.pi.run(("systemctl", "restart", TIMER))
    return served


def test_address_that_refuses_the_test_message_is_not_kept(served: Alerted) -> None:
    output = apply(served.pi, f"{NTFY} {MAIL.replace(PASSWORD, 'wrong-password-1')}", check=False)
    assert "The test message was not sent to address 2 (mailtos)" in output
    assert served.ntfy.messages[-1]["title"].endswith("test message of piwizard")
    assert served.pi.run(("systemctl", "is-active", TIMER), check=False).output == "inactive\n"
    assert quickstart.states(served.pi)["alerts"] == "failed"


def test_app_that_is_down_and_up_again_reaches_both_servers(alerted: Alerted) -> None:
    pi = alerted.pi
    assert quickstart.states(pi)["alerts"] == "done"
    assert alerted.mail.mails[0].subject.endswith("test message of piwizard")
    alerted.check()
    alerted.forget()
    alerted.check()
    assert json.loads(pi.run(("piwizard", "alerts", "list", "--json"), check=False).output)["problems"] == []
    assert len(alerted.beats.requests) == 1
    pi.run(("systemctl", "stop", "myflask.socket", "myflask.service"))
    began = time.monotonic()
    alerted.check()
    print(f"\nchecked and sent in {time.monotonic() - began:.0f} s")
    (mail,), (note,) = alerted.mail.mails, alerted.ntfy.messages
    assert mail.to == ("me@example.org",)
    assert "myflask.service running" in mail.text
    assert "Site answers" in note["text"]
    assert len(alerted.beats.requests) == 1
    assert pi.run(("piwizard", "alerts", "list"), check=False).exit == 1
    alerted.check()
    assert len(alerted.mail.mails) == 1
    pi.run(("systemctl", "start", "myflask.socket", "myflask.service"))
    eventually(lambda: _assert(pi.http("/", host=quickstart.HOST).status == 200))
    alerted.check()
    assert "OK again" in alerted.mail.mails[-1].subject
    assert len(alerted.mail.mails) == len(alerted.ntfy.messages) == 2
    assert json.loads(pi.run(("piwizard", "alerts", "list", "--json")).output)["problems"] == []


def test_server_that_hangs_delays_nothing_and_gets_the_message_later(alerted: Alerted) -> None:
    alerted.forget()
    with alerted.ntfy.failing("timeout"), alerted.beats.failing("timeout"):
        alerted.pi.run(("systemctl", "stop", "nginx"))
        began = time.monotonic()
        output = alerted.check()
        assert time.monotonic() - began < 120
        assert "was not sent to address 1 (ntfys)" in output
    assert len(alerted.mail.mails) == 1
    alerted.pi.run(("systemctl", "start", "nginx"))
    alerted.ntfy.messages.clear()
    alerted.check()
    titles = [one["title"] for one in alerted.ntfy.messages]
    assert len(titles) == 2
    assert "OK again" in titles[1]


def test_no_address_is_left_anywhere(alerted: Alerted) -> None:
    for secret in (PASSWORD, TOPIC, BEAT):
        assert leaks(alerted.pi, secret) == {"/var/lib/piwizard/secrets.json"}


def test_undo_removes_alerts(alerted: Alerted) -> None:
    alerted.pi.run(("piwizard", "undo", "alerts", "--yes"))
    left = alerted.pi.run(
        ("find", "/etc/systemd", "/var/lib/piwizard/alerts", "/usr/local/lib/piwizard", "-name", "*alert*"), check=False
    )
    assert left.output == ""
    assert alerted.pi.run(("piwizard", "alerts", "test"), check=False).exit != 0


def _assert(truth: bool) -> None:
    assert truth
