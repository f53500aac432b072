"""Test the access to a repository that the answers give to git."""

from __future__ import annotations

import pytest

from piwizard.answers.model import Answers
from piwizard.apps.repository_access import deploy_key_page, repository_access, ssh_address, token_user
from piwizard.errors import PiwizardError
from piwizard.git.git_address import parse_address


def test_repository_access_combines_answers_and_secrets():
    values = {"app.repo": "https://github.com/me/app.git", "app.host_key": "SHA256:x"}
    found = repository_access(Answers("blog", values, {"app.token": "s3cret"}))
    assert (found.site, found.user, found.token, found.host_key) == ("blog", "x-access-token", "s3cret", "SHA256:x")
    assert repository_access(Answers("blog", {**values, "app.token_user": "me"})).user == "me"


def test_token_is_not_sent_unencrypted():
    answers = Answers("blog", {"app.repo": "http://git.lan/app.git"}, {"app.token": "s3cret"})
    with pytest.raises(PiwizardError, match="not encrypted") as refused:
        repository_access(answers)
    assert refused.value.key == "app.token"


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
def test_deploy_key_page_is_known_for_each_forge(repo, page):
    assert deploy_key_page(parse_address(repo)).page == page


def test_deploy_key_on_an_own_server_goes_to_authorized_keys():
    assert "authorized_keys of git." in deploy_key_page(parse_address("git@git.lan:app.git")).words


def test_ssh_address_and_token_user_fit_the_forge():
    assert ssh_address(parse_address("https://github.com/me/app")) == "git@github.com:me/app.git"
    assert [token_user(host) for host in ("github.com", "bitbucket.org", "git.lan")] == [
        "x-access-token",
        "x-token-auth",
        "oauth2",
    ]
