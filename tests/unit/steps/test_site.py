"""Test that the site step adds server blocks and keeps those of others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from piwizard.answers.model import Answers
from piwizard.changes.log_file import LogFile
from piwizard.errors import PiwizardError
from piwizard.nginx.nginx_files import DEFAULT_SERVER, NginxFiles
from piwizard.steps.blocks import AVAILABLE, ENABLED
from piwizard.steps.certbot import Certbot
from piwizard.steps.site import Site
from piwizard.steps.step import SiteRoute
from piwizard.tls.certified_names import certified_names
from piwizard.tls.lineage import Certificates

from .conftest import FLASK, of_kind

THEIRS = str(ENABLED / "theirs")
THEIR_443 = "server { listen 443 ssl default_server; }"
STATIC = {"app.py": FLASK, "static/style.css": "", "static/img/a.png": ""}


@pytest.fixture
def whole_plan(context, answers):
    return lambda files=None, more="", **parts: Site().plan(context(files, **parts), answers(more))


@pytest.fixture
def plan(whole_plan):
    """Return the planned transactions that nginx validates."""
    return lambda *given, **parts: [one for one in whole_plan(*given, **parts) if getattr(one, "validate", None)]


def links(changes):
    return {change.path: change.target for change in of_kind(changes, "link")}


def texts(changes):
    return {change.path: change.content for change in of_kind(changes, "file")}


def test_plan_on_a_fresh_machine(plan):
    shared, own = plan()
    assert (own.shared, shared.shared) == (False, True)
    for group in (own, shared):
        assert group.validate == ("nginx", "-t")
        assert group.activate[0].argv == ("systemctl", "reload-or-restart", "nginx.service")
    assert links([own]) == {ENABLED / "blog": "../sites-available/blog"}
    assert links([shared]) == {
        ENABLED / DEFAULT_SERVER: f"../sites-available/{DEFAULT_SERVER}",
        ENABLED / "default": None,
    }
    assert texts([own]).keys() == {AVAILABLE / "blog"}
    assert texts([shared]).keys() == {AVAILABLE / DEFAULT_SERVER}
    assert "blog.example.org" in texts([own])[AVAILABLE / "blog"]


def test_log_file_precedes_the_nginx_test(whole_plan):
    first = whole_plan()[0]
    assert first == LogFile(Path("/var/log/nginx/blog.access.log"))
    (site,) = [one for one in texts(whole_plan()).values() if "upstream" in one]
    named = set(re.findall(r"(?:access_log|error_log) ([^;]+);", site)) - {"off"}
    assert named == {str(first.path)}, "every log in the configuration exists before nginx reads it"


def test_plan_never_has_two_default_servers(plan):
    """With two, nginx would not start after a power cut in between."""
    shared, _ = plan()
    assert list(links([shared])) == [ENABLED / "default", ENABLED / DEFAULT_SERVER]


def test_site_file_comes_first_once_the_default_server_exists(plan):
    """On a fresh machine the default server comes first: it sets the hash size that a long domain needs."""
    there = NginxFiles(sites={str(ENABLED / DEFAULT_SERVER): "listen 80 default_server reuseport;"})
    assert [group.name for group in plan(nginx=there)] == ["blog-site", "default-server"]


def test_edited_default_site_stays(plan):
    edited = NginxFiles(
        sites={str(ENABLED / "default"): f"server {{ listen 80 default_server; }} {THEIR_443}"}, packaged_default=False
    )
    changes = plan(nginx=edited)
    assert links(changes) == {ENABLED / "blog": "../sites-available/blog"}
    assert texts(changes).keys() == {AVAILABLE / "blog"}


@pytest.mark.parametrize(
    ("text", "theirs"),
    [
        ("server { listen 80 default_server; }", True),
        ("server { server_name a; listen [::]:80 default_server; }", True),
        ("server { listen 80; # default_server\n }", False),
        ("# server { listen 80 default_server; }", False),
        ("server { listen 80; }", False),
    ],
)
def test_server_block_on_one_line_is_read(plan, text, theirs):
    ours = texts(plan(nginx=NginxFiles(sites={THEIRS: text})))[AVAILABLE / DEFAULT_SERVER]
    assert ("listen 80 default_server" in ours) != theirs
    assert "listen 443 ssl" in ours


def test_server_name_on_one_line_is_read(plan):
    theirs = NginxFiles(sites={THEIRS: "server { server_name a blog.example.org; }"})
    with pytest.raises(PiwizardError, match="already served"):
        plan(nginx=theirs)


def test_default_server_set_by_hand_stays_the_only_one(plan):
    theirs = NginxFiles(sites={THEIRS: f"server {{\n listen [::]:80 default_server;\n}}\n{THEIR_443}"})
    assert AVAILABLE / DEFAULT_SERVER not in texts(plan(nginx=theirs))
    only_tls = texts(plan(nginx=NginxFiles(sites={THEIRS: THEIR_443})))[AVAILABLE / DEFAULT_SERVER]
    assert "listen 80 default_server" in only_tls
    assert "listen 443" not in only_tls
    by_certbot = NginxFiles(sites={THEIRS: "server {\n listen [::]:443 ssl ipv6only=on; # managed by Certbot\n}"})
    assert "listen 443" not in texts(plan(nginx=by_certbot))[AVAILABLE / DEFAULT_SERVER], "nginx allows ipv6only once"
    ours = NginxFiles(sites={str(ENABLED / DEFAULT_SERVER): "server {\n listen 80 default_server;\n}"})
    assert AVAILABLE / DEFAULT_SERVER in texts(plan(nginx=ours))


def test_certificate_in_use_stays_in_use(plan):
    folder = "/etc/letsencrypt/live/piwizard-blog"
    text = texts(plan(certificates=Certificates(in_use={"blog": folder})))[AVAILABLE / "blog"]
    assert f"ssl_certificate {folder}/fullchain.pem;" in text
    assert "ssl_certificate" not in texts(plan(certificates=Certificates(in_use={"shop": folder})))[AVAILABLE / "blog"]


def test_domain_that_is_already_served_is_refused(plan):
    theirs = NginxFiles(sites={THEIRS: "server { listen 80;\n server_name www.blog.example.org x;\n}"})
    with pytest.raises(PiwizardError, match=THEIRS) as refused:
        plan(nginx=theirs)
    assert refused.value.key == "site.domains"
    ours = NginxFiles(sites={str(ENABLED / "blog"): "server {\n server_name blog.example.org;\n}"})
    assert plan(nginx=ours)


def test_names_hash_size_is_set_once(plan):
    others = NginxFiles(main="http {\n server_names_hash_bucket_size 128;\n}")
    assert "server_names_hash_bucket_size" in texts(plan())[AVAILABLE / DEFAULT_SERVER]
    assert "server_names_hash_bucket_size" not in texts(plan(nginx=others))[AVAILABLE / DEFAULT_SERVER]


@pytest.mark.parametrize(
    ("writable", "passed"),
    [
        ([], []),
        (["static/uploads"], ["/static/uploads/"]),
        (["static/img/state.json"], ["/static/img/state.json"]),
        (["static"], ["/static/"]),
        (["data", "statics"], []),
    ],
)
def test_files_that_the_app_writes_are_passed_to_it(plan, writable, passed):
    plain, changed = (
        texts(plan(STATIC, f"\nwritable = {names}"))[AVAILABLE / "blog"] for names in ("[]", str(writable))
    )
    assert (plain != changed) == bool(passed)
    added = [line for line in changed.splitlines() if line not in plain.splitlines()]
    for url in passed:
        whole = url == "/static/"
        assert bool([line for line in added if url in line]) != whole, "a whole folder loses its own location"


@pytest.mark.parametrize("writable", [["static"], ["static", "static/img"]])
def test_location_is_not_repeated(plan, writable):
    text = texts(plan(STATIC, f"\nwritable = {writable}"))[AVAILABLE / "blog"]
    assert text.count("location ^~ /static/ {") == 1, "nginx would refuse it"


def test_static_folder_within_a_writable_one_is_passed_to_the_app(plan):
    files = {"app.py": "from flask import Flask\napp = Flask(__name__, static_folder='files/static')\n",
             "files/static/style.css": ""}  # fmt: skip
    plain, changed = (
        texts(plan(files, f'\nstatic = {{ "/static/" = "files/static" }}\nwritable = {names}'))[AVAILABLE / "blog"]
        for names in ("[]", '["files"]')
    )
    assert plain != changed, "its published copy is empty, so the app must answer"


CAMERA = """
[sites.camera.site]
path = "/camera"
domains = ["blog.example.org"]
[sites.camera.app]
repo = "/srv/git/camera.git"
"""
ROUTES = {
    "blog": SiteRoute(("blog.example.org", "www.blog.example.org")),
    "camera": SiteRoute(("blog.example.org",), "/camera"),
}


def test_site_below_a_path_leaves_the_file_of_the_other_site_alone(context, answers):
    given = answers(CAMERA, site="camera")
    changes = Site().plan(context(STATIC, routes=ROUTES, sites=("blog", "camera")), given)
    written = texts(changes)
    locations = Path("/etc/nginx/piwizard/blog.paths/camera.conf")
    assert written.keys() == {AVAILABLE / "camera", locations}
    assert "server {" not in written[AVAILABLE / "camera"]
    assert "location ^~ /camera/static/ {" in written[locations]
    assert "/srv/camera/current/public/static/" in written[locations]
    assert "set $site_blog_prefix /camera;" in written[locations]
    assert (
        "include /etc/nginx/piwizard/blog.paths/*.conf;" in texts(Site().plan(context(), answers()))[AVAILABLE / "blog"]
    )
    assert Certbot().plan(context(routes=ROUTES), given) == ()


def test_path_without_a_site_above_it_is_refused(context, answers):
    with pytest.raises(PiwizardError, match=r"site\.path: no site without a path has the domain blog\.example\.org"):
        Site().plan(context(routes={"camera": ROUTES["camera"]}), answers(CAMERA, site="camera"))


def test_names_at_home_are_served_over_http_beside_the_certified_ones(context, answers):
    listed = answers("", site="blog")
    given = Answers("blog", {**listed.values, "site.domains": ["pi.local", "blog.example.org"]})
    folder = "/etc/letsencrypt/live/piwizard-blog"
    there = Certificates((), {"blog": folder})
    text = texts(Site().plan(context(certificates=there), given))[AVAILABLE / "blog"]
    *_, secure, home = text.split("\nserver {")
    assert "server_name blog.example.org;" in secure
    assert "listen 443 ssl" in secure
    assert 'server_name pi.local "~^(10' in home
    assert "listen 80;" in home
    assert "ssl_certificate" not in home
    assert "301 https://pi.local" not in text
    assert certified_names(given) == ("blog.example.org",)


def test_plan_says_which_site_local_addresses_show(context, answers):
    routes = {"blog": ROUTES["blog"], "attic": SiteRoute(("attic.example.org",)), "a": SiteRoute((), "/a")}
    (notice,) = of_kind(Site().plan(context(routes=routes), answers()), "notice")
    assert notice.sentence == (
        "In your home network, http://raspberrypi.local/ and this Pi's local IP show the site attic, over HTTP."
    )
    enabled = NginxFiles(sites={str(ENABLED / "blog"): ""})
    assert not of_kind(Site().plan(context(nginx=enabled, routes=routes), answers()), "notice")


def test_upload_limit_of_the_code_is_nginxs_and_an_answer_overrides_it(plan):
    code = {"app.py": f"{FLASK}app.config['MAX_CONTENT_LENGTH'] = 200 * 1024 * 1024\n"}
    for more, mib in (("", 200), ("upload_limit = 9\n", 9)):
        (text,) = [one for path, one in texts(plan(code, more)).items() if path == AVAILABLE / "blog"]
        assert f"client_max_body_size {mib}m;" in text
