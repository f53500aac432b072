"""Run a real nginx on a high port, in front of a backend that reports requests."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import random
import re
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from piwizard.nginx.capacity import raise_capacity
from piwizard.nginx.ipv6_listen import FOLDER, ipv6_here, render_listens
from piwizard.nginx.server_blocks import INCLUDED, SiteBlock, render_default_server, render_site
from piwizard.nginx.tls_settings import Tls, engine
from piwizard.nginx.tuning import tune
from tests.unit.properties.nginx import NGINX, temp_paths

BOOKWORM = Path(__file__).parent / "samples" / "bookworm.conf"


@dataclass
class Answer:
    """One response, with its headers as received."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, values
        return values[0] if values else None

    @property
    def asked(self):
        """Return the request that reached the backend, if one did."""
        return json.loads(self.body)


class Backend(BaseHTTPRequestHandler):
    """A backend that returns path and headers of each request.

    /own sends security headers of its own, /dead nothing, /late when it is released. /socket accepts an upgrade and
    returns its input; /events begins a stream and continues when it is released.
    """

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.connections.add(id(self.connection))
        if self.path.endswith("/dead"):
            self.close_connection = True
            return
        if (
            self.path == "/socket"
            and self.headers["Upgrade"] == "websocket"
            and self.headers["Connection"] == "upgrade"
        ):
            self.accept_upgrade()
            return
        if self.path.startswith("/events"):
            self.begin_stream()
            return
        if self.path == "/late":
            self.server.waiting.release()
            self.server.let_go.wait(30)
        headers = [[key.lower(), value] for key, value in self.headers.items()]
        body = json.dumps({"path": self.path, "headers": headers}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/own":
            self.send_header("X-Frame-Options", "DENY")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def accept_upgrade(self):
        self.close_connection = True
        self.send_response(101)
        self.send_header("Connection", "upgrade")
        self.send_header("Upgrade", "websocket")
        self.end_headers()
        while piece := self.connection.recv(1024):
            self.wfile.write(piece)

    def begin_stream(self):
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        if self.path.endswith("unbuffered"):
            self.send_header("X-Accel-Buffering", "no")
        self.end_headers()
        self.wfile.write(b"data: 1\n\n")
        self.server.let_go.wait(30)
        self.wfile.write(b"data: 2\n\n")

    def address_string(self):
        return "nginx"

    def log_message(self, *args):
        pass


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, *args):
        self.connections = set()
        self.waiting, self.let_go = threading.Semaphore(0), threading.Event()
        super().__init__(*args)


@dataclass
class Served:
    """The running pair."""

    port: int
    backend: UnixServer
    folder: Path
    static: Path
    tls_port: int = 0
    rendered: dict[str, str] = field(default_factory=dict)

    def get(self, path, host="pi.example", method="GET", headers=(), address="127.0.0.1", secure=False):
        connection = http.client.HTTPConnection(address, self.tls_port if secure else self.port, timeout=60)
        if secure:
            connection.sock = self.handshake(host, address)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host)
            for key, value in headers:
                connection.putheader(key, value)
            connection.endheaders()
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def handshake(self, host, address="127.0.0.1", **settings):
        """Open a TLS connection to the server of that name; `settings` are the client's."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(settings.pop("alpn", ["http/1.1"]))
        if settings.pop("weak", False):
            context.set_ciphers("ALL:@SECLEVEL=0")
        for name, value in settings.items():
            setattr(context, name, value)
        plain = socket.create_connection((address, self.tls_port), timeout=60)
        try:
            return context.wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise


@pytest.fixture(scope="session")
def throwaway(tmp_path_factory):
    """Create an untrusted certificate in a folder as certbot has it."""
    folder = tmp_path_factory.mktemp("live")
    key = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90")
    names = ("-subj", "/CN=pi.example", "-addext", "subjectAltName=DNS:pi.example,DNS:www.pi.example,DNS:*.b.example")
    out = ("-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem")
    subprocess.run(["openssl", *key, *names, *out], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def engine_here(nginx):
    """Return the versions of nginx and OpenSSL on this machine."""
    said = subprocess.run([nginx, "-V"], capture_output=True, text=True, check=True).stderr
    found = dict(re.findall(r"(nginx|OpenSSL)[/ ](\d[\d.]*)", said))
    return engine(found["nginx"], found["OpenSSL"])


@pytest.fixture(scope="session")
def nginx():
    if NGINX is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    return NGINX


@pytest.fixture
def configuration(tmp_path, engine_here):
    """Write a whole configuration for one port below tmp_path; return its main file."""

    def write(port, tls_port=443, **files):
        for sub in ("logs", "sites", "listens"):
            (tmp_path / sub).mkdir(exist_ok=True)
        main = (
            raise_capacity(tune(BOOKWORM.read_text()))
            .replace("user www-data;", "user root;\ndaemon off;" if os.geteuid() == 0 else "daemon off;")
            .replace("worker_processes auto;", "worker_processes 2;")
            .replace("/run/nginx.pid", f"{tmp_path}/pid")
            .replace("/var/log/nginx", f"{tmp_path}/logs")
            .replace("include /etc/nginx/modules-enabled/*.conf;", "")
            .replace("include /etc/nginx/conf.d/*.conf;", "")
            .replace("/etc/nginx/sites-enabled", f"{tmp_path}/sites")
        )
        main = main.replace("\tsendfile on;", f"\tsendfile on;\n{temp_paths(tmp_path)}", 1)
        (tmp_path / "nginx.conf").write_text(main)
        written = {f"sites/{name}": text for name, text in files.items()}
        written |= {f"listens/{name}": text for name, text in render_listens(engine_here, ipv6=ipv6_here()).items()}
        for name, text in written.items():
            here = re.sub(r"(listen (?:\[::\]:)?)80\b", rf"\g<1>{port}", text)
            here = re.sub(r"(listen (?:\[::\]:)?)443\b", rf"\g<1>{tls_port}", here).replace(
                FOLDER, f"{tmp_path}/listens"
            )
            (tmp_path / name).write_text(
                here.replace("/var/log/nginx", f"{tmp_path}/logs").replace(INCLUDED, f"{tmp_path}/included")
            )
        return tmp_path / "nginx.conf"

    return write


@pytest.fixture
def served(request, nginx, configuration, tmp_path, throwaway, engine_here) -> Iterator[Served]:
    repository = tmp_path / "repository"
    static = repository / "static"
    static.mkdir(parents=True)
    site = SiteBlock(
        name="my-flask",
        domains=("pi.example", "www.pi.example", "other.example"),
        socket=f"{tmp_path}/app.sock",
        static={"/static/": str(static)},
        root_files={"/robots.txt": f"{static}/robots.txt", "/favicon.ico": f"{static}/favicon.ico"},
        max_body_mib=1,
    )
    given = dict(getattr(request, "param", {}))
    if given.pop("https", False):
        given["tls"] = Tls(str(throwaway), engine_here)
    included = given.pop("included", {})
    http, faster, default = given.pop("http", ""), given.pop("faster", {}), given.pop("default", "")
    site = dataclasses.replace(site, **given)
    port, tls_port = free_ports(2)
    default = default or render_default_server(tls=engine_here)
    files = {"site": render_site(site), "default": default, "a-persons": http}
    for before, after in faster.items():
        assert before in files["site"], before
        files = {name: text.replace(before, after) for name, text in files.items()}
    main = configuration(port, tls_port, **files)
    for path, text in included.items():
        (tmp_path / "included" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "included" / path).write_text(text)
    backend = UnixServer(site.socket, Backend)
    threading.Thread(target=backend.serve_forever, args=(0.05,), daemon=True).start()
    process = subprocess.Popen([nginx, "-c", str(main)], stderr=subprocess.PIPE)
    try:
        wait_for(port, process)
        yield Served(port, backend, tmp_path, static, tls_port)
    finally:
        backend.let_go.set()
        process.terminate()
        process.communicate(timeout=60)
        backend.shutdown()
        backend.server_close()


def free_ports(number):
    """Return unused ports, below those that the kernel assigns meanwhile."""
    with contextlib.ExitStack() as together:
        found = []
        while len(found) < number:
            probe = together.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("", random.randrange(10_000, 32_000)))
                found.append(probe.getsockname()[1])
        return found


def wait_for(port, process):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read().decode()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("nginx does not listen")
