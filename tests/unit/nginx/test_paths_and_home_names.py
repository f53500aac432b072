"""Sites below a path, names of the home network and a user's own lines, through a real nginx."""

from __future__ import annotations

import http.client

import pytest

from piwizard.nginx.home_names import home_patterns, is_home_name
from piwizard.nginx.server_blocks import SiteBlock, render_path_locations, render_path_upstream

CAMERA = SiteBlock(
    name="camera",
    domains=("pi.example",),
    socket="/run/nobody.sock",
    path="/camera",
    owner="my-flask",
    static={"/camera/static/": "/srv/camera/static"},
    max_body_mib=3,
)
# The backend of the tests answers for both sites, and says which prefix it got.
LOCATIONS = render_path_locations(CAMERA).replace("http://piwizard_camera", "http://piwizard_my-flask")
BELOW = {"included": {"my-flask.paths/camera.conf": LOCATIONS}}
AT_HOME = {"home_names": home_patterns("Attic"), "local": ("pi.local",)}


@pytest.mark.parametrize("served", [BELOW, {**BELOW, "https": True}], indirect=True, ids=["http", "https"])
def test_site_below_a_path_gets_its_prefix_and_the_other_site_none(request, served):
    secure = request.node.callspec.id == "https"
    for path, prefix in (("/camera/", "/camera"), ("/camera/a?b", "/camera"), ("/", None), ("/cameras", None)):
        asked = served.get(path, headers=[("X-Forwarded-Prefix", "/forged")], secure=secure).asked
        assert asked["path"] == path
        assert dict(asked["headers"]).get("x-forwarded-prefix") == prefix
        assert dict(asked["headers"])["x-real-ip"] == "127.0.0.1"
    moved = served.get("/camera?a=1", secure=secure)
    assert (moved.status, moved.header("Location")) == (301, "/camera/?a=1")


@pytest.mark.parametrize("served", [BELOW], indirect=True)
def test_site_below_a_path_has_streams_errors_and_a_limit_of_its_own(served):
    events = served.get("/camera/x", headers=[("Accept", "text/event-stream")])
    assert dict(events.asked["headers"])["x-forwarded-prefix"] == "/camera"
    assert b"not answering" in served.get("/camera/dead").body
    big = [("Content-Length", str(2 * 2**20))]
    assert served.get("/", method="POST", headers=big).status == 413
    assert served.get("/camera/", method="POST", headers=[("Content-Length", str(4 * 2**20))]).status == 413
    assert served.get("/camera/static/gone.css").asked["path"] == "/camera/static/gone.css"


def test_site_below_a_path_has_an_app_and_no_server():
    assert render_path_upstream(CAMERA).count("server unix:/run/nobody.sock") == 1
    assert "listen" not in render_path_upstream(CAMERA) + render_path_locations(CAMERA)


@pytest.mark.parametrize("served", [{**AT_HOME, "https": True}], indirect=True)
@pytest.mark.parametrize(
    "host",
    [
        "192.168.1.5",
        "10.0.0.7:8080",
        "172.16.0.1",
        "169.254.1.1",
        "[fd00::1]",
        "attic",
        "ATTIC.local",
        "attic.lan",
        "pi.local",
    ],
)
def test_names_of_the_home_network_are_served_over_http(served, host):
    answer = served.get("/x", host=host)
    assert answer.asked["path"] == "/x"
    assert dict(answer.asked["headers"])["x-forwarded-proto"] == "http"
    assert answer.header("Strict-Transport-Security") is None
    assert served.get("/x", host="pi.example").status == 301
    assert served.get("/x", secure=True).header("Strict-Transport-Security")


@pytest.mark.parametrize("served", [AT_HOME, {**AT_HOME, "https": True}], indirect=True, ids=["http", "https"])
@pytest.mark.parametrize(
    "host", ["8.8.8.8", "172.32.0.1", "192.168.1.5.example", "evil.attic.local", "attic.example", "1192.168.1.5"]
)
def test_other_names_and_addresses_still_get_nothing(served, host):
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        served.get("/", host=host)


@pytest.mark.parametrize("name", ["raspberrypi", "pi.local", "pi.fritz.box", "a.home.arpa"])
def test_home_names_are_no_domains(name):
    assert is_home_name(name)
    assert not is_home_name("local.example.org")
    assert home_patterns("a b; return 200")[1:] == ()


@pytest.mark.parametrize(
    "served", [{"included": {"my-flask.d/own.conf": "location = /own { return 204; }\n"}}], indirect=True
)
def test_own_lines_are_part_of_the_server_block(served):
    assert served.get("/own").status == 204
