"""Test that no ID of a system user is ever used twice."""

from __future__ import annotations

import grp
import json
import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from piwizard.changes import user
from piwizard.changes.user import SystemUser
from piwizard.errors import PiwizardError

from .conftest import needs_root


@pytest.fixture
def accounts(monkeypatch, own_places):
    """Simulate users that useradd and userdel would create and delete."""
    there = {"root": 0, "daemon": 999}

    def named(name):
        number, shell = there[name], user.NO_LOGIN
        return SimpleNamespace(pw_name=name, pw_uid=number, pw_gid=number, pw_dir=f"/srv/{name}", pw_shell=shell)

    monkeypatch.setattr(pwd, "getpwnam", named)
    monkeypatch.setattr(pwd, "getpwall", lambda: [named(name) for name in there])
    monkeypatch.setattr(grp, "getgrall", lambda: [SimpleNamespace(gr_gid=number) for number in there.values()])
    return there


class Work:
    """Records the commands that would change the accounts."""

    def __init__(self, there):
        self.there = there

    def command(self, argv):
        if argv[0] == "useradd":
            self.there[argv[-1]] = int(argv[argv.index("--uid") + 1])
        else:
            assert argv[0] == "userdel"
            del self.there[argv[-1]]

    def remember(self, *what):
        pass


def made(name, accounts):
    SystemUser(name, Path("/srv") / name).apply(Work(accounts))
    return accounts[name]


def gone(name, accounts):
    user.undo({"target": name, "before": {"home": "/srv/not-there"}}, Work(accounts))


def test_number_of_a_removed_user_is_not_reused(accounts):
    first = made("blog", accounts)
    gone("blog", accounts)
    second = made("shop", accounts)
    gone("shop", accounts)
    assert len({first, second, made("blog", accounts), 999}) == 4


def test_number_of_a_user_of_an_earlier_version_is_not_reused(accounts):
    accounts["blog"] = 998
    gone("blog", accounts)
    assert made("shop", accounts) != 998


def test_number_is_recorded_before_the_user_is_created(accounts, own_places):
    number = made("blog", accounts)
    del accounts["blog"]  # as after a kill between the note and useradd
    assert made("blog", accounts) == number
    assert json.loads((own_places / "lib" / "users.json").read_text())["users"] == {"blog": number}


def test_missing_free_number_is_reported(accounts):
    accounts.update({f"u{number}": number for number in range(user.LOWEST, user.HIGHEST + 1)})
    with pytest.raises(PiwizardError, match="no free ID"):
        made("blog", accounts)


@needs_root
def test_files_of_a_removed_user_in_open_folders_are_deleted(tmp_path, monkeypatch, accounts):
    accounts["blog"] = 4242
    monkeypatch.setattr(user, "OPEN_TO_ALL", (tmp_path / "tmp", tmp_path / "not-there"))
    (tmp_path / "tmp" / "theirs").mkdir(parents=True)
    (tmp_path / "tmp" / "program").touch(mode=0o4755)
    os.chown(tmp_path / "tmp" / "program", 4242, 4242)
    (tmp_path / "tmp" / "link").symlink_to(tmp_path / "tmp" / "theirs")
    os.lchown(tmp_path / "tmp" / "link", 4242, 4242)
    gone("blog", accounts)
    assert os.listdir(tmp_path / "tmp") == ["theirs"]
