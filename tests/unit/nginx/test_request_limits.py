"""Test the limits for each address, and nginx's capacity."""

from __future__ import annotations

import re
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from piwizard.nginx.capacity import CONNECTIONS as WORKER_CONNECTIONS
from piwizard.nginx.capacity import FILES_EACH, OLD_WORKER_TIME, lacking, raise_capacity
from piwizard.nginx.config_syntax import parse
from piwizard.nginx.request_limits import CONNECTIONS, FILE, LIMITS, MAX_ANSWER_SECONDS, STREAMS, render_limits
from piwizard.nginx.request_limits import lacking as limits_lacking
from piwizard.nginx.server_blocks import SiteBlock, render_default_server, render_site
from piwizard.nginx.tuning import tune
from tests.unit.properties.nginx import NGINX, temp_paths

from .slow import PREFACE
from .test_tuning import ALL, dump, read


def late(served, number):
    """Hold this many requests open in the app during the block."""
    pool = ThreadPoolExecutor(number)
    waiting = [pool.submit(served.get, "/late") for _ in range(number)]
    for _ in range(number):
        assert served.backend.waiting.acquire(timeout=60), "the request did not reach the app"
    return waiting


def test_simultaneous_requests_of_an_address_are_limited(served):
    waiting = late(served, CONNECTIONS)
    refused = served.get("/")
    assert refused.status == 429
    assert refused.header("X-Content-Type-Options") == "nosniff"
    served.backend.let_go.set()
    assert {one.result(10).status for one in waiting} == {200}
    deadline = time.monotonic() + 10
    while served.get("/").status == 429:
        assert time.monotonic() < deadline
    assert served.get("/").status == 200


def test_household_stays_below_the_limit(served):
    """Accept sixteen browsers with six endless pages each, over HTTP/1.1."""
    waiting = late(served, 16 * 6)
    (served.static / "a.css").write_text("x")
    assert served.get("/static/a.css").status == 200
    assert served.get("/").status == 200
    served.backend.let_go.set()
    assert {one.result(10).status for one in waiting} == {200}


@pytest.mark.parametrize("served", [{"https": True}], indirect=True)
def test_one_browser_over_http2_stays_below_the_limit(served):
    with served.handshake("pi.example", alpn=["h2"]) as connection:
        connection.sendall(PREFACE)
        frame = connection.recv(9)
        length, kind = int.from_bytes(frame[:3], "big"), frame[3]
        assert kind == 4, "the first frame has no settings"
        settings = dict(struct.iter_unpack(">HI", connection.recv(length)))
    assert settings[3] == STREAMS
    assert 4 * STREAMS <= CONNECTIONS


def workers(served):
    """Return nginx's worker processes."""
    master = (served.folder / "pid").read_text().strip()
    return Path(f"/proc/{master}/task/{master}/children").read_text().split()


def test_worker_can_open_files_for_all_its_connections(served):
    for pid in workers(served):
        limit = re.search(r"Max open files +(\d+)", Path(f"/proc/{pid}/limits").read_text())
        assert limit
        assert int(limit[1]) >= 2 * WORKER_CONNECTIONS + 512


@pytest.mark.parametrize("name", ALL)
def test_capacity_is_raised_in_every_file(name):
    once = raise_capacity(tune(read(name)))
    assert raise_capacity(once) == once
    assert lacking(dump(once)) == []
    root = parse(once, name)
    assert len(root.named("worker_rlimit_nofile")) == len(root.named("events")[0].named("worker_connections")) == 1


@pytest.mark.parametrize(
    ("before", "connections", "files"),
    [
        ("events { worker_connections 768; }\n", WORKER_CONNECTIONS, FILES_EACH * WORKER_CONNECTIONS),
        ("events {}\n", WORKER_CONNECTIONS, FILES_EACH * WORKER_CONNECTIONS),
        ("events { worker_connections 10000; }\n", 10000, FILES_EACH * 10000),
        ("worker_rlimit_nofile 1024;\nevents { worker_connections 512; }\n", WORKER_CONNECTIONS, 8192),
        ("worker_rlimit_nofile 65535; # mine\nevents { worker_connections 4096; }\n", 4096, 65535),
    ],
)
def test_higher_values_of_the_user_stay(before, connections, files):
    after = parse(raise_capacity(f"{before}http {{\n}}\n"), "nginx.conf")
    assert after.named("events")[0].named("worker_connections")[0].args == [str(connections)]
    assert after.named("worker_rlimit_nofile")[0].args == [str(files)]


@pytest.mark.parametrize(
    ("before", "time"), [("", "15m"), ("worker_processes auto;\n", "15m"), ("worker_shutdown_timeout 2h;\n", "2h")]
)
def test_old_workers_end_unless_the_user_set_a_time(before, time):
    after = raise_capacity(f"{before}events {{}}\nhttp {{\n}}\n")
    assert parse(after, "nginx.conf").named("worker_shutdown_timeout")[0].args == [time]
    assert int(OLD_WORKER_TIME.removesuffix("m")) * 60 > MAX_ANSWER_SECONDS


@pytest.mark.parametrize(
    ("main", "others"),
    [
        ("http { client_header_timeout 60s; }", {}),
        ("http {}", {"/etc/nginx/conf.d/mine.conf": "client_header_timeout 60s;"}),
        ("http {}", {"/etc/nginx/sites-enabled/mine": "client_header_timeout 60s;\nserver { listen 80; }"}),
    ],
)
def test_user_settings_for_all_servers_are_not_repeated(main, others):
    ours = render_limits(main, others)
    assert "client_header_timeout" not in ours
    assert "send_timeout 30s;" in ours
    others[FILE] = ours
    assert limits_lacking(dump(main.replace("http {", "http { include /etc/nginx/*/*;"), **paths(others))) == []


@pytest.mark.parametrize(
    "text", ["server { client_header_timeout 60s; }", "# client_header_timeout 60s;", "a mistake {", FILE]
)
def test_user_settings_for_some_servers_replace_no_limit(text):
    others = {FILE: "client_header_timeout 15s;"} if text == FILE else {"/etc/nginx/sites-enabled/mine": text}
    assert all(f"{name} {value};" in render_limits("http {}", others) for name, value in LIMITS.items())


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed (apt-get install nginx-light)")
def test_nginx_has_no_warning_about_many_sites(tmp_path):
    default = render_default_server().partition("server {")[0]
    variables = "".join(f"map $uri $piwizard_a_rather_long_name_{number} {{ default a; }}\n" for number in range(1200))
    name = "site{}-with-a-rather-long-name.at-home.example.org"
    sites = "".join(f"server {{ listen 127.0.0.1:19080; server_name {name.format(n)}; }}\n" for n in range(400))
    config = tmp_path / "nginx.conf"
    http = f"access_log off;\n{temp_paths(tmp_path)}{render_limits('http {}', {})}{default}{variables}{sites}"
    config.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{http}}}\n")
    found = subprocess.run([NGINX, "-t", "-p", tmp_path, "-c", config], capture_output=True, text=True, check=False)
    assert [line for line in found.stderr.splitlines() if "_hash" in line] == []
    assert found.returncode == 0, found.stderr


def test_hash_size_set_by_hand_stays():
    ours = render_limits("http { variables_hash_max_size 4096; }", {})
    assert "variables_hash_max_size" not in ours
    assert "variables_hash_bucket_size 128;" in ours


def test_missing_limits_are_named():
    assert limits_lacking(dump(read("trixie.conf"))) == list(LIMITS)
    assert lacking(dump(read("trixie.conf"))) == [
        "worker_connections", "worker_rlimit_nofile", "worker_shutdown_timeout",
    ]  # fmt: skip


def paths(others):
    """Format the paths for `dump`."""
    return {path.removeprefix("/etc/nginx/").removesuffix(".conf"): text for path, text in others.items()}


@pytest.mark.parametrize(("mib", "seconds"), [(1, 60), (16, 60), (200, 200), (10_240, 600)])
def test_nginx_waits_longer_for_apps_that_store_large_uploads(mib, seconds):
    text = render_site(SiteBlock(name="a", domains=("pi.example",), socket="/run/a.sock", max_body_mib=mib))
    assert f"client_max_body_size {mib}m;" in text
    assert f"proxy_read_timeout {seconds}s;" in text
