"""Test the largest request that an app accepts according to its code."""

from __future__ import annotations

import pytest

from piwizard.apps.repository_checkout import scan_checkout
from piwizard.apps.upload_limit import find_upload_limit

FLASK = "import os\nfrom flask import Flask\napp = Flask(__name__)\n"


def limits(root):
    return [(one.mib, one.file, one.line) for one in find_upload_limit(scan_checkout(root))]


@pytest.mark.parametrize(
    ("line", "mib"),
    [
        ('app.config["MAX_CONTENT_LENGTH"] = 200 * 1024 * 1024', 200),
        ("app.config['MAX_CONTENT_LENGTH'] = 128 * 1024**2", 128),
        ('app.config["MAX_CONTENT_LENGTH"] = 1 << 26', 64),
        ('app.config["MAX_CONTENT_LENGTH"] = int(3e7)', 29),
        ('app.config["MAX_CONTENT_LENGTH"] = 5', 1),
        ("app.config.update(DEBUG=False, MAX_CONTENT_LENGTH=50_000_000)", 48),
        ('app.config.from_mapping({"MAX_CONTENT_LENGTH": 32 * 1024 * 1024})', 32),
        ('app.config.setdefault("MAX_CONTENT_LENGTH", 2**25)', 32),
        ('app.config["MAX_CONTENT_LENGTH"] = int(os.environ.get("MAX_MB", "40")) * 1024 * 1024', 40),
        ('app.config["MAX_CONTENT_LENGTH"] = int(os.getenv("MAX_BYTES") or 2**25)', 32),
        ("class Config:\n    MAX_CONTENT_LENGTH = 90 * 1024 * 1024", 90),
        ("MIB = 1024 * 1024\napp.config['MAX_CONTENT_LENGTH'] = 30 * MIB", 30),
        ("patch_request_class(app, 96 * 1024 * 1024)", 96),
        ("patch_request_class(app)", 64),
        ("app.config['DROPZONE_MAX_FILE_SIZE'] = 300", 300),
    ],
)
def test_constant_limit_is_found_in_mib(tree, line, mib):
    assert [found[:2] for found in limits(tree({"app.py": f"{FLASK}{line}\n"}))] == [(mib, "app.py")]


def test_limit_may_be_in_another_file_and_the_largest_counts(tree):
    files = {
        "app.py": f"{FLASK}from sizes import MIB\nimport config\napp.config.from_object(config)\n",
        "sizes.py": "MIB = 1024 * 1024\n",
        "config.py": "import sizes\nMAX_CONTENT_LENGTH = 25 * sizes.MIB\n",
        "small.py": "MAX_CONTENT_LENGTH = 1024\n",
    }
    assert limits(tree(files)) == [(25, "config.py", 2)]


@pytest.mark.parametrize(
    "value",
    [
        "None",
        "size()",
        "True",
        "-1",
        "0",
        "10**30",
        "1 << 900",
        "9**9**9",
        "A",
        "'many'",
        "10 ** 13",
        "1e400",
        "2 ** -1",
    ],
)
def test_value_that_is_no_possible_limit_is_ignored(tree, value):
    assert limits(tree({"app.py": f"{FLASK}A = B\nB = A\napp.config['MAX_CONTENT_LENGTH'] = {value}\n"})) == []
    assert limits(tree({"app.py": FLASK})) == []


def test_flask_refuses_what_dropzone_would_send(tree):
    text = f"{FLASK}app.config.update(DROPZONE_MAX_FILE_SIZE=300, MAX_CONTENT_LENGTH=20 * 1024 * 1024)\n"
    assert limits(tree({"app.py": text})) == [(20, "app.py", 4)]
