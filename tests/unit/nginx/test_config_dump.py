"""Test parsing of the output of `nginx -T`."""

from __future__ import annotations

from piwizard.nginx.config_dump import files

SITE = "/etc/nginx/sites-enabled/theirs"


def dump(site):
    return (
        "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
        "# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp { include sites-enabled/*; }\n\n"
        f"# configuration file {SITE}:\n{site}\n"
    )


def test_dump_has_files_by_path():
    assert files(dump("server {}\n")) == {
        "/etc/nginx/nginx.conf": "events {}\nhttp { include sites-enabled/*; }\n\n",
        SITE: "server {}\n\n",
    }
