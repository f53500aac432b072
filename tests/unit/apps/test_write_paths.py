from __future__ import annotations

import pytest

from piwizard.apps.write_paths import find_write_paths
from tests.unit.apps.conftest import Tree

HEAD = (
    "import os, sqlite3, logging, shelve\nfrom pathlib import Path\nfrom flask import Flask\n"
    "from logging.handlers import RotatingFileHandler\napp = Flask(__name__)\nHERE = os.path.dirname(__file__)\n"
)
LINES = {
    "open('result.json', 'w')": [("result.json", "file")],
    "open('result.json')": [],
    "open('result.json', 'rb')": [],
    "open(mode='a', file='x.txt')": [("x.txt", "file")],
    "open('data/result.json', mode='a')": [("data", "folder")],
    "open(f'out/{x}.txt', 'w')": [("out", "folder")],
    "open(os.path.join('out', name), 'wb')": [("out", "folder")],
    "open(Path(HERE) / 'out' / name, 'wb')": [("out", "folder")],
    "open('/tmp/x', 'w')": [],
    "open('../x', 'w')": [],
    "open('app.py', 'w')": [],
    "open('.git/config', 'w')": [],
    "Path('state.json').write_text('')": [("state.json", "file")],
    "Path(__file__).with_name('x')": [],
    "(Path(HERE) / 'state.json').open('w')": [("state.json", "file")],
    "os.makedirs('uploads', exist_ok=True)": [("uploads", "folder")],
    "Path('uploads').mkdir()": [("uploads", "folder")],
    "os.makedirs(app.instance_path)": [("instance", "folder")],
    "os.makedirs('.')": [],
    "plt.savefig('static/plot.png')": [("static/plot.png", "file")],
    "RotatingFileHandler('logs/app.log')": [("logs", "folder")],
    "sqlite3.connect('blog.db')": [("blog.db", "sqlite")],
    "sqlite3.connect(':memory:')": [],
    "sqlite3.connect(os.path.join(HERE, 'db', 'blog.db'))": [("db", "folder")],
    "shelve.open('counter')": [("counter", "file")],
    "logging.basicConfig(filename='app.log')": [("app.log", "file")],
    "LOG = {'f': {'class': 'logging.FileHandler', 'filename': 'logs/app.log'}}": [("logs", "folder")],
    "TinyDB('db.json')": [("db.json", "file")],
    "SqliteDatabase('my.db')": [("my.db", "sqlite")],
    "open('templates/made.html', 'w')": [("templates/made.html", "file")],
    "cv2.imwrite(os.path.join('captures', name), frame)": [("captures", "folder")],
    "camera.capture_file('static/shots/last.jpg')": [("static/shots", "folder")],
    "request.save('main', 'last.jpg')": [("last.jpg", "file")],
    "form.save('main')": [],
    "upload.save('incoming/' + name)": [("incoming", "folder")],
    "import soundfile as sf\nsf.write('recordings/last.wav', data, 44100)": [("recordings", "folder")],
    "import shutil\nshutil.copy('a.txt', 'copies/a.txt')": [("copies", "folder")],
    "os.replace('state.tmp', 'state.json')": [("state.json", "file")],
    "text.replace('a.txt', 'b.txt')": [],
    "import zipfile\nzipfile.ZipFile('all.zip', 'w')": [("all.zip", "file")],
    "import zipfile\nzipfile.ZipFile('all.zip')": [],
    "os.system('raspistill -o static/shots/now.jpg -t 1')": [("static/shots", "folder")],
    "os.system('rpicam-still -o shots/' + name)": [("shots", "folder")],
    "subprocess.run(['fswebcam', '-r', '640x480', 'shots/now.jpg'])": [("shots", "folder")],
    "subprocess.run(['ls', '-o', 'static/shots'])": [],
    "os.system('vcgencmd measure_temp > temperature.txt')": [("temperature.txt", "file")],
    "app.config['UPLOAD_FOLDER'] = 'static/uploads'": [("static/uploads", "folder")],
    "app.config.update(UPLOAD_FOLDER=os.path.join(HERE, 'up'))": [("up", "folder")],
    "app.config['UPLOAD_EXTENSIONS'] = ['.jpg']": [],
    "app.config['SESSION_TYPE'] = 'filesystem'": [("flask_session", "folder")],
    "STATIC_FOLDER = 'static'": [],
    "URI = 'sqlite:///app.db'": [("app.db", "sqlite")],
    "URI = 'sqlite:///' + os.path.join(HERE, 'app.db')": [("app.db", "sqlite")],
    "URI = f'sqlite:///{HERE}/app.db'": [("app.db", "sqlite")],
    "URI = 'sqlite:///{}'.format(os.path.join(HERE, 'app.db'))": [("app.db", "sqlite")],
    "URI = 'sqlite:///%s' % os.path.join(HERE, 'app.db')": [("app.db", "sqlite")],
    "URI = os.environ.get('DB') or 'sqlite:///' + os.path.join(HERE, 'app.db')": [("app.db", "sqlite")],
    "URI = 'sqlite:////var/lib/app.db'": [],
    "URI = 'sqlite:///:memory:'": [],
    "URI = 'sqlite:///' + os.path.join(HERE, 'data-test.db')": [],
}


@pytest.mark.parametrize(("code", "expected"), LINES.items(), ids=list(LINES))
def test_write_paths_are_found(tree, code, expected):
    found = find_write_paths(tree({"app.py": f"{HEAD}{code}\n"}))
    assert [(item.path, item.kind) for item in found] == expected


def test_flask_sqlalchemy_database_is_in_the_instance_folder(tree):
    code = "from flask_sqlalchemy import SQLAlchemy\napp.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///site.db'\n"
    found = find_write_paths(tree({"shop/__init__.py": HEAD + code}))
    assert [(item.path, item.kind) for item in found] == [("instance", "folder")]


def test_write_path_is_relative_to_the_start_folder(tree):
    root = tree({"backend/app.py": f"{HEAD}open('result.json', 'w')\n"})
    assert [item.path for item in find_write_paths(root, "backend")] == ["backend/result.json"]


def test_write_path_inside_another_is_not_suggested(tree):
    root = tree({"app.py": f"{HEAD}os.makedirs('data')\nopen('data/a/b.txt', 'w')\n"})
    assert [item.path for item in find_write_paths(root)] == ["data"]


@pytest.mark.parametrize(
    "line", ["FLATPAGES_ROOT = os.path.join(HERE, 'pages')", "app.config['UPLOAD_FOLDER'] = 'static'"]
)
def test_folder_that_versions_update_is_not_persistent(tree, line):
    files = {"app.py": f"{HEAD}{line}\n", "pages/first.md": "x", "static/style.css": "x"}
    assert find_write_paths(tree(files)) == ()


PASSED = {
    "def save(path, text):\n    open(path, 'w')\nsave('log.txt', '')\nsave(text='', path='out/log.txt')\n": {
        "log.txt": "file",
        "out": "folder",
    },
    "def save(text, path='log.txt'):\n    open(path, 'w')\n": {"log.txt": "file"},
    "def show(path):\n    return open(path)\nshow('page.txt')\n": {},
    "class Log:\n    def __init__(self, file, *, config='c.json'):\n        self.file, self.config = file, 0\n"
    "        self.where = config\n    def write(self):\n        open(self.where, 'w')\n"
    "Log('x', config='state.json')\n": {
        "state.json": "file",
        "c.json": "file",
    },
    "class Log:\n    folder = 'records'\n    def write(self, name):\n"
    "        open(os.path.join(self.folder, name), 'w')\n": {"records": "folder"},
    "app.config['gallery'] = os.path.join(HERE, 'static/gallery')\nos.makedirs(app.config['gallery'])\n": {
        "static/gallery": "folder"
    },
    "os.makedirs(app.static_folder + '/events')\n": {"static/events": "folder"},
    "class Store:\n    def __init__(self, path):\n        self.path = path\n    def save(self):\n"
    "        with self.path.open('w') as file:\n            pass\nStore(Path(HERE) / 'settings.json')\n": {
        "settings.json": "file"
    },
    "class Settings:\n    log_file = 'logs/app.txt'\nsettings = Settings()\nopen(settings.log_file, 'a')\n": {
        "logs": "folder"
    },
    "settings.root = app.static_folder\ndef shoot(number):\n"
    "    place = settings.root + '/photos/camera_' + str(number)\n    os.makedirs(place)\n": {
        "static/photos": "folder"
    },
    "def shoot(name):\n    file = f'shots/{name}.jpg'\n    open(file, 'wb')\n": {"shots": "folder"},
    "def again(path):\n    again(path)\n    open(path, 'w')\n": {},
}


@pytest.mark.parametrize("code", PASSED)
def test_written_path_is_found_where_it_is_passed_on(tree: Tree, code: str) -> None:
    found = find_write_paths(tree({"app.py": HEAD + code}))
    assert {one.path: one.kind for one in found} == PASSED[code]


def test_written_path_is_found_in_the_file_that_passes_it(tree: Tree) -> None:
    files = {
        "log.py": "class Log:\n    def __init__(self, file):\n        self.file = file\n"
        "    def add(self, line):\n        with open(self.file, 'a') as log:\n            log.write(line)\n",
        "app.py": "from flask import Flask\nfrom log import Log\napp = Flask(__name__)\nlog = Log(file='./last.txt')\n",
    }
    assert [one.path for one in find_write_paths(tree(files))] == ["last.txt"]


def test_folder_of_the_app_is_known_in_other_files(tree: Tree) -> None:
    files = {
        "web/__init__.py": "from flask import Flask\napp = Flask(__name__)\n",
        "web/views/pictures.py": "import os\nfrom flask import current_app\n"
        "os.makedirs(current_app.static_folder + '/pictures')\n",
    }
    assert [one.path for one in find_write_paths(tree(files))] == ["web/static/pictures"]


def test_folder_of_the_repository_below_static_is_not_replaced_by_data(tree: Tree) -> None:
    files = {"app.py": HEAD + "open('static/plots/now.png', 'wb')\n", "static/plots/logo.png": "x"}
    assert [(one.path, one.kind) for one in find_write_paths(tree(files))] == [("static/plots/now.png", "file")]
