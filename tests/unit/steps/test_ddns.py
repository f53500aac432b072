"""Test the suggestions, plans and refusals of the ddns step."""

from __future__ import annotations

import dataclasses

import pytest

from piwizard.answers import file_reader as answers_module
from piwizard.answers.model import Answers
from piwizard.errors import PiwizardError
from piwizard.steps.ddns import Ddns
from piwizard.steps.registry import all_questions

from .conftest import flat, of_kind

NO_IP = 'provider = "no-ip"\nhostname = "songuuli.ddns.net"\nusername = "me@example.org"\n'


@pytest.fixture
def given(own_places):
    """Return the answers of a [ddns] table, with its secret."""

    def made(table=NO_IP, secret="hush-hush"):
        text = f'[ddns]\n{table}password = {{ env = "X" }}\n'
        plain = answers_module.parse(text, all_questions()).of(None)
        return Answers(None, plain.values, {"ddns.password": secret})

    return made


@pytest.fixture
def pi(context, machine):
    """Return the context of a recorded Pi that has these packages."""
    return lambda name="pi4-trixie", **installed: context(machine=machine(name), source=None, installed=installed)


def test_suggestions_follow_the_first_domain(context):
    questions = {one.key: one for one in Ddns().questions(context(domains=("songuuli.duckdns.org",)), None)}
    assert questions["ddns.hostname"].default == "songuuli.duckdns.org"
    assert questions["ddns.provider"].default == "duckdns"
    assert "belongs to this provider" in questions["ddns.provider"].detected


def asked_with(context, table):
    answers = answers_module.parse(f"[ddns]\n{table}", all_questions()).of(None)
    return [one.key.partition(".")[2] for one in Ddns().questions(context(), answers)]


@pytest.mark.parametrize(
    ("provider", "asked"),
    [
        ("duckdns", ["provider", "hostname", "password", "interval", "ipv6"]),
        ("cloudflare", ["provider", "hostname", "password", "interval", "ipv6", "zone"]),
        ("no-ip", ["provider", "hostname", "username", "password", "client", "interval", "ipv6"]),
        ("custom", ["provider", "hostname", "username", "password", "interval", "ipv6", "server"]),
    ],
)
def test_questions_that_a_provider_does_not_need_are_skipped(context, provider, asked):
    assert asked_with(context, f'provider = "{provider}"\n') == asked


def test_saved_answers_that_have_an_effect_are_still_asked(context):
    given = 'provider = "duckdns"\nclient = "noip-duc"\nserver = "ddns.example.org"\nusername = "me"\n'
    asked = asked_with(context, given)
    assert {"client", "server"} <= set(asked)
    assert "username" not in asked
    assert asked_with(context, given.replace("duckdns", "no-ip"))[2] == "username"


def test_own_domain_gets_no_suggestion(context):
    questions = {one.key: one for one in Ddns().questions(context(domains=("www.example.org",)), None)}
    assert questions["ddns.hostname"].default == "www.example.org"
    assert questions["ddns.provider"].default is None
    assert questions["ddns.zone"].default == "example.org"


def test_account_precedes_settings_and_settings_the_package(pi, given):
    changes = Ddns().plan(pi(), given())
    kinds = [change.kind for change in changes]
    assert kinds[0] == "account"
    assert kinds.index("group") < kinds.index("package") < kinds.index("unit")
    (settings,) = [file for file in of_kind(changes, "file") if file.path.name == "ddclient.conf"]
    assert (settings.mode, settings.secret) == (0o600, True)
    assert "hush-hush" in settings.content
    assert not [file for file in of_kind(changes, "file") if file is not settings and "hush-hush" in file.content]


def test_secret_is_in_no_preview(pi, given, own_places):
    class Nobody:
        def wrote(self, path, sha256):
            return False

        owns = unfinished = lambda self, *_: False

    from piwizard.system.system_cache import SystemCache

    for change in flat(Ddns().plan(pi(), given())):
        preview = change.probe(SystemCache(), Nobody())
        assert "hush-hush" not in preview.diff + repr(preview.argv) + change.describe()


@pytest.mark.parametrize(
    ("name", "installed", "line"),
    [
        ("pi4-trixie", {}, "use=web"),
        ("pi4-trixie", {"ddclient": "4.0.0-1"}, "usev4=webv4"),
    ],
)
def test_settings_fit_the_installed_version(pi, given, name, installed, line):
    files = of_kind(Ddns().plan(pi(name, **installed), given()), "file")
    assert line in next(file.content for file in files if file.path.name == "ddclient.conf").splitlines()


def test_noip_client_is_set_up(pi, given):
    changes = Ddns().plan(pi(), given(NO_IP + 'client = "noip-duc"\n'))
    paths = {str(file.path) for file in of_kind(changes, "file")}
    assert paths == {"/etc/default/noip-duc", "/etc/systemd/system/noip-duc.service"}
    assert [change.name for change in of_kind(changes, "idle")] == ["ddclient.service"]


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        (NO_IP + "interval = 1\n", "ddns.interval", "at least 5 minutes"),
        (NO_IP + "ipv6 = true\n", "ddns.ipv6", "only the IPv4 address"),
        (NO_IP + 'client = "noip-duc"\nserver = "ddns.example.org"\n', "ddns.client", "only update domains of No-IP"),
        ('provider = "duckdns"\nhostname = "a.duckdns.org"\nclient = "noip-duc"\n', "ddns.client", "domains of No-IP"),
    ],
)
def test_inconsistent_answers_are_refused(pi, given, table, key, words):
    with pytest.raises(PiwizardError, match=words) as refused:
        Ddns().plan(pi(), given(table, "abc-def"))
    assert refused.value.key == key


def test_armv6_board_gets_ddclient(context, machine, given):
    known = machine()
    old = dataclasses.replace(known, architecture=dataclasses.replace(known.architecture, machine="armv6l"))
    with pytest.raises(PiwizardError, match="ARMv6"):
        Ddns().plan(context(machine=old, source=None), given(NO_IP + 'client = "noip-duc"\n'))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('provider = "dyn"', "must be one of no-ip, duckdns, cloudflare, desec, dynu, dynv6, freedns, custom"),
        ('password = "hush"', "never the secret itself"),
        ('hostname = "11.22.33.44"', "must look like myapp.ddns.net, not like an IP address"),
        ('server = "https://x"', "must be a host name"),
        ('client = "inadyn"', "must be one of ddclient, noip-duc"),
        ("interval = 0", "from 1 to 60"),
    ],
)
def test_bad_answers_are_refused_by_key(line, words):
    with pytest.raises(PiwizardError, match=f"ddns.{line.partition(' ')[0]} ") as refused:
        answers_module.parse(f"[ddns]\n{line}\n", all_questions())
    assert words in refused.value.message
