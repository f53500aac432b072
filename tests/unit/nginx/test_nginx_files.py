"""Test what a plan reads of other people's nginx files."""

from __future__ import annotations

import hashlib

import pytest

from piwizard.nginx.nginx_files import NginxFiles, read_nginx_files

THEIRS = "/etc/nginx/sites-enabled/theirs"


@pytest.mark.parametrize(
    ("listen", "theirs"),
    [
        ("80 default_server", True),
        ("[::]:80 default_server ipv6only=on", True),
        ("*:80 reuseport", True),
        ("127.0.0.1 default", True),
        ("80", False),
        ("80; # default_server", False),
    ],
)
def test_existing_default_server_is_found(listen, theirs):
    found = NginxFiles(sites={THEIRS: f"server {{\n  server_name a;\n  listen {listen};\n}}"})
    assert found.default_server_of_others() == (THEIRS if theirs else None)


def test_packaged_default_site_counts_only_if_edited():
    default = {"/etc/nginx/sites-enabled/default": "server {\nlisten 80 default_server;\n}"}
    assert NginxFiles(sites=default, packaged_default=True).default_server_of_others() is None
    assert NginxFiles(sites=default, packaged_default=False).default_server_of_others() is not None


def test_default_server_of_piwizard_is_not_foreign():
    ours = {"/etc/nginx/sites-enabled/piwizard-default": "listen 80 default_server reuseport;"}
    assert NginxFiles(sites=ours).default_server_of_others() is None


def test_directive_that_is_allowed_once_is_found():
    assert NginxFiles(main="http {\n\tserver_names_hash_bucket_size 64;\n}").names_hash_of_others() == "nginx.conf"
    assert NginxFiles(main="http {\n\t# server_names_hash_bucket_size 64;\n}").names_hash_of_others() is None


def test_folder_of_sites_is_read(tmp_path):
    for folder in ("conf.d", "sites-available", "sites-enabled"):
        (tmp_path / folder).mkdir()
    (tmp_path / "sites-available/default").write_text("packaged\n")
    (tmp_path / "sites-enabled/default").symlink_to("../sites-available/default")
    status = tmp_path / "status"
    status.write_text("Conffiles:\n /etc/nginx/sites-available/default 0c63f0e3c23d7bd0e42b7a9e94a9e9a1\n")
    assert read_nginx_files(tmp_path, status).packaged_default is False
    right = hashlib.md5(b"packaged\n", usedforsecurity=False).hexdigest()
    status.write_text(f"Conffiles:\n /etc/nginx/sites-available/default {right}\n")
    assert read_nginx_files(tmp_path, status).packaged_default is True
    (tmp_path / "sites-enabled/.piwizard-default.piwizard-new").symlink_to("../sites-available/default")
    assert list(read_nginx_files(tmp_path, status).sites) == [str(tmp_path / "sites-enabled/default")]
