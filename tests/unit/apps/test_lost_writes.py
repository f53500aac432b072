"""Test files that an app writes where it cannot."""

from __future__ import annotations

import pytest

from piwizard.apps.lost_writes import AMONG, ELSEWHERE, find_lost_writes
from piwizard.apps.repository_checkout import scan_checkout
from tests.unit.apps.conftest import Tree

STYLE = {"static/style.css": "body {}\n"}


@pytest.mark.parametrize(
    ("code", "kind", "path"),
    [
        ("import logging\nlogging.basicConfig(filename='/var/log/lamp.log')", ELSEWHERE, "/var/log/lamp.log"),
        ("open('/etc/lamp/state.json', 'w')", ELSEWHERE, "/etc/lamp/state.json"),
        ("import sqlite3\nsqlite3.connect('/opt/lamp/lamp.db')", ELSEWHERE, "/opt/lamp/lamp.db"),
        ("name = input()\nopen('/data/' + name, 'wb')", ELSEWHERE, "/data"),
        ("name = input()\ncamera.capture_file('static/' + name)", AMONG, "static"),
        ("import os\ndef up(f):\n    f.save(os.path.join('static', f.filename))", AMONG, "static"),
    ],
)
def test_write_that_fails_is_found(tree: Tree, code: str, kind: str, path: str) -> None:
    (one,) = find_lost_writes(scan_checkout(tree({"app.py": f"{code}\n"} | STYLE)))
    assert (one.kind, one.path, one.file) == (kind, path, "app.py")


@pytest.mark.parametrize(
    "code",
    [
        "open('/tmp/state.json', 'w')",
        "open('/dev/gpiomem', 'wb')",
        "open('/etc/hosts')",
        "open('/home/pi/lamp/state.json', 'w')",
        "open('/mnt/usb/photos/a.jpg', 'wb')",
        "place = ''\nopen(place + '/state.json', 'w')",
        "open('state.json', 'w')",
        "open('static/saved/a.jpg', 'wb')",
        "import os\nday = input()\nos.makedirs('static/' + day)\nopen('static/' + day + '/a.jpg', 'wb')",
    ],
)
def test_other_writes_are_none(tree: Tree, code: str) -> None:
    assert find_lost_writes(scan_checkout(tree({"app.py": f"{code}\n"} | STYLE))) == ()


def test_folder_of_static_files_without_content_may_be_written(tree: Tree) -> None:
    code = "name = input()\nopen('static/' + name, 'wb')\n"
    assert find_lost_writes(scan_checkout(tree({"app.py": code, "static/.gitkeep": ""}))) == ()
