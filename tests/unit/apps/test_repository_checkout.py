from __future__ import annotations

import os

import pytest

from piwizard.apps import repository_checkout as module
from piwizard.apps.entry import find_entries
from piwizard.apps.repository_checkout import scan_checkout

APP = "from flask import Flask\napp = Flask(__name__)\n"


@pytest.mark.parametrize(
    "source",
    [
        b"def (:\n",
        b"x = '\xff\xfe'\n",
        b"\0\0",
        b"-" * 300_000 + b"1",
        b"a" + b".b" * 200_000,
        b"(" * 5000,
        b"# coding: nope\n",
    ],
    ids=["syntax", "no UTF-8", "zeros", "unary", "attributes", "brackets", "coding"],
)
def test_file_that_is_no_python_is_skipped_and_named(tree, source):
    root = tree({"app.py": APP})
    (root / "wsgi.py").write_bytes(source)
    found = scan_checkout(root)
    assert [candidate.entry for candidate in find_entries(found)] == ["app:app"]
    assert [skipped.file for skipped in found.skipped] == ["wsgi.py"]


def test_huge_file_is_skipped(tree):
    root = tree({"app.py": APP, "data.py": "# flask\n" + "x" * (1 << 20)})
    found = scan_checkout(root)
    assert len(find_entries(found)) == 1
    assert [(s.file, s.why) for s in found.skipped] == [("data.py", "larger than 1 MiB")]


def test_links_out_of_the_checkout_are_not_followed(tree, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/app.py").write_text(APP)
    root = tree({"real.py": APP})
    (root / "app.py").symlink_to(tmp_path / "outside/app.py")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(root)
    (root / "wsgi.py").symlink_to("real.py")
    found = scan_checkout(root)
    assert found.python == ("real.py", "wsgi.py")
    assert found.text("app.py") == ""
    assert not found.is_dir("folder")
    assert found.text("../outside/app.py") == ""
    assert found.text("/etc/passwd") == ""


def test_pipe_does_not_block_the_scan(tree):
    root = tree({"app.py": APP})
    os.mkfifo(root / "Procfile")
    os.mkfifo(root / "wsgi.py")
    assert [candidate.entry for candidate in find_entries(root)] == ["app:app"]


def test_scan_stops_at_its_limits(tree, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILES", 3)
    monkeypatch.setattr(module, "MAX_DEPTH", 2)
    root = tree({"a/b/c/deep.py": APP, "a/b/two.py": "", "x.py": ""})
    assert scan_checkout(root).python == ("x.py", "a/b/two.py")
    root = tree({f"m{number}.py": "" for number in range(9)})
    found = scan_checkout(root)
    assert len(found.python) == 3
    assert found.skipped
