"""Test what happens before any command begins."""

from __future__ import annotations

import subprocess
import sys

import pytest

MAIN = """
import os, sys
os.umask({mask})
sys.argv = ["piwizard", "--version"]
from piwizard.__main__ import main
try:
    main()
except SystemExit:
    print(oct(os.umask(0)))
"""


@pytest.mark.parametrize("mask", ["0", "0o077"])
def test_umask_is_set_by_piwizard(mask):
    code = MAIN.format(mask=mask)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "0o22"


def test_desktop_folders_and_closed_streams_are_ignored():
    code = """
import os, sys
os.environ["XDG_CONFIG_DIRS"] = "/home/me/.config/kdedefaults:/etc/xdg"
sys.argv = ["piwizard", "--version"]
from piwizard.__main__ import main
try:
    main()
except SystemExit:
    from piwizard.system import paths
    from piwizard.system.terminal import choose_front_end
    print(paths._dirs().site_config_path / "answers.toml", choose_front_end())
"""
    argv = ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-c", code]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "/etc/xdg/piwizard/answers.toml none"
