"""Test paths in the home folder of whoever runs the app, such as ~/sensor/data.db."""

from __future__ import annotations

import pytest

from piwizard.apps.author_paths import find_author_paths, shown_folders
from piwizard.apps.repository_checkout import scan_checkout
from piwizard.apps.write_paths import find_write_paths


@pytest.fixture
def paths(tree):
    """Return the author's paths that are found in these lines of code, and in further files."""

    def made(code, **more):
        text = f"import os, sqlite3\nfrom pathlib import Path\n{code}\n"
        return find_author_paths(scan_checkout(tree({"app.py": text} | more)))

    return made


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("sqlite3.connect(os.path.expanduser('~/data.db'))", ["~/data.db"]),
        ("open(os.path.join(os.path.expanduser('~'), 'sensor', 'log.txt'), 'a')", ["~/sensor/log.txt"]),
        ("(Path.home() / 'plant' / 'history.json').write_text('')", ["~/plant/history.json"]),
        ("Path('~/plant/history.json').expanduser().read_text()", ["~/plant/history.json"]),
        ("open(os.environ['HOME'] + '/temps.csv')", ["~/temps.csv"]),
        ("open(os.getenv('HOME') + '/logs/temps.csv')", ["~/logs/temps.csv"]),
        ("open(os.path.expandvars('$HOME/temps.csv'))", ["~/temps.csv"]),
        ("HOME = Path.home()\nDATA = HOME / 'data'\nopen(DATA / 'a.csv', 'w')", ["~/data/a.csv"]),
        ("os.system('raspistill -o ~/pictures/now.jpg')", ["~/pictures/now.jpg"]),
        ("def save(name):\n    open(f'{Path.home()}/photos/{name}.jpg', 'w')", ["~/photos"]),
        ("print('~ is the home folder')", []),
        ("open('data~/x.txt')", []),
    ],
)
def test_path_in_the_home_folder_is_found(paths, code, wanted):
    assert [one.path for one in paths(code)] == wanted


def test_unexpanded_path_is_marked_and_an_expanded_one_is_not(paths):
    assert [one.literal for one in paths("open('~/a.csv', 'a')")] == [True]
    assert [one.literal for one in paths("open(os.path.expanduser('~/a.csv'), 'a')")] == [False]


def test_home_of_a_named_user_is_a_path_of_the_author(paths):
    assert shown_folders(paths("open(os.path.expanduser('~pi/sensor/a.db'))")) == {"/home/pi/sensor": "data"}


def test_path_that_is_joined_from_a_home_is_found(paths):
    assert shown_folders(paths("BASE = '/home/pi'\nopen(os.path.join(BASE, 'sensor', 'a.db'), 'w')")) == {
        "/home/pi/sensor": "data"
    }


def test_path_in_the_home_folder_needs_no_further_place(paths, tree):
    assert shown_folders(paths("open(os.path.expanduser('~/sensor/a.db'), 'w')")) == {}
    assert find_write_paths(tree({})) == ()


def test_both_names_of_the_home_folder_show_the_same_files(paths):
    code = "open('/home/pi/sensor/a.db')\nopen(os.path.expanduser('~/sensor/a.db'))"
    assert shown_folders(paths(code)) == {"/home/pi": "data"}


def test_file_of_the_repository_is_known(paths):
    (one,) = paths("open(os.path.expanduser('~/lamp/settings.json'))", **{"settings.json": "{}"})
    assert (one.project, one.inside) == ("~/lamp", "settings.json")
