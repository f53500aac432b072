"""What `nginx -T` tells of other people's files."""

from __future__ import annotations

import pytest

from piwizard.nginx.dump import default_server, files, http_directive

SITE = "/etc/nginx/sites-enabled/theirs"


def dump(site):
    return (
        "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
        "# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp { include sites-enabled/*; }\n\n"
        f"# configuration file {SITE}:\n{site}\n"
    )


def test_files_by_their_paths():
    assert files(dump("server {}\n")) == {
        "/etc/nginx/nginx.conf": "events {}\nhttp { include sites-enabled/*; }\n\n",
        SITE: "server {}\n\n",
    }


@pytest.mark.parametrize(
    ("listen", "port"),
    [
        ("80 default_server", 80),
        ("[::]:80 default_server ipv6only=on", 80),
        ("*:80 reuseport", 80),
        ("127.0.0.1 default", 80),
        ("[::1] default_server", 80),
        ("443 ssl default_server", 443),
    ],
)
def test_the_default_server_of_a_port(listen, port):
    text = dump(f"server {{ server_name a; listen {listen}; }}")
    assert default_server(text, port) == SITE
    assert default_server(text, 8080) is None
    assert default_server(text, port, apart_from=SITE) is None


def test_a_server_among_others_is_no_default():
    assert default_server(dump("server { listen 80; }\n# listen 80 default_server;"), 80) is None


def test_a_directive_that_is_set_for_all():
    text = dump("server_names_hash_bucket_size 64;\nserver { listen 80; server_tokens off; }")
    assert http_directive(text, "server_names_hash_bucket_size") == SITE
    assert http_directive(text, "server_names_hash_bucket_size", apart_from=SITE) is None
    assert http_directive(text, "server_tokens") is None
    assert http_directive(text, "include") == "/etc/nginx/nginx.conf"
