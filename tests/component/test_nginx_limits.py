"""Test nginx against slow visitors and many visitors, with a Pi's real values."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from piwizard.nginx.request_limits import LIMITS
from tests.lab import layers, quickstart
from tests.lab.lab import Lab
from tests.lab.pi import Pi

HEADER_TIMEOUT_SECONDS = int(LIMITS["client_header_timeout"].removesuffix("s"))
MANY = 3000
"""Simultaneous connections: more than Debian's nginx.conf allows two workers, fewer than ours does."""
SLOW = """
import json, select, socket, sys, threading, time
LONGEST = float(sys.argv[1])
def lasts(port, first, rest):
    connection = socket.create_connection(("127.0.0.1", port), 10)
    began = time.monotonic()
    try:
        connection.sendall(first)
        while (now := time.monotonic() - began) < LONGEST:
            if select.select([connection], [], [], 1.0)[0] and not connection.recv(65536):
                break
            if rest:
                connection.sendall(rest)
    except OSError:
        pass
    return time.monotonic() - began
CASES = {
    "nothing": (80, b"", b""),
    "site": (80, b"GET / HTTP/1.1\\r\\nHost: songuuli2020.ddns.net\\r\\n", b"X-Slow: yes\\r\\n"),
    "unknown": (80, b"GET / HTTP/1.1\\r\\nHost: unknown.example\\r\\n", b"X-Slow: yes\\r\\n"),
    "before the host": (80, b"GET / HTTP/1.1\\r\\n", b"X-Slow: yes\\r\\n"),
    "no handshake": (443, b"", b""),
    "half a handshake": (443, b"\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03", b"\\0"),
}
found = {}
def measure(name, case):
    found[name] = lasts(*case)
threads = [threading.Thread(target=measure, args=one) for one in CASES.items()]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(found))
"""
CROWD = """
import http.client, json, resource, socket, sys
MANY = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (MANY + 500, MANY + 500))
crowd = []
for number in range(MANY):
    one = socket.create_connection(("127.0.0.1", 80), 10)
    one.sendall(b"GET / HTTP/1.1\\r\\nHost: songuuli2020.ddns.net\\r\\nX: ")
    crowd.append(one)
answers = []
for _ in range(20):
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=60)
    try:
        connection.request("GET", "/", headers={"Host": "songuuli2020.ddns.net"})
        answers.append(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        answers.append(repr(error))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi with a site over HTTP, and the default servers on both ports."""
    made = layers.served_pi(lab, release)
    yield made
    made.discard()


def test_slow_headers_are_cut_off_after_the_timeout(pi: Pi) -> None:
    seconds = json.loads(pi.run(("python3", "-c", SLOW, str(3 * HEADER_TIMEOUT_SECONDS))).output)
    assert len(seconds) == 6
    assert {
        name: s for name, s in seconds.items() if not HEADER_TIMEOUT_SECONDS - 1 <= s <= HEADER_TIMEOUT_SECONDS + 5
    } == {}


def test_many_slow_visitors_block_no_others(pi: Pi) -> None:
    answers = json.loads(pi.run(("python3", "-c", CROWD, str(MANY))).output)
    assert set(answers) == {200}
    said = pi.read("/var/log/nginx/error.log")
    assert "worker_connections are not enough" not in said
    assert "Too many open files" not in said
    quickstart.serves(pi)


def test_forged_headers_do_not_reach_the_app(pi: Pi) -> None:
    forged = {"CF-Connecting-IP": "6.6.6.6", "Remote-User": "root", "Proxy": "http://evil.example", "Script-Name": "/x"}
    forged |= {"Remote_User": "root", "SCRIPT_NAME": "/x", "X-Csrftoken": "of-the-app"}
    seen = {
        name.lower(): value
        for name, value in json.loads(pi.http("/headers", host=quickstart.HOST, headers=forged).body)
    }
    assert seen.pop("x-csrftoken") == "of-the-app"
    assert seen.keys() == {"host", "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}


def test_blocked_static_file_is_not_requested_from_the_app(pi: Pi) -> None:
    """Refuse a path with an unreadable static folder, although the app has it, too."""
    style, path = "/srv/myflask/current/public/static/style.css", "/static/style.css"
    pi.run(("rm", style, f"{style}.gz"))
    assert pi.http(path, host=quickstart.HOST).status == 200, "the app's own folder does not have it"
    pi.run(("install", "--directory", "--mode=0000", style))
    for asked in (path, f"{path}/", f"{path}/app.py"):
        assert pi.http(asked, host=quickstart.HOST).status == 404, asked
