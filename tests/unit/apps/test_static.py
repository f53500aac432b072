from __future__ import annotations

import pytest

from piwizard.apps.static import find_root_files, find_static

HEAD = "import os\nfrom pathlib import Path\nfrom flask import Flask, Blueprint\n"
CASES = {
    "beside the module": ({"app.py": "app = Flask(__name__)", "static/a.css": ""}, {"/static/": "static"}),
    "in the package": ({"shop/__init__.py": "app = Flask(__name__)", "shop/static/a": ""}, {"/static/": "shop/static"}),
    "in a factory": (
        {"shop/__init__.py": "def create_app():\n    return Flask(__name__)", "shop/static/a": ""},
        {"/static/": "shop/static"},
    ),
    "not there": ({"app.py": "app = Flask(__name__)"}, {}),
    "of another name": ({"app.py": "app = Flask('app', static_folder='css')", "css/a": ""}, {"/css/": "css"}),
    "at another URL": (
        {"app.py": "app = Flask(__name__, static_url_path='/s', static_folder='assets')", "assets/a": ""},
        {"/s/": "assets"},
    ),
    "at the top": ({"app.py": "app = Flask(__name__, static_url_path='')", "static/a": ""}, {}),
    "by place": ({"app.py": "app = Flask(__name__, '/s', None, 'public')", "public/a": ""}, {"/s/": "public"}),
    "none": ({"app.py": "app = Flask(__name__, static_folder=None)", "static/a": ""}, {}),
    "above the package": (
        {"shop/__init__.py": "app = Flask(__name__, static_folder='../static')", "static/a": ""},
        {"/static/": "static"},
    ),
    "os.path": (
        {"app.py": "HERE = os.path.dirname(os.path.abspath(__file__))\n"
                   "app = Flask(__name__, static_folder=os.path.join(HERE, 'dist', 'web'))", "dist/web/a": ""},
        {"/web/": "dist/web"},
    ),
    "pathlib": (
        {"web/app.py": "app = Flask('x', static_folder=Path(__file__).parent.parent / 'public')", "public/a": ""},
        {"/public/": "public"},
    ),
    "outside": ({"app.py": "app = Flask(__name__, static_folder='../static')", "static/a": ""}, {}),
    "absolute": ({"app.py": "app = Flask(__name__, static_folder='/etc')"}, {}),
    "the checkout": ({"app.py": "app = Flask(__name__, static_folder='.')"}, {}),
    "the code": ({"app.py": "app = Flask(__name__, static_folder='web')", "web/views.py": ""}, {}),
    "hidden": ({"app.py": "app = Flask(__name__, static_folder='.git')", ".git/config": ""}, {}),
    "strange letters": ({"app.py": "app = Flask(__name__, static_url_path='/a;b{}')", "static/a": ""}, {}),
    "unknown": ({"app.py": "app = Flask(__name__, static_folder=input())", "static/a": ""}, {}),
    "blueprint": (
        {"app.py": "app = Flask(__name__)\nfrom admin import bp\napp.register_blueprint(bp)",
         "admin/__init__.py": "bp = Blueprint('admin', __name__, static_folder='static', url_prefix='/admin')",
         "admin/static/a": "", "static/a": ""},
        {"/static/": "static", "/admin/static/": "admin/static"},
    ),
    "blueprint, prefix where it is registered": (
        {"app.py": "from admin.views import bp as b\ndef create_app():\n    app = Flask('x')\n"
                   "    app.register_blueprint(b, url_prefix='/a')\n    return app",
         "admin/views.py": "bp = Blueprint('admin', __name__, static_folder='files', static_url_path='/f')",
         "admin/files/a": ""},
        {"/a/f/": "admin/files"},
    ),
    "blueprint, module.bp": (
        {"app.py": "import admin\napp = Flask(__name__)\napp.register_blueprint(admin.bp, url_prefix='/a')",
         "admin.py": "bp = Blueprint('admin', __name__, static_folder='files')", "files/a": ""},
        {"/a/files/": "files"},
    ),
    "blueprint in a blueprint": (
        {"app.py": "app = Flask(__name__)\nouter = Blueprint('o', __name__, url_prefix='/o')\n"
                   "inner = Blueprint('i', __name__, static_folder='files', url_prefix='/i')\n"
                   "outer.register_blueprint(inner)\napp.register_blueprint(outer)", "files/a": ""},
        {"/o/i/files/": "files"},
    ),
    "blueprint below the app's": (
        {"app.py": "app = Flask(__name__)\nb = Blueprint('b', 'x', static_folder='static')\napp.register_blueprint(b)",
         "x/__init__.py": "", "x/static/a": "", "static/a": ""},
        {"/static/": "static"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_static_folders_are_found(tree, files, expected):
    root = tree({name: HEAD + text if name.endswith(".py") else text for name, text in files.items()})
    assert {folder.prefix: folder.folder for folder in find_static(root)} == expected


def test_link_out_of_the_checkout_is_no_static_folder(tree):
    root = tree({"app.py": HEAD + "app = Flask(__name__)\n"})
    (root / "static").symlink_to("/etc")
    assert find_static(root) == ()


def test_static_folder_of_the_chosen_app_comes_first(tree):
    code = HEAD + "app = Flask(__name__)\n"
    root = tree({"a/app.py": code, "b/app.py": code, "a/static/x": "", "b/static/x": ""})
    assert [folder.folder for folder in find_static(root, "b/app.py")] == ["b/static"]


@pytest.mark.parametrize(
    ("route", "found"), [("", {"/robots.txt": "static/robots.txt"}), ("@app.route('/robots.txt')\ndef r(): ...\n", {})]
)
def test_root_files_are_found_without_routes(tree, route, found):
    root = tree({"app.py": HEAD + "app = Flask(__name__)\n" + route, "static/robots.txt": "User-agent: *\n"})
    assert {file.url: file.path for file in find_root_files(root, find_static(root))} == found
