"""Test the server blocks as text, and as a real nginx serves them."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import subprocess

import pytest

from piwizard.errors import PiwizardError
from piwizard.nginx.ipv6_listen import FOLDER, render_listens
from piwizard.nginx.server_blocks import SiteBlock, redirects_of, render_default_server, render_site
from piwizard.nginx.tls_settings import Tls
from piwizard.system.checks import poll_until

SECURITY = ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")


def site(**changes):
    values = {"name": "app", "domains": ("pi.example",), "socket": "/run/app.sock"} | changes
    return SiteBlock(**values)


def block(text, name):
    """Return the lines of the server block with that name."""
    return next(part for part in text.split("\nserver {") if f"server_name {name}" in part)


def test_www_names_redirect_to_the_bare_one():
    text = render_site(site(domains=("a.example", "www.a.example", "b.example", "www.b.example", "www.c.example")))
    assert "server_name a.example b.example;" in text
    assert "301 $scheme://a.example$site_app_port" in block(text, "www.a.example www.c.example;")
    assert "301 $scheme://b.example$site_app_port" in block(text, "www.b.example;")


def test_redirects_never_point_to_a_redirected_name():
    names = ("www.a.example", "a.example", "www.c.example")
    assert redirects_of(names) == {"a.example": ["www.a.example", "www.c.example"]}
    text = render_site(site(domains=names))
    assert "301 $scheme://a.example$site_app_port" in block(text, "www.a.example www.c.example;")


def test_single_www_name_is_served():
    text = render_site(site(domains=("www.a.example",)))
    assert "301" not in text
    assert "server_name www.a.example;" in text


def test_ipv6_is_used_only_if_available(engine_here):
    with_it, without = (render_listens(engine_here, ipv6=there) for there in (True, False))
    assert "listen [::]:80;" in with_it["piwizard-ipv6-80.conf"]
    assert "listen [::]:80 default_server reuseport;" in with_it["piwizard-ipv6-80-default.conf"]
    assert without.keys() == with_it.keys()
    assert "listen" not in "".join(line for text in without.values() for line in text.splitlines() if line[0] != "#")


def test_ipv6_listens_are_in_separate_files(engine_here):
    """Change those files once for all servers; alone they are invalid."""
    tls = Tls("/etc/letsencrypt/live/app", engine_here)
    servers = render_site(site(tls=tls)) + render_default_server(tls=engine_here)
    assert "[::]" not in servers
    included = set(re.findall(rf"include {FOLDER}/(.*);", servers))
    assert included == render_listens(engine_here, ipv6=True).keys()


def test_only_the_default_server_has_reuseport():
    assert "reuseport" not in render_site(site())
    assert render_default_server().count("80 default_server reuseport;") == 1


def test_names_hash_size_can_be_set_in_another_file():
    assert "server_names_hash_bucket_size 512;" in render_default_server()
    assert "server_names_hash_bucket_size" not in render_default_server(names_hash=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "a b"},
        {"name": "a;b"},
        {"name": ""},
        {"domains": ()},
        {"domains": ("a.example; return 200",)},
        {"domains": ("~^evil",)},
        {"domains": ("a.example", "b\nc")},
        {"static": {"/static": "/srv/static"}},
        {"static": {"/": "/srv"}},
        {"static": {"//": "/srv"}},
        {"static": {"/a/../": "/srv/a"}},
        {"static": {"/static/": "static"}},
        {"static": {"/static/": "/"}},
        {"static": {"/static/": "/srv/../etc"}},
        {"static": {"/static/": "/srv/$x"}},
        {"static": {"/static/": '/srv/"; return 200; "'}},
        {"static": {"/st{atic/": "/srv/static"}},
        {"root_files": {"/robots.txt": "/srv/a\nb"}},
        {"socket": "run/x.sock"},
    ],
)
def test_value_that_would_break_out_is_refused(changes):
    with pytest.raises(PiwizardError):
        render_site(site(**changes))


def test_nginx_takes_two_sites_with_long_names(nginx, configuration):
    folder = {"/static/": "/srv/with space#x/static", "/static/deep/": "/srv/deep"}
    files = {"default": render_default_server()}
    for name in ("a", "x" * 32):
        longest = f"{name}.{'long-label-of-a-name.' * 12}"[:246] + ".exampl"
        assert len(longest) == 253
        domains = (longest, f"www.{name}.example")
        files[name] = render_site(site(name=name, domains=domains, static=folder, root_files={"/a.txt": "/srv/a.txt"}))
    main = configuration(1980, tls_port=19443, **files)
    result = subprocess.run([nginx, "-t", "-c", main], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "[warn]" not in result.stderr


def test_repository_files_are_not_served(served):
    repository = served.static.parent
    (repository / "app.py").write_text("SECRET")
    (repository / ".env").write_text("SECRET")
    (repository / ".git").mkdir()
    (repository / ".git" / "config").write_text("SECRET")
    (served.static / ".secret").write_text("SECRET")
    (served.static / ".git").mkdir()
    (served.static / ".git" / "config").write_text("SECRET")
    os.symlink("/etc/passwd", served.static / "passwd")
    os.symlink("..", served.static / "up")
    paths = ["/app.py", "/.env", "/.git/config", "/static../app.py", "/static/../app.py", "/static/%2e%2e/app.py"]
    for path in paths:
        assert served.get(path).asked["path"] == path  # from the app, which has no such page
    for path in ["/static/.secret", "/static/.git/config", "/static/passwd", "/static/up/app.py", "/static/"]:
        answer = served.get(path)
        assert answer.status in (403, 404) or answer.asked["path"] == path, path
        assert b"SECRET" not in answer.body
        assert b"root:" not in answer.body


@pytest.mark.parametrize("path", ["/", "/chart.png", "/feed.rss", "/exportjs", "/static", "/a%2Fb?x=%20&y"])
def test_other_requests_reach_the_app_unchanged(served, path):
    assert served.get(path).asked["path"] == path


def test_static_files_come_from_nginx(served):
    (served.static / "app.css").write_text("a{}" * 1000)
    plain = served.get("/static/app.css")
    assert plain.status == 200
    assert plain.header("Content-Type") == "text/css; charset=utf-8"
    assert plain.header("Content-Encoding") is None
    zipped = served.get("/static/app.css", headers=[("Accept-Encoding", "gzip")])
    assert zipped.header("Content-Encoding") == "gzip"
    assert zipped.header("Vary") == "Accept-Encoding"
    assert gzip.decompress(zipped.body) == plain.body
    assert not served.backend.connections


def test_precompressed_files_are_used(served):
    (served.static / "app.js").write_text("plain")
    (served.static / "app.js.gz").write_bytes(gzip.compress(b"precompressed"))
    zipped = served.get("/static/app.js", headers=[("Accept-Encoding", "gzip")])
    assert gzip.decompress(zipped.body) == b"precompressed"
    assert served.get("/static/app.js").body == b"plain"


def test_javascript_modules_have_their_type(served):
    (served.static / "app.mjs").write_text("export {}")
    answer = served.get("/static/app.mjs")
    assert answer.header("Content-Type") == "text/javascript; charset=utf-8"
    assert answer.header("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize(
    ("name", "long"),
    [
        ("app.3f2a9c1b.js", True),
        ("main-0a1b2c3d4e5f.min.css", True),
        ("app.js", False),
        ("app.js?v=3f2a9c1b", False),
        ("photo-20240131.jpg", False),
        ("defaced.css", False),
        ("jquery-3.7.1.js", False),
    ],
)
def test_only_fingerprinted_names_are_cached_for_long(served, name, long):
    (served.static / name.partition("?")[0]).write_text("x")
    cached = served.get(f"/static/{name}").header("Cache-Control")
    assert cached == ("public, max-age=31536000, immutable" if long else "public, max-age=3600")


def test_unpublished_file_is_requested_from_the_app(served):
    answer = served.get("/static/bootstrap/of.an.extension.3f2a9c1b.js")
    assert answer.asked["path"] == "/static/bootstrap/of.an.extension.3f2a9c1b.js"
    assert answer.header("Cache-Control") is None


def test_closed_file_is_not_requested_from_the_app(served):
    """Refuse what replaces an unpublished link: the app would follow the link itself."""
    os.symlink("/etc/passwd", served.static / "passwd")
    os.symlink("/nowhere", served.static / "dangling")
    (served.static / "folder").mkdir()
    for path in ("/static/passwd", "/static/%70asswd", "//static/./passwd", "/static/dangling", "/static/folder/"):
        answer = served.get(path)
        assert answer.status == 404, path
        assert b"headers" not in answer.body, path
    assert not served.backend.connections


@pytest.mark.parametrize(
    "path",
    [
        "/static/.env",
        "/static/%2eenv",
        "/static/deep/.git/config",
        "/static/deep%2f.git/config",
        "/static/__pycache__/app.cpython-313.pyc",
        "/static/deep/__pycache__/",
        "/static/deep/__pycache__",
    ],
)
def test_hidden_file_is_not_requested_from_the_app(served, path):
    assert served.get(path).status == 404
    assert not served.backend.connections


@pytest.mark.parametrize("served", [{"passed": ("/static/plot.png", "/static/uploads/")}], indirect=True)
def test_file_written_by_the_app_is_served_by_the_app(served):
    (served.static / "uploads").mkdir()
    for name in ("plot.png", "uploads/photo.jpg"):
        (served.static / name).write_text("as it was published")
        assert served.get(f"/static/{name}").asked["path"] == f"/static/{name}"


def test_robots_and_favicon_are_served(served):
    (served.static / "robots.txt").write_text("User-agent: *")
    (served.static / "favicon.ico").write_bytes(b"icon")
    assert served.get("/robots.txt").body == b"User-agent: *"
    assert served.get("/favicon.ico").header("Content-Type") == "image/x-icon"


def test_security_headers_are_on_every_answer(served):
    (served.static / "a.css").write_text("x")
    for path in ["/", "/static/a.css", "/static/gone", "/static/.git", "/dead"]:
        answer = served.get(path)
        assert [answer.header(name) for name in SECURITY] == [
            "nosniff",
            "SAMEORIGIN",
            "strict-origin-when-cross-origin",
        ], path
    assert served.get("/x", host="www.pi.example").header("X-Frame-Options") == "SAMEORIGIN"


def test_security_header_of_the_app_wins(served):
    assert served.get("/own").header("X-Frame-Options") == "DENY"


def test_forged_headers_are_overwritten(served):
    forged = [
        ("X-Forwarded-For", "6.6.6.6"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Port", "666"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Forwarded-Ssl", "on"),
        ("X-Forwarded-Protocol", "ssl"),
        ("X-Real-IP", "6.6.6.6"),
        ("Forwarded", "for=6.6.6.6;host=evil.example"),
        ("SCRIPT_NAME", "/evil"),
        ("Path_Info", "/evil"),
        ("Connection", "close, X-Real-IP, X-Forwarded-For"),
    ]
    headers = served.get("/", headers=forged).asked["headers"]
    assert sorted(headers) == [
        ["host", "pi.example"],
        ["x-forwarded-for", "127.0.0.1"],
        ["x-forwarded-host", "pi.example"],
        ["x-forwarded-proto", "http"],
        ["x-real-ip", "127.0.0.1"],
    ]


def test_port_of_the_visitor_is_kept(served):
    headers = dict(served.get("/", host="pi.example:8080").asked["headers"])
    assert headers["host"] == headers["x-forwarded-host"] == "pi.example:8080"
    redirect = served.get("/a?b", host="www.pi.example:8080")
    assert (redirect.status, redirect.header("Location")) == (301, "http://pi.example:8080/a?b")


def test_host_in_the_request_line_overrides_the_header(served):
    headers = dict(served.get("http://pi.example/", host="evil.example").asked["headers"])
    assert headers["host"] == headers["x-forwarded-host"] == "pi.example"


def test_connection_to_the_app_is_kept_open(served):
    for _ in range(8):
        served.get("/")
    assert len(served.backend.connections) <= 2  # one for each of nginx's workers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1"])
def test_unknown_host_gets_no_response(served, host):
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        served.get("/", host=host)


def test_site_is_served_over_ipv6(served):
    try:
        assert served.get("/x", address="::1").asked["path"] == "/x"
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


def test_stopped_app_gives_an_error_page(served):
    answer = served.get("/dead")
    assert answer.status == 502
    assert answer.header("Content-Type") == "text/plain"
    assert b"try again" in answer.body
    assert b"nginx" not in answer.body


def test_too_large_body_is_refused(served):
    answer = served.get("/", method="POST", headers=[("Content-Length", str(2 * 2**20))])
    assert answer.status == 413


def test_site_has_its_own_log(served):
    served.get("/logged")
    log = served.folder / "logs" / "my-flask.access.log"
    # nginx writes the line after the response.
    assert "/logged" in poll_until(log.read_text, lambda text: "/logged" in text)
