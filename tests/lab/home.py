"""Set up a home with DDNS: answers, accounts, and a Pi."""

from __future__ import annotations

import re

from piwizard.system.commands import Result
from tests.lab import product, quickstart
from tests.lab.images import Layer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

SECRET = "ab'c\"d#e, f\\g$known7391again%i=j"
TOKEN = "5e0ff2f4-3c2c-4f0a-9d2b-7d8e9f001122"
LOGIN = "me@example.org"
NAME, DUCK = "songuuli2020.ddns.net", "songuuli2020.duckdns.org"
NO_IP = (
    f'[ddns]\nprovider = "no-ip"\nhostname = "{NAME}"\nusername = "{LOGIN}"\npassword = {{ file = "/root/secret" }}\n'
)
DUCKDNS = f'[ddns]\nprovider = "duckdns"\nhostname = "{DUCK}"\npassword = {{ file = "/root/secret" }}\ninterval = 1\n'
SETTINGS = ("/etc/ddclient.conf", "/etc/default/ddclient", "/etc/systemd/system/ddclient.service.d/piwizard.conf")


def reachable(lab: Lab, release: str) -> Layer:
    """Return a layer with the step system done and the lab's authority trusted."""

    below = product.prepared(lab, release)
    return lab.layer(release, "reachable", lab.internet.authority.text, lab.internet.trust, on=below)


def open_accounts(lab: Lab) -> None:
    """Reset the providers: accounts at No-IP and DuckDNS, names without an address."""
    net = lab.internet
    lab.router.reset()
    for provider in (net.noip, net.duckdns):
        provider.answer = provider.fault = None
        provider.requests.clear()
    net.noip.accounts.clear()
    net.duckdns.tokens.clear()
    net.noip.account(LOGIN, SECRET, NAME)
    net.duckdns.account(TOKEN, DUCK)
    for name in (NAME, DUCK):
        net.zone.remove(name)


def apply(pi: Pi, answers: str, secret: str, *, check: bool = True) -> Result:
    """Run `piwizard apply ddns` with an answers file and a file for its secret."""
    pi.write("/root/secret", secret)
    pi.write(quickstart.ANSWERS, answers)
    return quickstart.apply(pi, "ddns", "--answers", quickstart.ANSWERS, check=check)


def refused(pi: Pi, answers: str, secret: str) -> dict[str, str]:
    """Return the error of an apply that must fail."""
    result = apply(pi, answers, secret, check=False)
    assert result.exit == 1, result.output
    events = [event for event in quickstart.events(pi) if event["event"] == "error"]
    assert len(events) == 1
    return dict(events[0])


def leaks(pi: Pi, secret: str) -> set[str]:
    """Return where a secret appears: files, journal, arguments, run logs.

    The search uses its longest part without characters that need escaping.
    """
    secret = max(re.findall(r"[A-Za-z0-9-]+", secret), key=len)
    found = pi.run(
        (
            "grep",
            "-rlF",
            "--exclude-dir=proc",
            "--exclude-dir=sys",
            "-e",
            secret,
            "/etc",
            "/var",
            "/run",
            "/tmp",
            "/opt",
        ),
        check=False,
    ).output.split()
    shown = pi.run(("journalctl", "--no-pager", "--all")).output
    processes = pi.run(("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"), check=False).output
    said = pi.run(("sh", "-c", "cat /var/log/piwizard/*/* /var/log/dpkg.log /var/log/apt/* 2>/dev/null"), check=False)
    return set(found) | {name for name, text in (("journal", shown), ("argv", processes), ("logs", said.output))
                         if secret in text}  # fmt: skip
