"""Test failing DDNS updates: refused, no connection, invalid answers."""

from __future__ import annotations

import json

import pytest

from tests.lab import quickstart
from tests.lab.home import DUCKDNS, NAME, NO_IP, SECRET, SETTINGS, TOKEN, apply, leaks, refused
from tests.lab.lab import Lab
from tests.lab.pi import Pi

REFUSALS = [
    ("answer", "nohost", "No-IP has no host name", 1),
    ("answer", "badagent", "blocked this client", 1),
    ("answer", "!donator", "a feature of paid accounts", 1),
    ("answer", "abuse", "blocked the account or the host name", 1),
    ("answer", "911", "asks clients to wait 30 minutes", 1),
    ("fault", "500", "has an internal error", 1),
    ("fault", "garbage", "an unexpected answer to an update", 1),
    ("fault", "timeout", "did not answer in time", 1),
    ("fault", "reset", "closed the connection", 1),
    ("fault", "expired", "The certificate of dynupdate.no-ip.com is not valid", 0),
    ("fault", "other-name", "The certificate of dynupdate.no-ip.com is not valid", 0),
    ("fault", "untrusted", "The certificate of dynupdate.no-ip.com is not valid", 0),
]


@pytest.mark.nightly
def test_refused_update_keeps_the_old_settings(lab: Lab, home: Pi) -> None:
    net = lab.internet
    apply(home, DUCKDNS, TOKEN)
    kept = {path: home.read(path) for path in SETTINGS}

    error = refused(home, NO_IP, "wrong-one")
    sentence = "ddns.password: No-IP does not accept the user name or the password."
    assert error["message"] == f"answers.toml line 5: {sentence}"
    assert error["key"] == "ddns.password"
    assert refused(home, NO_IP, "wrong-one")["message"] == error["message"]
    assert len(net.noip.requests) == 1, "a refused update is sent again"
    home.reboot()
    assert "The next attempt with these answers is possible in" in refused(home, NO_IP, "wrong-one")["hint"]
    assert len(net.noip.requests) == 1, "a refused update is sent again after a reboot"

    for kind, what, words, asked in REFUSALS:
        setattr(net.noip, kind, what)
        net.noip.requests.clear()
        home.run(("rm", "-f", "/var/lib/piwizard/ddns.json"))
        error = refused(home, NO_IP, SECRET)
        assert words in error["message"], what
        assert error["message"].count(". ") == 0, "not one sentence"
        assert error["hint"]
        assert SECRET not in json.dumps(error)
        again = refused(home, NO_IP, SECRET)
        assert again["message"] == error["message"]
        assert len(net.noip.requests) == asked, what
        net.noip.answer = net.noip.fault = None
    assert {path: home.read(path) for path in SETTINGS} == kept
    assert home.run(("systemctl", "is-active", "ddclient.service")).output == "active\n"
    assert leaks(home, SECRET) == {"/var/lib/piwizard/secrets.json"}
    assert leaks(home, "wrong-one") == set()
    home.run(("rm", "-f", "/var/lib/piwizard/ddns.json"))
    apply(home, NO_IP, SECRET)
    assert net.visitor.resolve(NAME) == [lab.router.public]


@pytest.mark.nightly
def test_unreachable_provider_is_reported(lab: Lab, home: Pi) -> None:
    lab.internet.zone.fail("no-ip.com", "SERVFAIL")
    try:
        error = refused(home, NO_IP, SECRET)
    finally:
        lab.internet.zone.fail("no-ip.com", None)
    assert error["message"] == "dynupdate.no-ip.com cannot be reached."
    apply(home, NO_IP, SECRET)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (NO_IP.replace("no-ip", "dyn"), "line 2: ddns.provider must be one of no-ip, duckdns, cloudflare"),
        (NO_IP.replace('{ file = "/root/secret" }', '"hush"'), "line 5: ddns.password must be"),
        (NO_IP.replace('password = { file = "/root/secret" }\n', ""), "ddns.password is missing"),
        (NO_IP.replace("ddns.net", "duckdns.org"), "ddns.hostname: songuuli2020.duckdns.org is a domain of DuckDNS"),
    ],
)
def test_invalid_ddns_answers_change_nothing(lab: Lab, home: Pi, answers: str, words: str) -> None:
    before = quickstart.manifest(home.files)
    result = apply(home, answers, SECRET, check=False)
    assert result.exit == 1
    assert words in result.errors + result.output
    assert lab.internet.noip.requests == []
    left = quickstart.manifest(home.files)
    altered = {path for path in before.keys() | left.keys() if before.get(path) != left.get(path)}
    assert {path for path in altered if not path.startswith("var/lib/piwizard")} == set()
