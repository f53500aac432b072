"""Test parsing of repository addresses."""

from __future__ import annotations

import pytest

from piwizard.git.git_address import known_hosts_name, parse_address


@pytest.mark.parametrize(
    ("repo", "scheme", "user", "known", "name"),
    [
        ("git@github.com:me/app.git", "ssh", "git", "github.com", "me/app"),
        ("git@GitHub.com:me/app", "ssh", "git", "github.com", "me/app"),
        ("ssh://git@git.lan:2222/me/app.git", "ssh", "git", "[git.lan]:2222", "me/app"),
        ("ssh://git.lan:22/app.git", "ssh", "", "git.lan", "app"),
        ("https://me@git.lan/group/sub/app.git", "https", "me", "git.lan", "group/sub/app"),
        ("/srv/app.git", "file", "", "", "srv/app"),
        ("file:///srv/app.git", "file", "", "", "srv/app"),
    ],
)
def test_address_is_parsed(repo, scheme, user, known, name):
    address = parse_address(repo)
    assert (address.scheme, address.user, address.known_as, address.name) == (scheme, user, known, name)
    assert address.ssh == (scheme == "ssh")


def test_place_is_as_written():
    assert parse_address("https://me@Git.Lan:443/app").place == "Git.Lan:443"
    assert parse_address("https://[fd00::1]:8443/app").place == "[fd00::1]:8443"


def test_known_hosts_name_omits_the_default_port():
    assert known_hosts_name("Git.lan", None) == known_hosts_name("git.lan", 22) == "git.lan"
