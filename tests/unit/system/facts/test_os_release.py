import pytest

from piwizard.system.facts.os_release import parse_os_release, read_os_release


@pytest.mark.parametrize(
    ("name", "system", "version", "codename", "pi", "supported"),
    [
        ("pi4-trixie", "debian", "13", "trixie", True, True),
        ("zero-w-bookworm", "raspbian", "12", "bookworm", True, True),
        ("pi3bplus-bullseye", "raspbian", "11", "bullseye", True, False),
        ("pi1-buster", "raspbian", "10", "buster", True, False),
        ("vm-bookworm-apache", "debian", "12", "bookworm", False, True),
        ("docker-bookworm", "debian", "12", "bookworm", False, True),
    ],
)
def test_release_is_recognized(sample, name, system, version, codename, pi, supported):
    found = read_os_release(sample(name))
    assert (found.id, found.version, found.codename) == (system, version, codename)
    assert found.raspberry_pi_os is pi
    assert (found.unsupported is None) is supported


def test_old_release_is_refused_in_one_sentence(sample):
    why = read_os_release(sample("pi3bplus-bullseye")).unsupported
    assert why.startswith("Raspbian GNU/Linux 11 (bullseye) no longer gets security updates")
    assert why.count(". ") == 0
    assert why.endswith("(bookworm).")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('ID=ubuntu\nVERSION_CODENAME=noble\nPRETTY_NAME="Ubuntu 24.04 LTS"\n', "this is Ubuntu 24.04 LTS"),
        ('ID=debian\nPRETTY_NAME="Debian GNU/Linux forky/sid"\nVERSION_CODENAME=forky\n', "does not support"),
        ("", "an unknown system"),
    ],
)
def test_unsupported_system_is_named(text, words):
    assert words in parse_os_release(text, pi_issue=False).unsupported


def test_codename_of_stretch_comes_from_its_version():
    found = parse_os_release(
        'ID=raspbian\nVERSION_ID="9"\nPRETTY_NAME="Raspbian GNU/Linux 9 (stretch)"\n', pi_issue=True
    )
    assert found.codename == "stretch"
    assert found.unsupported


def test_quotes_comments_and_invalid_lines_are_parsed():
    found = parse_os_release(
        "# VERSION_ID=1\nID='debian'\nVERSION_ID=12\nPRETTY_NAME=\"open\nnonsense\n", pi_issue=False
    )
    assert (found.id, found.version, found.pretty) == ("debian", "12", "open")
