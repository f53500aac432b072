"""Test which webhooks are genuine, and that floods and slow senders stop nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message
from pathlib import Path

import pytest

from piwizard.deploys import webhook_receiver
from piwizard.deploys.webhook_receiver import MAX_BODY_BYTES, MAX_REQUESTS, Receiver, is_genuine, pushed_branches
from tests.lab.eventually import eventually

SECRET = "tulips-and-bees-4711-tulips-and-bees-4711"
BODY = json.dumps({"ref": "refs/heads/main", "after": "1" * 40}).encode()


def hexadecimal(body: bytes = BODY, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard(key: bytes, body: bytes = BODY) -> dict[str, str]:
    signed = b"msg_1.1796030190." + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": "1796030190", "webhook-signature": f"v1,wrong v1,{signature}"}


def headers(given: dict[str, str]) -> Message:
    """Return headers as a request has them: their case makes no difference."""
    message = Message()
    for name, value in given.items():
        message[name.lower()] = value
    return message


@pytest.mark.parametrize(
    "given",
    [
        {"X-Hub-Signature-256": f"sha256={hexadecimal()}"},
        {"X-Gitea-Signature": hexadecimal()},
        {"X-Forgejo-Signature": hexadecimal(), "X-Gitea-Signature": hexadecimal()},
        {"X-Hub-Signature": f"sha256={hexadecimal()}"},
        {"X-Gitlab-Token": SECRET},
        standard(SECRET.encode()),
    ],
    ids=["GitHub", "Gitea", "Forgejo", "Bitbucket", "GitLab's token", "GitLab's signature"],
)
def test_webhook_of_each_forge_is_genuine_with_the_secret_only(given: dict[str, str]) -> None:
    assert is_genuine(headers(given), BODY, SECRET)
    assert not is_genuine(headers(given), BODY, "another-secret")
    if "X-Gitlab-Token" not in given:
        assert not is_genuine(headers(given), BODY + b" ", SECRET)


def test_signing_token_of_gitlab_is_a_key_in_base64() -> None:
    key = bytes(range(32))
    secret = f"whsec_{base64.b64encode(key).decode()}"
    assert is_genuine(headers(standard(key)), BODY, secret)
    assert not is_genuine(headers(standard(b"x" * 32)), BODY, secret)
    assert not is_genuine(headers(standard(key)), BODY, "whsec_no base64")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"X-Gitlab-Token": ""},
        {"X-Gitlab-Token": SECRET[:-1]},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": "sha256=é"},
        {"X-Hub-Signature-256": f"sha256={'0' * 64}", "X-Gitlab-Token": SECRET},
        {"X-Hub-Signature": f"sha1={hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()}"},
        {"webhook-signature": "v1,"},
    ],
)
def test_webhook_without_a_right_proof_is_refused(given: dict[str, str]) -> None:
    assert not is_genuine(headers(given), BODY, SECRET)


@pytest.mark.parametrize(
    ("body", "branches"),
    [
        (BODY, ("main",)),
        (b"payload=%7B%22ref%22%3A%22refs%2Fheads%2Fdev%22%7D", ("dev",)),
        (b'{"push": {"changes": [{"new": {"name": "main"}}, {"new": null}]}}', ("main",)),
        (b'{"zen": "Keep it logically awesome."}', ()),
        (b"[1]", None),
        (b"\xff", None),
        (b"payload=", None),
        (b"[" * 100_000, None),
    ],
)
def test_branches_are_read_from_each_form(body: bytes, branches: tuple[str, ...] | None) -> None:
    assert pushed_branches(body) == branches


@pytest.fixture
def door(tmp_path: Path) -> Iterator[socket.socket]:
    """Return the socket that starts a deploy."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "door"))
        made.setblocking(False)
        yield made


@pytest.fixture
def address(tmp_path: Path, door: socket.socket) -> Iterator[str]:
    """Return the socket of a receiver that runs."""
    path = str(tmp_path / "webhook")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        receiver = Receiver(listening, "main", SECRET, str(tmp_path / "door"))
        thread = threading.Thread(target=receiver.serve_forever, args=(0.02,))
        thread.start()
        yield path
        receiver.shutdown()
        thread.join()


def call(address: str, body: bytes = BODY, **more: str) -> int:
    """Send a push as GitHub does, and return the status of the answer."""
    connection = http.client.HTTPConnection("localhost", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(address)
    given = {"X-Hub-Signature-256": f"sha256={hexadecimal(body)}", "X-GitHub-Event": "push"}
    given |= {name.replace("_", "-"): value for name, value in more.items()}
    # The receiver reads no body of a wrong length, and closes the connection.
    connection.request("POST", "/", None if "Content-Length" in given else body, given)
    status = connection.getresponse().status
    connection.close()
    return status


def asked(door: socket.socket) -> int:
    """Return how many times a deploy was asked for."""
    count = 0
    while True:
        try:
            door.recv(1)
        except BlockingIOError:
            return count
        count += 1


def test_push_to_the_branch_asks_for_a_deploy(address: str, door: socket.socket) -> None:
    assert call(address) == 202
    assert asked(door) == 1


def test_names_of_headers_may_be_in_lowercase(address: str, door: socket.socket) -> None:
    # nginx passes them on like that from a server that calls over HTTP/2.
    connection = http.client.HTTPConnection("localhost", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(address)
    connection.request("POST", "/", BODY, {"x-hub-signature-256": f"sha256={hexadecimal()}", "x-github-event": "push"})
    assert connection.getresponse().status == 202
    connection.close()
    assert asked(door) == 1


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (BODY, {"X_Hub_Signature_256": "sha256=wrong"}, 403),
        (b'{"ref": "refs/heads/dev"}', {}, 200),
        (BODY, {"X_GitHub_Event": "ping"}, 200),
        (BODY, {"X_GitHub_Event": "issues"}, 200),
        (b"no JSON", {}, 400),
        (BODY, {"Content_Length": str(MAX_BODY_BYTES + 1)}, 413),
        (BODY, {"Content_Length": "-1"}, 413),
        (BODY, {"Content_Length": "many"}, 411),
    ],
)
def test_anything_else_asks_for_none(
    address: str, door: socket.socket, body: bytes, more: dict[str, str], status: int
) -> None:
    assert call(address, body, **more) == status
    assert asked(door) == 0


def test_flood_is_answered_and_waits_in_a_short_queue(address: str, door: socket.socket) -> None:
    longest = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text())
    assert {call(address) for _ in range(2 * longest if longest < 100 else 30)} == {202}
    assert 1 <= asked(door) <= longest + 1


BEGUN = f"POST / HTTP/1.1\r\nHost: pi\r\nContent-Length: {len(BODY)}\r\n\r\n{{".encode()


def begin(address: str) -> socket.socket:
    """Send the header of a request and one byte of its content."""
    slow = socket.socket(socket.AF_UNIX)
    slow.settimeout(60)
    slow.connect(address)
    with suppress(BrokenPipeError):  # it was refused already
        slow.sendall(BEGUN)
    return slow


def answered(slow: socket.socket) -> bytes:
    """Wait for an answer, and return its status line."""
    with slow, slow.makefile("rb") as answer:
        return answer.readline()


def test_content_that_arrives_slowly_is_given_up(
    address: str, door: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_receiver, "REQUEST_SECONDS", 0.1)
    assert b" 408 " in answered(begin(address))
    assert asked(door) == 0


def test_slow_senders_delay_no_other_and_are_limited_in_number(
    address: str, door: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_receiver, "REQUEST_SECONDS", 600)  # on a busy machine, none ends before it is counted
    slow = [begin(address)]
    assert call(address) == 202
    slow += [begin(address) for _ in range(MAX_REQUESTS)]
    assert b" 503 " in answered(slow.pop()), "one too many"
    slow.pop().close()  # there is room for another as soon as one has gone
    assert eventually(lambda: call(address) == 202)
    for one in slow:
        one.close()
    assert asked(door) == 2
