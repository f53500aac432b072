"""`piwizard key`: what is shown, asked and kept."""

from __future__ import annotations

import json
import sys

import pytest

from piwizard.cli import key
from piwizard.cli.key import Tried
from piwizard.errors import PiwizardError
from piwizard.git import deploy_key, host_keys
from piwizard.git.host_keys import HostKey
from piwizard.setup import workspace

FIRST, SECOND = HostKey("git.lan", "ssh-ed25519", "Zmlyc3Q="), HostKey("git.lan", "ssh-ed25519", "c2Vjb25k")
ONE = '[site]\nname = "blog"\n[app]\nrepo = "{repo}"\n'
TWO = ONE + '[sites.shop.app]\nrepo = "git@github.com:me/shop.git"\n'


@pytest.fixture
def answers(own_places):
    """Writes the machine's own answers."""
    from piwizard.system import paths

    def write(text: str, repo: str = "git@git.lan:me/app.git") -> None:
        paths.answers_file().parent.mkdir(parents=True, exist_ok=True)
        paths.answers_file().write_text(text.format(repo=repo))

    return write


@pytest.fixture
def server(monkeypatch):
    """A server that shows the keys in `shown`, and says what is in `said`, the last of it for ever."""

    class Server:
        shown = (FIRST,)
        said = (Tried(False, "git.lan does not let it in."),)

        def scan(self, host, port):
            return list(self.shown)

        def tried(self, access):
            now, *later = self.said
            self.said = tuple(later) or (now,)
            return now

    made = Server()
    monkeypatch.setattr(host_keys, "scan", made.scan)
    monkeypatch.setattr(key, "_try", made.tried)
    return made


@pytest.fixture
def person(monkeypatch):
    """Answers questions at a terminal, one after the other, then closes it; the questions are in `asked`."""

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
    return host_keys.read(host_keys.trusted_file(site))


def test_the_key_and_where_to_add_it(answers, server, capsys):
    answers(ONE, "git@github.com:me/app.git")
    assert key.show(None, None, as_json=False) == 0
    said = capsys.readouterr().out
    assert deploy_key.make("blog") in said
    assert "https://github.com/me/app/settings/keys/new" in said
    assert "Not yet: git.lan does not let it in." in said


def test_json(answers, server, capsys):
    answers(ONE)
    assert key.show(None, None, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["site"], said["repo"], said["accepted"]) == ("blog", "git@git.lan:me/app.git", False)
    assert said["key"] == deploy_key.make("blog")


def test_an_https_address_has_an_ssh_form(answers, server, capsys):
    answers(ONE, "https://codeberg.org/me/app")
    key.show(None, None, as_json=False)
    said = capsys.readouterr().out
    assert "git@codeberg.org:me/app.git" in said
    assert "Not yet" not in said


def test_a_person_is_asked_about_the_server_and_tries_until_it_is_taken(answers, server, person, capsys):
    answers(ONE)
    server.said = (Tried(False, "no"), Tried(False, "still no"), Tried(True, "The key is taken."))
    person.answers = ["y", "", ""]
    assert key.show(None, None, as_json=False) == 0
    assert "Trust git.lan?" in person.asked[0]
    assert FIRST.fingerprint in capsys.readouterr().out
    assert trusted() == [FIRST]
    key.show(None, None, as_json=False)
    assert len(person.asked) == 3, "who is trusted is not asked about again"


def test_a_closed_terminal_is_a_no(answers, server, person):
    answers(ONE)
    assert key.show(None, None, as_json=False) == 0
    assert trusted() == []


def test_trust_needs_a_yes(answers, server, capsys):
    answers(ONE)
    with pytest.raises(PiwizardError, match="is not trusted yet"):
        key.trust("git.lan", None, None, yes=False, as_json=False)
    assert key.trust("git.lan", None, None, yes=False, as_json=True) == 0
    assert trusted() == []
    assert FIRST.fingerprint in capsys.readouterr().out
    assert key.trust("git.lan", None, None, yes=True, as_json=False) == 0
    assert trusted() == [FIRST]


def test_another_key_than_before_is_said(answers, server, person, capsys):
    answers(ONE)
    key.trust("git.lan", None, None, yes=True, as_json=True)
    server.shown = (SECOND,)
    person.answers = ["n"]
    assert key.trust("git.lan", None, None, yes=False, as_json=False) == 1
    assert f"NOT the keys that were trusted before ({FIRST.fingerprint})" in capsys.readouterr().out
    assert trusted() == [FIRST]
    person.answers = ["yes"]
    assert key.trust("git.lan", None, None, yes=False, as_json=False) == 0
    assert trusted() == [SECOND]


@pytest.mark.parametrize(
    ("text", "host", "site", "words"),
    [
        (ONE, "github.com", None, "come with piwizard"),
        (ONE, "-oProxyCommand=x", None, "is no name of a server"),
        (ONE, "git.lan:ssh", None, "is no name of a server"),
        (TWO, "git.lan", None, "say which with --site"),
        (TWO, "git.lan", "shed", "no site shed"),
        ("", "git.lan", None, "no site in the answers yet"),
        ('[site]\nname = "blog"\n', "git.lan", None, "app.repo is missing"),
    ],
)
def test_refusals(answers, server, text, host, site, words):
    answers(text)
    with pytest.raises(PiwizardError, match=words):
        key.trust(host, None, site, yes=True, as_json=False)


def test_each_site_has_a_key_of_its_own(answers, server, capsys):
    answers(TWO)
    shown = []
    for site in ("blog", "shop"):
        key.show(None, site, as_json=True)
        shown.append(json.loads(capsys.readouterr().out)["key"])
    assert shown[0] != shown[1]


def test_a_folder_needs_no_key(answers, server):
    answers(ONE, "/srv/app.git")
    with pytest.raises(PiwizardError, match="needs no key"):
        key.show(None, None, as_json=False)


def test_trusting_another_key_keeps_what_a_person_wrote_beside_it(answers, server):
    answers(ONE)
    file = host_keys.trusted_file("blog")
    host_keys.trust("blog", [FIRST])
    theirs = f"# my own\n@revoked *.lan ssh-ed25519 AAAA\nOther.lan {FIRST.kind} {FIRST.key} # a comment\n"
    file.write_text(theirs + file.read_text())
    before = file.read_text()
    other = host_keys.HostKey(FIRST.host, FIRST.kind, "QUFBQQ==")
    host_keys.trust("blog", [other])
    assert file.read_text() == f"{theirs}{FIRST.host} {FIRST.kind} QUFBQQ==\n"
    assert file.with_name("known_hosts.previous").read_text() == before


def test_a_file_with_one_site_needs_no_name_beside_another_that_is_set_up(answers, server, own_places, capsys):
    answers(ONE)
    workspace.state().mark("app", "blog", "done", "run-1")
    file = own_places / "other.toml"
    file.write_text('[site]\nname = "wiki"\n[app]\nrepo = "git@git.lan:me/wiki.git"\n')
    assert key.show(file, None, as_json=False) == 0
    assert "The key of wiki" in capsys.readouterr().out
