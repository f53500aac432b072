"""Test which addresses of repositories are understood."""

from __future__ import annotations

import pytest

from piwizard.answers.repository_address import RepositoryAddress, understand_address

APP = "https://github.com/me/app"


@pytest.mark.parametrize(
    ("typed", "address", "branch"),
    [
        ("me/app", APP, None),
        ("github.com/me/app", APP, None),
        ("www.github.com/me/app", APP, None),
        (f" {APP}/ ", APP, None),
        (f"{APP}?tab=readme-ov-file#install", APP, None),
        (f"{APP}/tree/dev", APP, "dev"),
        (f"{APP}/tree/dev/src", APP, "dev"),
        (f"{APP}/blob/main/app.py#L7", APP, "main"),
        ("https://gitlab.com/a/b/app/-/tree/v1?ref_type=heads", "https://gitlab.com/a/b/app", "v1"),
        ("https://git.example.org/me/app/-/tree/dev", "https://git.example.org/me/app", "dev"),
        ("https://codeberg.org/me/app/src/branch/dev", "https://codeberg.org/me/app", "dev"),
        ("https://bitbucket.org/me/app/src/dev/", "https://bitbucket.org/me/app", "dev"),
        (f"{APP}.git", f"{APP}.git", None),
    ],
)
def test_copied_address_is_understood(typed, address, branch):
    assert understand_address(typed) == RepositoryAddress(address, branch)


@pytest.mark.parametrize(
    "typed",
    [
        "/home/alex/app", "git@github.com:me/app.git", "ssh://git@example.org:2222/app.git", "file:///srv/git/app.git",
        "https://git.example.org/me/tree/app", "git://git.lan/app.git", "ext::sh", "app", "git@-oProxyCommand=x:y",
        "../app",
    ],
)  # fmt: skip
def test_any_other_address_stays(typed):
    assert understand_address(typed) == RepositoryAddress(typed)
