"""Test that options for dpkg in other files are found."""

from __future__ import annotations

import pytest

from piwizard.system.apt_state import KEEP_SETTINGS_FILE, others_decide_conffiles

KEEPS = 'DPkg::Options { "--force-confdef"; "--force-confold"; };\n'


@pytest.mark.parametrize(
    ("name", "text", "theirs"),
    [
        ("apt.conf.d/90local", KEEPS, True),
        ("apt.conf.d/local.conf", KEEPS, True),
        ("apt.conf", 'Dpkg::Options:: "--force-confnew";', True),
        ("apt.conf.d/90local", f"# mine\n//{KEEPS}", False),
        ("apt.conf.d/90local", f"/* {KEEPS} */\n", False),
        ("apt.conf.d/90local.dpkg-old", KEEPS, False),
        ("apt.conf.d/90local", 'Dpkg::Options { "--force-confdef"; };', False),
        (f"apt.conf.d/{KEEP_SETTINGS_FILE.rpartition('/')[2]}", KEEPS, False),
    ],
)
def test_conffile_options_in_other_files_are_found(tmp_path, name, text, theirs):
    (tmp_path / "apt.conf.d").mkdir()
    (tmp_path / name).write_text(text)
    assert others_decide_conffiles(tmp_path) == theirs


def test_conffile_options_without_apt_are_none(tmp_path):
    assert not others_decide_conffiles(tmp_path)
