"""Test what the day's tests of automatic deploys leave out: floods, other pushes, and what a push key opens."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from piwizard.deploys.webhook_receiver import REQUEST_SECONDS
from tests.lab import layers, online, quickstart
from tests.lab.automatic_deploys import (
    DEPLOY_SERVICE,
    Pusher,
    app,
    call,
    choose,
    last,
    seen,
    shown_secret,
)
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.live_release import releases
from tests.lab.pi import Pi

SLOW = """
import json, socket, ssl, threading, time
trusting = ssl.create_default_context()
trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
found = []
def send():
    plain = socket.create_connection(("127.0.0.1", 443), 60)
    with trusting.wrap_socket(plain, server_hostname="songuuli2020.ddns.net") as connection:
        began = time.monotonic()
        lines = ("POST /.piwizard/deploy/myflask HTTP/1.1", "Host: songuuli2020.ddns.net", "Content-Length: 2000000")
        connection.sendall("\\r\\n".join([*lines, "", ""]).encode())
        connection.settimeout(1.0)
        while time.monotonic() - began < 300:
            try:
                answer = connection.recv(4096)
                found.append((answer.split()[1].decode() if answer else "closed", time.monotonic() - began))
                return
            except TimeoutError:
                connection.sendall(b" ")
threads = [threading.Thread(target=send) for _ in range(10)]
for thread in threads: thread.start()
print("begun", flush=True)
for thread in threads: thread.join()
print(json.dumps(found))
"""
"""Ten requests of one address, whose content arrives byte by byte."""
MOST_SECONDS = 60
"""From a commit to its page, without the interval of polls."""


@pytest.fixture(scope="module")
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi that serves HTTPS."""
    made = layers.https_pi(lab, release)
    with online.at_home(lab, made):
        yield made
    made.discard()


def test_poll_deploys_within_a_minute(lab: Lab, pi: Pi) -> None:
    assert choose(pi, 'deploy = "poll"').ok
    lab.git.commit(layers.REPOSITORY, {"app.py": app("Polled")})
    began = time.monotonic()
    pi.run(("systemctl", "start", DEPLOY_SERVICE))
    seen(lab, "Polled")
    assert time.monotonic() - began <= MOST_SECONDS
    assert releases(pi)[0]["deployed_by"] == "poll"


def test_flood_of_webhooks_deploys_nothing_twice(lab: Lab, pi: Pi) -> None:
    assert choose(pi, 'deploy = "webhook"').ok
    secret = shown_secret(pi)
    assert call(lab, secret, scheme="http") in (301, 403)
    runs = pi.run(("ls", "/var/log/piwizard")).output
    statuses = [call(lab, secret) for _ in range(30)]
    assert set(statuses) == {202, 429}
    eventually(lambda: pi.run(("systemctl", "is-active", DEPLOY_SERVICE), check=False).exit == 3, 120)
    assert pi.run(("ls", "/var/log/piwizard")).output == runs
    leaked = pi.run(("grep", "-rlsF", "--", secret, "/etc", "/var", "/srv"), check=False).output.split()
    assert sorted(leaked) == ["/etc/piwizard/webhook/myflask.secret", "/var/lib/piwizard/secrets.json"]


def test_slow_webhooks_are_limited_in_time_and_number(lab: Lab, pi: Pi) -> None:
    assert choose(pi, 'deploy = "webhook"').ok
    secret, lines = shown_secret(pi), SimpleQueue[str]()
    slow = pi.start(("python3", "-c", SLOW), on_line=lambda _, line: lines.put(line))
    assert lines.get(timeout=60) == "begun"
    # Those of the flood before may still count: a minute has passed when all of them are forgotten.
    assert eventually(lambda: call(lab, secret) == 202, 120), "slow senders delay others"
    slow.wait()
    answers = json.loads(lines.get(timeout=60))
    print(answers)
    statuses = [status for status, _ in answers]
    assert sorted(set(statuses)) == ["408", "429"]
    assert statuses.count("429") == 2, "more than eight of one address at a time"
    assert max(seconds for _, seconds in answers) < REQUEST_SECONDS * 4
    assert lab.internet.visitor.http(quickstart.HOST, scheme="https").status == 200


def test_push_key_opens_one_branch_of_one_repository(lab: Lab, pi: Pi, tmp_path: Path) -> None:
    pusher = Pusher(lab, pi, tmp_path)
    assert choose(pi, 'deploy = "push"', f'push_keys = ["{pusher.public}"]').ok
    pusher.commit(app("Pushed"))
    assert pusher.push().ok
    assert "Nothing to do" in pi.run(("piwizard", "deploy")).output
    assert "only the branch main is deployed here" in pusher.push("main:dev").errors
    pusher.commit(app("Forced"), "--amend")
    assert "a forced push is refused" in pusher.push("--force", "main").errors
    assert "cannot be deleted" in pusher.push(":main").errors
    seen(lab, "Pushed")
    assert last(pi)["way"] == "push"

    who = f"push-myflask@{pi.address}"
    for wanted in ((), ("git-upload-pack", "'myflask.git'"), ("git-receive-pack", "'/etc'"), ("scp", "-t", "/tmp")):
        refused = pusher.run((*pusher.ssh, who, *wanted))
        assert refused.exit == 1, (wanted, refused.output)
        assert "this address" in refused.errors
    for forward in (("-o", "ExitOnForwardFailure=yes", "-N", "-R", "9999:localhost:80"), ("-W", "localhost:80")):
        assert not pusher.run((*pusher.ssh, *forward, who)).ok, forward
    terminal = pusher.run((*pusher.ssh, "-tt", who, "id"))
    assert "PTY allocation request failed" in terminal.errors + terminal.output
    environment = pusher.run((*pusher.ssh, "-o", "SetEnv=GIT_CONFIG_COUNT=1 LD_PRELOAD=/tmp/x.so", who))
    assert "this address" in environment.errors
    assert choose(pi, 'deploy = "manual"').ok
    assert not pusher.push().ok
