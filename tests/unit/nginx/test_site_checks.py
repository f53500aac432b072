"""Test the site's checks with a real nginx, and apps that expose more or less."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace

import pytest

from piwizard.answers.model import Answers
from piwizard.apps import leak_check
from piwizard.apps.layout import SiteLayout
from piwizard.nginx import worker_reload
from piwizard.nginx.nginx_files import NginxFiles
from piwizard.nginx.server_blocks import SiteBlock, render_default_server, render_site
from piwizard.steps import site
from piwizard.steps.site import Site
from piwizard.system import checks, paths, systemd
from tests.unit.nginx.conftest import UnixServer, free_ports, wait_for

SOURCE = b"import os\nfrom flask import Flask\n\napp = Flask(__name__)\nkey = os.environ['KEY']\n"
PAGE = b"<!doctype html><title>Lights</title><p>flask\n<a href='/red/on'>red</a>"
FILES = {
    "app.py": SOURCE,
    "requirements.txt": b"flask\n",
    ".git/HEAD": b"ref: refs/heads/main\n",
    ".git/config": b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
    ".env": b"SECRET_KEY=0123456789abcdefghijklmnopqrstuvwxyz\n",
    "templates/index.html": PAGE,
    "empty.py": b"",
    "web/api.py": b"# The part that answers to programs, not to people.\n",
}


class App(BaseHTTPRequestHandler):
    """An app that answers as its function says: a status, and a body or pieces."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, body = self.server.answer(self.path)
        pieces = iter([body]) if isinstance(body, bytes) else body
        self.send_response(status)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for piece in pieces:
                self.wfile.write(piece)
        except OSError:
            pass

    def address_string(self):
        return "nginx"

    def log_message(self, *args):
        pass


class Quiet(UnixServer):
    def handle_error(self, *_):
        """Ignore the error: the client is gone."""


class Pi:
    """A site with nginx, its files, and an app. `answer` is the app's function."""

    def __init__(self, folder, process, backend):
        self.folder, self.process, self.backend = folder, process, backend

    @property
    def code(self):
        return self.folder / "srv" / "blog" / "current" / "app"

    @property
    def data(self):
        return self.folder / "srv" / "blog" / "data"

    def answer(self, function):
        self.backend.answer = function

    def reload(self):
        """Rewrite the file and reload nginx as a run does, without waiting."""
        file, began = self.folder / "sites" / "blog", time.time()
        checks.poll_until(
            time.time, lambda now: now > began + 2 * worker_reload.TICK
        )  # otherwise it is as old as the workers
        file.write_text(file.read_text())
        self.process.send_signal(1)

    def check(self):
        context = SimpleNamespace(certificates=SimpleNamespace(in_use={}), nginx=NginxFiles())
        found = Site().checks(context, Answers("blog", {"site.domains": ["pi.example"]}))
        return {one.id: one for one in found}


@pytest.fixture
def pi(nginx, configuration, tmp_path, engine_here, monkeypatch):
    monkeypatch.setattr("piwizard.steps.site.companion_checks", lambda context, answers: ())
    port, tls_port = free_ports(2)
    block = SiteBlock(
        name="blog", domains=("pi.example",), socket=f"{tmp_path}/app.sock", static={}, root_files={}, max_body_mib=1
    )
    main = configuration(
        port, tls_port, blog=render_site(block), **{"000-default": render_default_server(tls=engine_here)}
    )
    backend = Quiet(block.socket, App)
    backend.answer = lambda path: (200, PAGE) if path == "/" else (404, b"not here")
    threading.Thread(target=backend.serve_forever, args=(0.01,), daemon=True).start()
    for path, content in FILES.items():
        file = tmp_path / "srv" / "blog" / "current" / "app" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (tmp_path / "srv" / "blog" / "data" / "instance").mkdir(parents=True)
    with sqlite3.connect(tmp_path / "srv" / "blog" / "data" / "instance" / "people.sqlite") as database:
        database.execute("CREATE TABLE person (name TEXT)")
    monkeypatch.setattr(checks, "HTTP", port)
    monkeypatch.setattr(paths, "sites_dir", lambda: tmp_path / "srv")
    monkeypatch.setattr(worker_reload, "PID_FILE", tmp_path / "pid")
    monkeypatch.setattr(site, "AVAILABLE", tmp_path / "sites")
    monkeypatch.setattr(site, "ENABLED", tmp_path / "sites")
    monkeypatch.setattr(systemd, "is_loading", lambda service, longest: False)
    process = subprocess.Popen([nginx, "-c", str(main)], stderr=subprocess.PIPE)
    try:
        wait_for(port, process)
        # nginx listens before its workers have started and named themselves.
        assert checks.poll_until(lambda: worker_reload.up_to_date([tmp_path / "sites" / "blog"]), bool, 60)
        yield Pi(tmp_path, process, backend)
    finally:
        process.terminate()
        process.communicate(timeout=60)
        backend.shutdown()
        backend.server_close()


@pytest.fixture
def impatient(monkeypatch):
    """Skip waiting for responses that never come."""
    real = leak_check.find_leaks
    monkeypatch.setattr(
        leak_check, "find_leaks", lambda files, ask, patience: real(files, ask, 5.0, min(patience, 0.2))
    )
    settled = checks.poll_until
    monkeypatch.setattr(checks, "poll_until", lambda look, right, seconds=0.3: settled(look, right, min(seconds, 0.5)))


def given_away(pi, within="app"):
    """Answer as an app that serves its whole folder, like send_from_directory(".")."""

    def answer(path):
        file = (pi.code if within == "app" else pi.data) / path.lstrip("/")
        return (200, file.read_bytes()) if file.is_file() else (200 if path == "/" else 404, PAGE)

    return answer


def test_app_without_leaks_passes(pi):
    found = pi.check()
    assert [one.name for one in found.values() if not one.ok] == []
    tried = int(found["repository-closed"].detail.split("(")[1].split()[0])
    assert tried >= 10


def two_part(path):
    """Answer `/<device>/<action>` with the same page for any values."""
    return (200, PAGE) if path == "/" or path.count("/") == 2 else (404, b"")


@pytest.mark.parametrize(
    "answer",
    [
        two_part,
        lambda path: (200, PAGE),
        lambda path: (200, b"OK"),
        lambda path: (200, b"ref: " + path.encode()),
        lambda path: (200, f"No page {path}, try /app.py or .git/config [core]".encode()),
        lambda path: (302, b""),
        lambda path: (200 if path == "/" else 403, b"Log in"),
        lambda path: (200 if path == "/" else 500, b"flask"),
    ],
    ids=["two parts", "single page", "ok", "echo", "named", "redirect", "login", "error"],
)
def test_catch_all_route_is_no_leak(pi, answer):
    pi.answer(answer)
    found = pi.check()
    assert found["repository-closed"].ok, found["repository-closed"].detail


@pytest.mark.parametrize("turn", range(4))
def test_served_source_is_found_each_time_just_after_a_reload(pi, turn):
    pi.answer(given_away(pi))
    pi.reload()
    found = pi.check()["repository-closed"]
    assert not found.ok
    for path in ("/app.py", "/requirements.txt", "/.git/HEAD", "/.git/config", "/.env", "/web/api.py"):
        assert path in found.detail
    assert "empty.py" not in found.detail


def leaky(content, *leaks):
    return lambda path: (200, content) if path in leaks else (200, PAGE)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/app.py", SOURCE),
        ("/app.py", SOURCE.replace(b"\n", b"\r\n")),
        ("/app.py", b"<pre>" + SOURCE + b"</pre>"),
        ("/static/app.py", SOURCE),
        ("/api.py", FILES["web/api.py"]),
        ("/requirements.txt", b"flask"),
        ("/.git/HEAD", b"0123456789abcdef0123456789abcdef01234567\n"),
        ("/.git/config", b'[core]\n\tbare = true\n[remote "origin"]\n'),
        ("/.env", FILES[".env"]),
    ],
)
def test_single_leak_behind_a_catch_all_is_found(pi, path, content):
    pi.answer(leaky(content, path))
    found = pi.check()["repository-closed"]
    assert (found.ok, found.detail) == (False, f"served: {path}")


def test_database_of_the_app_is_found_while_it_changes(pi):
    pi.answer(given_away(pi, "data"))
    files = leak_check.list_private_files
    found = pi.check()["repository-closed"]
    assert "/instance/people.sqlite" in found.detail
    with sqlite3.connect(pi.data / "instance" / "people.sqlite") as database:
        known = [file for file in files(SiteLayout("blog", "")) if file.path == "instance/people.sqlite"]
        database.execute("INSERT INTO person VALUES ('me')")
    assert known[0].is_in(checks.get_page("/instance/people.sqlite", host="pi.example"))


def test_large_source_is_compared_by_its_beginning(pi):
    (pi.code / "app.py").write_bytes(SOURCE * 5000)
    pi.answer(given_away(pi))
    assert "/app.py" in pi.check()["repository-closed"].detail


def test_stream_at_the_first_page_counts_as_an_answer(pi):
    def stream():
        while True:
            yield b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + bytes(20_000)

    pi.answer(lambda path: (200, stream()))
    began = time.monotonic()
    found = pi.check()
    assert [one.name for one in found.values() if not one.ok] == []
    assert time.monotonic() - began < 20


def test_missing_responses_give_no_result(pi, impatient):
    """Report no result if the app, nginx or one address does not answer."""
    pi.answer(lambda path: (200, PAGE) if path != "/app.py" else (503, b""))
    found = pi.check()
    assert not found["repository-closed"].ok
    assert found["repository-closed"].detail == "unknown: no answer for /app.py"
    pi.backend.shutdown()
    pi.backend.server_close()
    found = pi.check()
    assert (found["site-answers"].ok, found["repository-closed"].ok) == (False, False)
    assert found["unknown-hosts-refused"].ok, "nginx itself answers"
    pi.process.terminate()
    pi.process.wait(10)
    found = pi.check()
    assert [one.name for one in found.values() if one.ok] == []
    assert "unknown: " in found["unknown-hosts-refused"].detail


def test_workers_of_an_older_configuration_do_not_count(pi, impatient):
    """Ignore nginx's old workers if it refuses to load the new configuration."""
    assert worker_reload.up_to_date([pi.folder / "sites" / "blog"])
    with (pi.folder / "nginx.conf").open("a") as file:
        file.write("nonsense;\n")
    pi.reload()
    found = pi.check()
    assert found["site-answers"].ok
    for name in ("repository-closed", "unknown-hosts-refused"):
        assert (found[name].ok, "newest configuration" in found[name].detail) == (False, True)


def test_new_workers_count_while_old_ones_serve_open_requests(pi):
    blocked = threading.Event()

    def wait():
        yield b"begin"
        blocked.wait(20)

    pi.answer(lambda path: (200, wait() if path == "/" else b"OK"))
    visitor = threading.Thread(target=lambda: checks.get_page("/", host="pi.example"))
    visitor.start()
    pi.answer(lambda path: (200, PAGE))
    pi.reload()
    assert pi.check()["unknown-hosts-refused"].ok
    blocked.set()
    visitor.join()


def test_answer_to_unknown_names_is_found(pi, impatient):
    file = pi.folder / "sites" / "000-default"
    file.write_text(file.read_text().replace("return 444;", "return 200 here;"))
    pi.reload()
    checks.poll_until(lambda: worker_reload.up_to_date([file]), bool, 60)
    found = pi.check()["unknown-hosts-refused"]
    assert (found.ok, found.detail) == (False, "answered with status 200")


def test_no_workers_is_not_up_to_date(tmp_path):
    assert not worker_reload.up_to_date([tmp_path], tmp_path / "none")
    (tmp_path / "pid").write_text("1\n")
    assert not worker_reload.up_to_date([tmp_path], tmp_path / "pid")


@pytest.mark.parametrize("what", ["link", "pipe", "folders", "many"])
def test_links_in_the_data_folder_are_not_followed(pi, tmp_path, what, monkeypatch):
    root_secret = tmp_path / "shadow"
    root_secret.write_bytes(b"root:0123456789abcdefghijklmnopqrstuvwxyz:1:2:3\n")
    if what == "link":
        (pi.data / "x.db").symlink_to(root_secret)
    elif what == "pipe":
        os.mkfifo(pi.data / "x.db")
    elif what == "folders":
        (pi.data / "loop").symlink_to(pi.data)
    else:
        monkeypatch.setattr(leak_check, "MAX_ENTRIES", 50)
        for number in range(200):
            (pi.data / f"{number}.db").write_bytes(b"x" * 100)
    files = leak_check.list_private_files(SiteLayout("blog", ""))
    assert not any(b"root:" in file.beginning for file in files)
    assert len(files) <= leak_check.MAX_FILES
