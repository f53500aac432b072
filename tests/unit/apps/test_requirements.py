from __future__ import annotations

import json
import textwrap

import pytest

from piwizard.apps.required_python import find_required_python
from piwizard.apps.requirements import find_requirements
from piwizard.apps.version_specs import fits

PROJECT = """
    [project]
    name = "flaskr"
    dependencies = ["flask>=3", "click"]
    requires-python = ">=3.9,<4"
    [build-system]
    requires = ["flit_core"]
"""
POETRY = """
    [tool.poetry]
    name = "shop"
    package-mode = false
    [tool.poetry.dependencies]
    python = "^3.11"
    flask = "^3.0.1"
    flask-login = {version = "~0.6", optional = false}
    gunicorn = "*"
"""
UV_LOCK = """
    [[package]]
    name = "flask"
    version = "3.0.3"
    source = { registry = "https://index.example/simple" }
    [[package]]
    name = "numpy"
    version = "1.26.4"
    source = { registry = "https://index.example/simple" }
    [[package]]
    name = "numpy"
    version = "2.0.1"
    source = { registry = "https://index.example/simple" }
    [[package]]
    name = "shop"
    version = "0.1"
    source = { editable = "." }
"""


@pytest.mark.parametrize(
    ("files", "kind", "file", "arguments", "lines"),
    [
        ({"requirements.txt": "Flask==3\n"}, "requirements", "requirements.txt", ("-r", "requirements.txt"), ()),
        (
            {"requirements/prod.txt": "flask\n", "requirements/dev.txt": "pytest\n"},
            "requirements", "requirements/prod.txt", ("-r", "requirements/prod.txt"), (),
        ),
        (
            {"requirements-dev.txt": "pytest\n", "requirements_pi.txt": "flask\n"},
            "requirements", "requirements_pi.txt", ("-r", "requirements_pi.txt"), (),
        ),
        ({"pyproject.toml": PROJECT, "flaskr/__init__.py": ""}, "pyproject", "pyproject.toml", (".",), ()),
        ({"pyproject.toml": PROJECT}, "pyproject", "pyproject.toml", (), ("flask>=3", "click")),
        (
            {"pyproject.toml": PROJECT.partition("[build")[0], "app.py": "", "uv.lock": UV_LOCK},
            "uv", "pyproject.toml", (), ("flask>=3", "click"),
        ),
        (
            {"pyproject.toml": POETRY, "poetry.lock": "[[package]]\nname='flask'\nversion='3.0.3'\n"},
            "poetry", "pyproject.toml", (), ("flask>=3.0.1,<4", "flask-login>=0.6,<0.7", "gunicorn"),
        ),
        (
            {"setup.py": "from setuptools import setup\nsetup(name='x', install_requires=['flask'])\n"},
            "setup", "setup.py", (".",), (),
        ),
        (
            {"setup.cfg": "[options]\ninstall_requires =\n  flask\n  # no\n  click\n"},
            "setup", "setup.cfg", (), ("flask", "click"),
        ),
        (
            {"Pipfile": '[packages]\nflask = "*"\nredis = {extras = ["hiredis"], version = "~=5.0"}\n'},
            "pipenv", "Pipfile", (), ("flask", "redis[hiredis]~=5.0"),
        ),
        (
            {"Pipfile": "[packages]\nflask = '*'\n", "Pipfile.lock": '{"default": {"flask": {"version": "==3.0"}}}'},
            "pipenv", "Pipfile", (), ("flask==3.0",),
        ),
        (
            {"requirements.txt": "pytest\n", "pyproject.toml": PROJECT},
            "pyproject", "pyproject.toml", (), ("flask>=3", "click"),
        ),
    ],
)  # fmt: skip
def test_requirements_become_pip_arguments(tree, files, kind, file, arguments, lines):
    found = find_requirements(tree(files))
    assert found is not None
    assert (found.kind, found.file, found.arguments, found.lines) == (kind, file, arguments, lines)
    assert found.flask


def test_checkout_without_requirements_has_none(tree):
    assert find_requirements(tree({"app.py": ""})) is None


@pytest.mark.parametrize(
    ("text", "flask"),
    [
        ("Flask==3.0 # web\n", True),
        ("-r more.txt\n", True),
        ("flask-login\n", True),
        ("git+https://example.org/x.git#egg=Flask\n", True),
        ("requests\n# flask\n", False),
        ("-r ../outside.txt\n", False),
        ("-r requirements.txt\n", False),
    ],
)
def test_flask_is_recognized_among_the_requirements(tree, tmp_path, text, flask):
    (tmp_path / "outside.txt").write_text("flask\n")
    found = find_requirements(tree({"requirements.txt": text, "more.txt": "Flask\n"}))
    assert found is not None
    assert found.flask is flask


def test_lock_file_becomes_constraints(tree):
    found = find_requirements(tree({"pyproject.toml": PROJECT, "app.py": "", "uv.lock": UV_LOCK}))
    assert found is not None
    assert found.constraints == ("flask==3.0.3",)


@pytest.mark.parametrize(
    ("files", "file"),
    [
        (
            {"install/requirements.txt": "flask\n", "install/requirements-dev.txt": "flask\n"},
            "install/requirements.txt",
        ),
        ({"setup/requirements.txt": "flask\n", "tests/requirements.txt": "flask\n"}, "setup/requirements.txt"),
        ({"one/requirements.txt": "flask\n", "two/requirements.txt": "flask\n"}, None),
        ({"install/requirements.txt": "ansible\n"}, None),
        ({"requirements.txt": "requests\n", "install/requirements.txt": "flask\n"}, "requirements.txt"),
    ],
)
def test_only_list_below_the_checkout_is_found(tree, files, file):
    found = find_requirements(tree(files))
    assert (found.file if found else None) == file


def test_requirements_in_the_folder_of_the_app_come_first(tree):
    root = tree({"backend/requirements.txt": "flask\n", "requirements.txt": "mkdocs\n"})
    found = find_requirements(root, "backend")
    assert found is not None
    assert found.arguments == ("-r", "backend/requirements.txt")


@pytest.mark.parametrize("text", ["[[", "[project]\nname = 3\ndependencies = 'x'\n", "tool = 3\n", "project = []\n"])
def test_broken_requirement_files_are_ignored(tree, text):
    root = tree({"pyproject.toml": text, "Pipfile": text, "Pipfile.lock": "[]", "setup.cfg": text, "uv.lock": text})
    assert find_requirements(root) is None


@pytest.mark.parametrize(
    ("files", "spec", "suitable", "unsuitable"),
    [
        ({"pyproject.toml": PROJECT}, ">=3.9,<4", (3, 11, 2), (4, 0, 0)),
        ({".python-version": "3.12.1\n"}, "==3.12.*", (3, 12, 7), (3, 11, 2)),
        ({"runtime.txt": "python-3.8.10"}, "==3.8.*", (3, 8, 0), (3, 13, 5)),
        ({"Pipfile": '[requires]\npython_version = "3.11"\n'}, "==3.11.*", (3, 11, 2), (3, 12, 0)),
        ({"pyproject.toml": POETRY}, ">=3.11,<4", (3, 13, 0), (3, 10, 9)),
        (
            {"setup.py": "import setuptools\nsetuptools.setup(python_requires='~=3.9')\n"},
            "~=3.9",
            (3, 13, 1),
            (3, 8, 0),
        ),
    ],
)
def test_required_python_is_translated_for_pip(tree, files, spec, suitable, unsuitable):
    wanted = find_required_python(tree(files))
    assert wanted is not None
    assert wanted.spec == spec
    assert fits(wanted.spec, suitable)
    assert not fits(wanted.spec, unsuitable)


SOURCES = """
    [project]
    name = "lamp"
    dependencies = ["flask", "driver", "dimmer>=1", "far", "remote"]
    [tool.uv.sources]
    driver = { path = "libs/driver", editable = true }
    dimmer = { git = "https://example.org/anna/dimmer.git", tag = "v1" }
    far = { path = "../far" }
    remote = { workspace = true }
    [tool.uv.workspace]
    members = ["packages/*"]
"""
MEMBER = '[project]\nname = "remote"\n'


@pytest.mark.parametrize("installable", [True, False])
def test_sources_of_uv_are_followed_or_named(tree, installable):
    build = '[build-system]\nrequires = ["hatchling"]\n' if installable else ""
    files = {
        "pyproject.toml": textwrap.dedent(SOURCES) + build,
        "lamp/__init__.py": "",
        "libs/driver/pyproject.toml": "",
        "packages/a/pyproject.toml": MEMBER,
    }
    found = find_requirements(tree(files))
    own = ("./libs/driver", "dimmer @ git+https://example.org/anna/dimmer.git@v1", "./packages/a")
    assert [one.name for one in found.unusable] == ["far"]
    assert "is not in the repository" in found.unusable[0].reason
    if installable:
        assert (found.arguments, found.lines) == ((".",), own)
    else:
        assert found.lines == ("flask", own[0], own[1], "far", own[2])
    skipping = find_requirements(tree(files), skip=("far",))
    assert (skipping.arguments, skipping.lines, skipping.unusable) == ((), ("flask", *own), ())


PIPFILE = """
    [packages]
    flask = "*"
    driver = {path = "libs/driver", editable = true}
    dimmer = {git = "https://example.org/anna/dimmer.git", ref = "v1", extras = ["fast"]}
    secret = {git = "ssh://git@example.org/anna/secret.git"}
    far = {path = "../far"}
    wheel-of-mine = {file = "https://example.org/mine-1.0-py3-none-any.whl"}
    pywin32 = "*"
"""
OWN = ("./libs/driver", "dimmer[fast] @ git+https://example.org/anna/dimmer.git@v1")
DRIVER = '[build-system]\nrequires = ["hatchling"]\n[project]\nname = "driver"\n'


def test_sources_of_pipenv_are_followed_or_named(tree):
    files = {"Pipfile": textwrap.dedent(PIPFILE), "libs/driver/pyproject.toml": DRIVER, "libs/driver/driver.py": ""}
    found = find_requirements(tree(files))
    assert found.lines == ("flask", *OWN, "wheel-of-mine @ https://example.org/mine-1.0-py3-none-any.whl")
    assert [(one.name, one.line) for one in found.unusable] == [("secret", 5), ("far", 6), ("pywin32", 1)]
    assert "over SSH" in found.unusable[0].reason
    skipping = find_requirements(tree(files), skip=("secret", "far", "pywin32"))
    assert (skipping.unusable, skipping.skipped) == ((), ("secret", "far", "pywin32"))
    assert skipping.lines == found.lines


def test_sources_of_a_pipenv_lock_file_are_followed(tree):
    lock = {"default": {"flask": {"version": "==3.1.0"}, "driver": {"path": "./libs/driver", "editable": True}}}
    files = {"Pipfile": "", "Pipfile.lock": json.dumps(lock), "libs/driver/setup.py": "setup()"}
    assert find_requirements(tree(files)).lines == ("flask==3.1.0", "./libs/driver")


POETRY_SOURCES = """
    [tool.poetry]
    name = "lamp"
    package-mode = false
    [tool.poetry.dependencies]
    python = "^3.11"
    flask = "^3.0"
    driver = { path = "libs/driver", develop = true }
    dimmer = { git = "https://example.org/anna/dimmer.git", tag = "v1", extras = ["fast"] }
    far = { path = "../far" }
    secret = { git = "git@example.org:anna/secret.git" }
"""


def test_sources_of_poetry_are_followed_or_named(tree):
    files = {"pyproject.toml": textwrap.dedent(POETRY_SOURCES), "libs/driver/pyproject.toml": DRIVER}
    found = find_requirements(tree(files))
    assert found.lines == ("flask>=3.0,<4", *OWN, "far", "secret")
    assert [(one.name, one.line) for one in found.unusable] == [("far", 9), ("secret", 10)]
    skipping = find_requirements(tree(files), skip=("far", "secret"))
    assert (skipping.lines, skipping.unusable) == (("flask>=3.0,<4", *OWN), ())


def test_sources_of_an_installable_poetry_project_are_read_by_poetry(tree):
    text = textwrap.dedent(POETRY_SOURCES).replace("package-mode = false\n", "")
    text = text.replace('far = { path = "../far" }\n', "").replace(
        'secret = { git = "git@example.org:anna/secret.git" }\n', ""
    )
    build = '[build-system]\nrequires = ["poetry-core"]\n'
    found = find_requirements(
        tree({"pyproject.toml": text + build, "lamp/__init__.py": "", "libs/driver/setup.py": ""})
    )
    assert (found.arguments, found.lines, found.unusable) == ((".",), (), ())
