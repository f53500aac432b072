"""Test which files of a package the user wrote, and which packages others need."""

from __future__ import annotations

import hashlib

import pytest

from piwizard.system import dpkg, dpkg_ownership

STATUS = """\
Package: web
Status: install ok installed
Version: 1
Architecture: all
Depends: web-common (= 1), libssl | libtls
Conffiles:
 /etc/web/web.conf {digest}
 /etc/web/old.conf 00000000000000000000000000000000 obsolete

Package: web-common
Status: install ok installed
Version: 1
Architecture: all

Package: libssl
Status: install ok installed
Version: 1
Architecture: all

Package: theirs
Status: install ok installed
Version: 1
Architecture: all
Pre-Depends: libssl (>= 1)

"""
LISTS = {
    "web": "/.\n/etc\n/etc/web\n/etc/web/web.conf\n/etc/default\n/etc/default/web\n",
    "web-common:arm64": "/.\n/etc\n/etc/web\n/etc/web/sites\n",
    "theirs": "/.\n/etc\n/etc/default\n",
}


@pytest.fixture
def root(tmp_path):
    info = tmp_path / dpkg.DPKG_FOLDER / "info"
    info.mkdir(parents=True)
    for name, text in LISTS.items():
        (info / f"{name}.list").write_text(text)
    digest = hashlib.md5(b"as it came\n").hexdigest()
    (tmp_path / dpkg.DPKG_FOLDER / "status").write_text(STATUS.format(digest=digest))
    (tmp_path / "etc/web/sites").mkdir(parents=True)
    (tmp_path / "etc/default").mkdir()
    (tmp_path / "etc/web/web.conf").write_text("as it came\n")
    (tmp_path / "etc/web/old.conf").write_text("")
    (tmp_path / "etc/web/sites/default").symlink_to("/etc/web/web.conf")
    (tmp_path / "etc/default/other").write_text("in a shared folder")
    (tmp_path / "etc/web/old.conf").unlink()
    return tmp_path


def found(root):
    return {
        name: str(file) for name, file in dpkg_ownership.find_user_files({"web", "web-common", "libssl"}, root).items()
    }


def test_unchanged_package_has_no_user_files(root):
    assert found(root) == {}


def test_edited_file_is_a_user_file(root):
    (root / "etc/web/web.conf").write_text("mine")
    assert found(root) == {"web": "/etc/web/web.conf"}


def test_new_file_is_a_user_file(root):
    (root / "etc/web/sites/mine").write_text("server {}")
    assert found(root) == {"web": "/etc/web/sites/mine", "web-common": "/etc/web/sites/mine"}


@pytest.mark.parametrize(
    ("script", "file", "expected"),
    [
        ("", "var/lib/web/data.db", "/var/lib/web"),
        ("rm -rf /var/lib/tsdb /var/log/tsdb", "var/lib/tsdb/wal/0001", "/var/lib/tsdb"),
        ('[ "$1" = purge ] && rm -f /var/lib/tsdb/store.db', "var/lib/tsdb/store.db", "/var/lib/tsdb/store.db"),
        ("rm -rf /var/lib/tsdb", "var/lib/other/data", None),
        ("", "var/lib/web/shipped.db", None),
        ("rm -f /var/lib/systemd/web", "var/lib/systemd/web", None),
        ("rm -rf /var/lib/apt-cache", "var/lib/apt-cache/kept", "/var/lib/apt-cache"),
        ("rm -rf /var/log/web", "var/log/web/access.log", None),
    ],
)
def test_data_that_purging_deletes_is_found(root, script, file, expected):
    info = root / dpkg.DPKG_FOLDER / "info"
    (info / "web.list").write_text(LISTS["web"] + "/var/lib/web\n/var/lib/web/shipped.db\n")
    (info / "web.postrm").write_text(f"#!/bin/sh\nset -e\n{script}\n")
    (info / "web-common.postrm").write_text("rm -rf /var/lib/other\n")
    (root / file).parent.mkdir(parents=True)
    (root / file).write_text("x")
    data = dpkg_ownership.find_data({"web", "libssl"}, root)
    assert {name: str(folder) for name, folder in data.items()} == ({"web": expected} if expected else {})


def test_user_files_without_dpkg_are_none(tmp_path):
    assert dpkg_ownership.find_user_files({"web"}, tmp_path) == {}


def test_needed_packages_are_named_with_their_dependents(root):
    status = dpkg.read_status(root)
    assert dpkg_ownership.needed_by_others({"web", "web-common", "libssl"}, status) == {"libssl": "theirs"}
    assert dpkg_ownership.needed_by_others({"web-common"}, status) == {"web-common": "web"}
    assert dpkg_ownership.needed_by_others({"web", "web-common"}, status) == {}
    assert dpkg_ownership.depending_on({"web", "libssl"}, {"web-common"}, status) == {"web": "web-common"}
    assert dpkg_ownership.depending_on({"libssl"}, {"web-common"}, status) == {}
