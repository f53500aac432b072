"""Files of Git LFS: git itself fetches only pointers to them."""

from __future__ import annotations

import pytest

from piwizard.apps.large_files import find_large_files
from piwizard.apps.repository_checkout import scan_checkout
from piwizard.git.git_command import large_files_command

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 30000\n"
ATTRIBUTES = "*.jpg filter=lfs diff=lfs merge=lfs -text\n"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({".gitattributes": ATTRIBUTES, "static/img/a.jpg": POINTER, "b.jpg": "a picture"}, [("static/img/a.jpg", 30)]),
        ({".gitattributes": ATTRIBUTES, "app.py": "x = 1\n"}, []),
        ({"a.jpg": POINTER}, []),
    ],
)
def test_pointers_are_found_where_git_names_its_lfs(tree, files, found):
    assert [(one.path, one.size) for one in find_large_files(scan_checkout(tree(files)))] == found


def test_content_comes_from_the_server_of_the_repository(tmp_path):
    settings = large_files_command("https://example.org/anna/lamp", tmp_path)
    assert "lfs.url=https://example.org/anna/lamp.git/info/lfs" in settings
    assert not any("lfs.url" in word for word in large_files_command("git@example.org:anna/lamp.git", tmp_path))
