"""Test imports of modules that the author keeps out of the repository."""

from __future__ import annotations

import pytest

from piwizard.apps.local_files import find_local_files
from piwizard.apps.local_modules import find_local_modules
from piwizard.apps.repository_checkout import scan_checkout

CODE = "import config\nfrom secret_stuff import TOKEN\nimport flask\n"


@pytest.fixture
def found(tree):
    return lambda files, data=None: find_local_modules(scan_checkout(tree({"app.py": CODE} | files), data))


@pytest.mark.parametrize(
    "sample",
    ["config.example.py", "config.py.sample", "config_template.py", "example_config.py", "config-example.py"],
)
def test_module_with_a_sample_beside_it_is_a_file_of_the_author(found, sample):
    (one,) = found({sample: "PIN = 17\n"})
    assert (one.module, one.path, one.sample, one.line) == ("config", "config.py", sample, 1)


@pytest.mark.parametrize("ignored", ["config.py", "/config.py", "# mine\nconfig*.py\n*.db"])
def test_module_that_git_ignores_is_a_file_of_the_author(found, ignored):
    assert [one.path for one in found({".gitignore": ignored})] == ["config.py"]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {".gitignore": "*.py[cod]\n__pycache__/\n*.py\n"},
        {".gitignore": "config.py\n", "config.py": "PIN = 17\n"},
        {"config.example.py": "", "config/__init__.py": ""},
        {".gitignore": "config.py\n", "app.py": "try:\n    import config\nexcept ImportError:\n    config = None\n"},
        {".gitignore": "venv\nflask.log\n"},
    ],
)
def test_other_modules_are_none(found, files):
    assert found(files) == ()


def test_file_that_is_in_the_data_already_stays_one_of_the_author(found, tree, tmp_path):
    data = tmp_path / "data"
    (tree({}) / "config.py").symlink_to(data / "config.py")
    assert [one.path for one in found({".gitignore": "config.py\n"}, data)] == ["config.py"]


READS = "import os, yaml\nPLACE = os.environ.get('GARAGE_CONFIG', 'config.yaml')\nyaml.load(open(PLACE))\n"


@pytest.mark.parametrize(
    ("files", "sample"),
    [
        ({"config.example.yaml": "relay: 17"}, "config.example.yaml"),
        ({"config.yaml.sample": "relay: 17"}, "config.yaml.sample"),
        ({".gitignore": "config.yaml\n"}, ""),
    ],
)
def test_file_that_the_code_reads_and_the_repository_lacks_is_one_of_the_author(tree, files, sample):
    (one,) = find_local_files(scan_checkout(tree({"app.py": READS} | files)), "", ())
    assert (one.module, one.path, one.sample, one.line) == ("", "config.yaml", sample, 3)


@pytest.mark.parametrize(
    ("files", "written"),
    [
        ({"config.yaml": "relay: 17", "config.example.yaml": ""}, ()),
        ({".gitignore": "config.yaml\n"}, ("config.yaml",)),
        ({".gitignore": "*.yaml\n"}, ()),
        ({}, ()),
    ],
)
def test_other_files_are_none(tree, files, written):
    assert find_local_files(scan_checkout(tree({"app.py": READS} | files)), "", written) == ()
