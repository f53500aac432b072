"""Where a deploy key is added."""

from __future__ import annotations

import pytest

from piwizard.apps.forges import place_of, ssh_form, token_user
from piwizard.git.git_address import parse


@pytest.mark.parametrize(
    ("repo", "page"),
    [
        ("git@github.com:me/app.git", "https://github.com/me/app/settings/keys/new"),
        ("https://github.com/me/app", "https://github.com/me/app/settings/keys/new"),
        ("git@gitlab.com:group/sub/app.git", "https://gitlab.com/group/sub/app/-/settings/repository#js-deploy-keys-settings"),
        ("https://gitlab.example.org/me/app.git", "https://gitlab.example.org/me/app/-/settings/repository#js-deploy-keys-settings"),
        ("ssh://git@codeberg.org/me/app.git", "https://codeberg.org/me/app/settings/keys"),
        ("git@bitbucket.org:me/app.git", "https://bitbucket.org/me/app/admin/access-keys/"),
        ("git@git.lan:app.git", ""),
    ],
)  # fmt: skip
def test_the_very_page(repo, page):
    assert place_of(parse(repo)).page == page


def test_a_server_of_ones_own():
    assert "authorized_keys of git." in place_of(parse("git@git.lan:app.git")).words


def test_forms():
    assert ssh_form(parse("https://github.com/me/app")) == "git@github.com:me/app.git"
    assert [token_user(host) for host in ("github.com", "bitbucket.org", "git.lan")] == [
        "x-access-token",
        "x-token-auth",
        "oauth2",
    ]
