"""Test `piwizard key`: output, questions and saved host keys."""

from __future__ import annotations

import json
import sys

import pytest

from piwizard.cli import key
from piwizard.errors import PiwizardError
from piwizard.git import deploy_key, host_keys
from piwizard.git.host_keys import HostKey
from piwizard.setup import repository_key, workspace
from piwizard.setup.repository_key import KeyTest

FIRST, SECOND = HostKey("git.lan", "ssh-ed25519", "Zmlyc3Q="), HostKey("git.lan", "ssh-ed25519", "c2Vjb25k")
ONE = '[site]\nname = "blog"\n[app]\nrepo = "{repo}"\n'
TWO = ONE + '[sites.shop.app]\nrepo = "git@github.com:me/shop.git"\n'


@pytest.fixture
def answers(own_places):
    """Write the answers of this machine."""
    from piwizard.system import paths

    def write(text: str, repo: str = "git@git.lan:me/app.git") -> None:
        paths.answers_file().parent.mkdir(parents=True, exist_ok=True)
        paths.answers_file().write_text(text.format(repo=repo))

    return write


@pytest.fixture
def server(monkeypatch):
    """Simulate a server with the host keys in `shown`; tests of the deploy key give `results`, the last one forever."""

    class Server:
        shown = (FIRST,)
        results = (KeyTest(False, "git.lan rejects the key."),)

        def scan(self, host, port):
            return list(self.shown)

        def test(self, access):
            result, *later = self.results
            self.results = tuple(later) or (result,)
            return result

    made = Server()
    monkeypatch.setattr(host_keys, "scan_host", made.scan)
    monkeypatch.setattr(repository_key, "test_key", made.test)
    return made


@pytest.fixture
def person(monkeypatch):
    """Answer the questions at a terminal in order, then close it; `asked` has the questions."""

    class Person:
        def __init__(self):
            self.answers, self.asked = [], []

        def __call__(self, question=""):
            self.asked.append(question)
            if not self.answers:
                raise EOFError
            return self.answers.pop(0)

    made = Person()
    monkeypatch.setattr("builtins.input", made)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    return made


def trusted(site="blog"):
    return host_keys.read_keys(host_keys.trusted_file(site))


def test_key_is_shown_with_the_page_to_add_it(answers, server, capsys):
    answers(ONE, "git@github.com:me/app.git")
    assert key.show_key(None, None, as_json=False) == 0
    said = capsys.readouterr().out
    assert deploy_key.make_key("blog") in said
    assert "https://github.com/me/app/settings/keys/new" in said
    assert "Not yet: git.lan rejects the key." in said


def test_key_as_json_has_the_test_result(answers, server, capsys):
    answers(ONE)
    assert key.show_key(None, None, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["site"], said["repo"], said["accepted"]) == ("blog", "git@git.lan:me/app.git", False)
    assert said["key"] == deploy_key.make_key("blog")


def test_key_for_an_https_address_shows_the_ssh_address(answers, server, capsys):
    answers(ONE, "https://codeberg.org/me/app")
    key.show_key(None, None, as_json=False)
    said = capsys.readouterr().out
    assert "git@codeberg.org:me/app.git" in said
    assert "Not yet" not in said


def test_key_asks_to_trust_the_server_and_repeats_the_test(answers, server, person, capsys):
    answers(ONE)
    server.results = (KeyTest(False, "no"), KeyTest(False, "still no"), KeyTest(True, "The deploy key works."))
    person.answers = ["y", "", ""]
    assert key.show_key(None, None, as_json=False) == 0
    assert "Trust git.lan?" in person.asked[0]
    assert FIRST.fingerprint in capsys.readouterr().out
    assert trusted() == [FIRST]
    key.show_key(None, None, as_json=False)
    assert len(person.asked) == 3, "a trusted server is not asked about again"


def test_trust_treats_a_closed_terminal_as_no(answers, server, person):
    answers(ONE)
    assert key.show_key(None, None, as_json=False) == 0
    assert trusted() == []


def test_trust_needs_confirmation(answers, server, capsys):
    answers(ONE)
    with pytest.raises(PiwizardError, match="is not trusted yet"):
        key.trust_host("git.lan", None, None, yes=False, as_json=False)
    assert key.trust_host("git.lan", None, None, yes=False, as_json=True) == 0
    assert trusted() == []
    assert FIRST.fingerprint in capsys.readouterr().out
    assert key.trust_host("git.lan", None, None, yes=True, as_json=False) == 0
    assert trusted() == [FIRST]


def test_trust_warns_about_changed_host_keys(answers, server, person, capsys):
    answers(ONE)
    key.trust_host("git.lan", None, None, yes=True, as_json=True)
    server.shown = (SECOND,)
    person.answers = ["n"]
    assert key.trust_host("git.lan", None, None, yes=False, as_json=False) == 1
    assert f"NOT the keys that you trusted before ({FIRST.fingerprint})" in capsys.readouterr().out
    assert trusted() == [FIRST]
    person.answers = ["yes"]
    assert key.trust_host("git.lan", None, None, yes=False, as_json=False) == 0
    assert trusted() == [SECOND]


@pytest.mark.parametrize(
    ("text", "host", "site", "words"),
    [
        (ONE, "github.com", None, "includes the published host keys"),
        (ONE, "-oProxyCommand=x", None, "is not a host name"),
        (ONE, "git.lan:ssh", None, "is not a host name"),
        (TWO, "git.lan", None, "Add --site NAME"),
        (TWO, "git.lan", "shed", "no site shed"),
        ("", "git.lan", None, "no site in the answers yet"),
        ('[site]\nname = "blog"\n', "git.lan", None, "app.repo is missing"),
    ],
)
def test_trust_refuses_wrong_host_or_site(answers, server, text, host, site, words):
    answers(text)
    with pytest.raises(PiwizardError, match=words):
        key.trust_host(host, None, site, yes=True, as_json=False)


def test_key_differs_between_sites(answers, server, capsys):
    answers(TWO)
    shown = []
    for site in ("blog", "shop"):
        key.show_key(None, site, as_json=True)
        shown.append(json.loads(capsys.readouterr().out)["key"])
    assert shown[0] != shown[1]


def test_key_refuses_a_local_folder(answers, server):
    answers(ONE, "/srv/app.git")
    with pytest.raises(PiwizardError, match="needs no deploy key"):
        key.show_key(None, None, as_json=False)


def test_trust_keeps_other_lines_of_known_hosts(answers, server):
    answers(ONE)
    file = host_keys.trusted_file("blog")
    host_keys.trust_keys("blog", [FIRST])
    theirs = f"# my own\n@revoked *.lan ssh-ed25519 AAAA\nOther.lan {FIRST.kind} {FIRST.key} # a comment\n"
    file.write_text(theirs + file.read_text())
    before = file.read_text()
    other = host_keys.HostKey(FIRST.host, FIRST.kind, "QUFBQQ==")
    host_keys.trust_keys("blog", [other])
    assert file.read_text() == f"{theirs}{FIRST.host} {FIRST.kind} QUFBQQ==\n"
    assert file.with_name("known_hosts.previous").read_text() == before


def test_key_uses_the_only_site_of_an_answers_file(answers, server, own_places, capsys):
    answers(ONE)
    workspace.state().mark("app", "blog", "done", "run-1")
    file = own_places / "other.toml"
    file.write_text('[site]\nname = "wiki"\n[app]\nrepo = "git@git.lan:me/wiki.git"\n')
    assert key.show_key(file, None, as_json=False) == 0
    assert "Deploy key of wiki" in capsys.readouterr().out
