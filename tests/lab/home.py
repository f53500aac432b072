"""A home whose name follows its address: answers, accounts, and a Pi that reaches the providers of the lab."""

from __future__ import annotations

from tests.lab import product
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
    """A layer with piwizard installed, its step system done, and the lab's authority trusted."""

    def prepare(pi: Pi) -> None:
        lab.internet.trust(pi)
        pi.run(("piwizard", "apply", "system"))

    below = product.installed(lab, release)
    return lab.layer(release, "reachable", lab.internet.authority.text, prepare, on=below)


def open_accounts(lab: Lab) -> None:
    """The world outside as it is at first: accounts at No-IP and DuckDNS, names without an address."""
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
