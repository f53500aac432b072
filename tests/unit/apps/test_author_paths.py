"""Test paths of the author's own Pi, and what the app sees there on this one."""

from __future__ import annotations

import pytest

from piwizard.apps.author_paths import find_author_paths, shown_folders
from piwizard.apps.repository_checkout import scan_checkout
from piwizard.apps.write_paths import find_write_paths

OPENS = "open({!r}, 'w')\n"


@pytest.fixture
def shown(tree):
    """Return the folders that an app sees elsewhere, by the paths in its code."""

    def made(*paths, **more):
        files = {"app.py": "".join(map(OPENS.format, paths))} | more
        return shown_folders(find_author_paths(scan_checkout(tree(files))))

    return made


@pytest.mark.parametrize(
    ("paths", "folders"),
    [
        (["/home/pi/sensor/readings.db"], {"/home/pi/sensor": "data"}),
        (["/home/pi/readings.db", "/home/pi/sensor/log.txt"], {"/home/pi": "data"}),
        (["/home/pi/a/x/1.txt", "/home/pi/a/y/2.txt"], {"/home/pi/a": "data"}),
        (["/home/pi/pictures/"], {"/home/pi/pictures": "data"}),
        (["/home/anna/a.db", "/root/b/b.db"], {"/home/anna": "data", "/root/b": "data"}),
        (["/mnt/usb/photos/a.jpg"], {}),
        (["/home/pi", "/home", "data.db", "/etc/hosts", "see /home/pi/x.db"], {}),
    ],
)
def test_folder_with_the_paths_of_a_home_is_the_data(shown, paths, folders):
    assert shown(*paths) == folders


def test_folder_with_files_of_the_repository_is_the_code(tree):
    code = OPENS.format("/home/pi/work/lamp/state.json") + "open('/home/pi/work/lamp/config/lamp.ini')\n"
    checkout = scan_checkout(tree({"app.py": code, "config/lamp.ini": ""}))
    found = find_author_paths(checkout)
    assert shown_folders(found) == {"/home/pi/work/lamp": "code"}
    (written,) = find_write_paths(checkout, projects=("/home/pi/work/lamp",))
    assert written.path == "state.json"


@pytest.mark.parametrize(
    "code",
    [
        "open('/home/jane/greeting')\n",
        "GREETING = '/home/jane/greeting'\ndef read():\n    with open(GREETING) as file:\n        return file.read()\n",
        "from pathlib import Path\nSTATE = Path('/home/jane/greeting')\nSTATE.write_text('on')\n",
        "def load(path):\n    return open(path).read()\nload('/home/jane/greeting')\n",
    ],
)
def test_file_without_extension_is_not_taken_for_a_folder(tree, code):
    found = find_author_paths(scan_checkout(tree({"app.py": code})))
    assert [(one.path, one.folder) for one in found] == [("/home/jane/greeting", "/home/jane")]
    assert shown_folders(found) == {"/home/jane": "data"}


def test_folder_that_the_code_makes_stays_a_folder(tree):
    code = "import os\nos.makedirs('/home/jane/pictures')\nopen('/home/jane/pictures/a.jpg', 'wb')\n"
    assert {one.folder for one in find_author_paths(scan_checkout(tree({"app.py": code})))} == {"/home/jane/pictures"}


def test_folder_of_a_composed_name_is_found(tree):
    code = "name = 'x'\nopen(f'/home/pi/pictures/{name}.jpg', 'wb')\n"
    assert shown_folders(find_author_paths(scan_checkout(tree({"app.py": code})))) == {"/home/pi/pictures": "data"}


@pytest.mark.parametrize(
    ("code", "folders"),
    [
        ("URI = 'sqlite:////home/pi/app/home.db'", {"/home/pi/app": "data"}),
        ("import os\nos.system('aplay /home/pi/sounds/bell.wav')", {"/home/pi/sounds": "data"}),
        ("import subprocess\nsubprocess.Popen(['omxplayer', '/home/pi/a/b.mp4'])", {"/home/pi/a": "data"}),
    ],
)
def test_path_in_a_url_or_a_command_is_found(tree, code, folders):
    assert shown_folders(find_author_paths(scan_checkout(tree({"app.py": f"{code}\n"})))) == folders


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("web.service", "[Service]\nExecStart=/usr/bin/python3 -u app.py\nWorkingDirectory=/home/pi/web\n"),
        ("web.service", "[Service]\nExecStart=/usr/bin/python3 /home/pi/web/app.py\n"),
        ("start.sh", "cd /home/pi/web\npython3 app.py\n"),
    ],
)
def test_folder_that_a_unit_or_a_script_starts_in_is_the_code(tree, file, content):
    checkout = scan_checkout(tree({"app.py": OPENS.format("/home/pi/web/static/up/a.jpg"), file: content}))
    found = find_author_paths(checkout)
    assert shown_folders(found) == {"/home/pi/web": "code"}
    (written,) = find_write_paths(checkout, projects=("/home/pi/web",))
    assert written.path == "static/up"


@pytest.mark.parametrize(
    "line",
    [
        "@app.route('/home/pi/state')\ndef state(): pass",
        "redirect('/home/user/page')",
        "sys.path.append('/home/pi/sensor/lib')",
        "'''/home/pi/x.db is the database'''",
    ],
)
def test_urls_and_folders_of_modules_are_no_paths_of_data(tree, line):
    assert find_author_paths(scan_checkout(tree({"app.py": f"{line}\n"}))) == ()
