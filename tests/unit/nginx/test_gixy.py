"""Check our nginx configuration with gixy, which finds common security mistakes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from piwizard.nginx.ipv6_listen import FOLDER, render_listens
from piwizard.nginx.server_blocks import SiteBlock, render_default_server, render_site
from piwizard.nginx.tls_settings import Tls, engine

MAIN = "worker_rlimit_nofile 4096;\nevents {{ worker_connections 768; }}\nhttp {{ server_tokens off; include {}/*; }}\n"


def findings(tmp_path, files):
    folder = tmp_path / "sites"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    main = tmp_path / "nginx.conf"
    main.write_text(MAIN.format(folder))
    gixy = [sys.executable, "-m", "gixy", "--format", "json", str(main)]
    told = subprocess.run(gixy, capture_output=True, text=True, check=False)
    assert told.stdout, told.stderr
    return [(one["plugin"], one["reason"], one["config"]) for one in json.loads(told.stdout)]


@pytest.mark.parametrize("version", [engine("1.22.1", "3.0.15"), engine("1.26.3", "3.5.1")])
@pytest.mark.parametrize("https", [False, True])
def test_gixy_finds_nothing_in_our_configuration(tmp_path, version, https):
    site = SiteBlock(
        name="my-flask",
        domains=("pi.example", "www.pi.example", "other.example"),
        socket="/run/my-flask.sock",
        static={"/static/": "/srv/my-flask/current/public/static"},
        root_files={"/robots.txt": "/srv/my-flask/current/public/robots.txt"},
        passed=("/static/uploads/",),
        tls=Tls("/etc/letsencrypt/live/piwizard-my-flask", version) if https else None,
    )
    files = {"site": render_site(site), "default": render_default_server(tls=version)}
    texts = render_listens(version, ipv6=True)
    (tmp_path / "listens").mkdir()
    for name, text in texts.items():
        (tmp_path / "listens" / name).write_text(text)
    here = {name: text.replace(FOLDER, f"{tmp_path}/listens") for name, text in files.items()}
    assert findings(tmp_path, here) == []


def test_gixy_finds_a_planted_mistake(tmp_path):
    assert findings(tmp_path, {"bad": "server { listen 80; location /a { alias /srv/a/; } }\n"})
