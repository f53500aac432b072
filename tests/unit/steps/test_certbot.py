"""Test the plans of the certbot and renewal steps, and that the site step plans the same server block."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from piwizard.answers import file_reader as answers_module
from piwizard.answers.model import Answers
from piwizard.changes.file import AbsentFile
from piwizard.errors import PiwizardError
from piwizard.steps import renewal
from piwizard.steps.blocks import AVAILABLE
from piwizard.steps.certbot import Certbot
from piwizard.steps.registry import all_questions
from piwizard.steps.renewal import Renewal
from piwizard.steps.site import Site
from piwizard.system import commands, paths
from piwizard.system.certificates import X509Info
from piwizard.tls.challenge import environment_runs
from piwizard.tls.lineage import Certificates, Lineage

from .conftest import flat, of_kind

NAMES = ("blog.example.org", "www.blog.example.org")
HTTPS, HTTP = "\n[tls]\nhttps = true\n", "\n[tls]\nhttps = false\n"
OURS = "/etc/letsencrypt/live/piwizard-blog"
LE = "https://acme-v02.api.letsencrypt.org/directory"


def lineage(name="mine", names=NAMES, way="webroot", server=LE):
    ends = datetime.now(UTC) + timedelta(days=60)
    settings = {"authenticator": way, "server": server}
    return Lineage(name, X509Info(frozenset(names), ends, "CN = R10"), settings)


@pytest.fixture
def plan(context, answers, own_places):
    def made(more=HTTPS, lineages=(), in_use="", step=Certbot):
        there = Certificates(tuple(lineages), {"blog": in_use} if in_use else {})
        return step().plan(context(certificates=there), answers(more))

    return made


def texts(changes):
    return {change.path: change.content for change in of_kind(changes, "file")}


def test_certificate_precedes_https(plan):
    folder, packages, certificate, _, group = plan()
    assert str(folder.path) == "/var/lib/letsencrypt"
    assert packages.names == ("certbot",)
    assert (certificate.name, certificate.domains) == ("piwizard-blog", NAMES)
    assert group.validate == ("nginx", "-t")
    assert group.verify
    (link,) = of_kind([group], "link")
    assert (link.path, link.target) == (paths.state_dir() / "certificates" / "blog", OURS)
    assert f"ssl_certificate {OURS}/fullchain.pem;" in texts([group])[AVAILABLE / "blog"]


@pytest.mark.parametrize("in_use", ["", OURS])
def test_site_and_certbot_write_the_same_server_block(plan, in_use):
    by_site = texts(plan(in_use=in_use, step=Site))[AVAILABLE / "blog"]
    by_certbot = texts(plan(HTTPS if in_use else HTTP, in_use=in_use))[AVAILABLE / "blog"]
    assert by_site == by_certbot


def test_https_off_removes_the_certificate_link(plan):
    (group,) = plan(HTTP, in_use=OURS)
    assert of_kind([group], "link")[0].target is None
    assert "443" not in texts([group])[AVAILABLE / "blog"]
    assert not plan(HTTP, step=Renewal)


def test_certbot_command_line(plan):
    rehearsal, real = plan()[2].request.commands
    assert rehearsal == (*real, "--dry-run")
    line = " ".join(real)
    parts = ("--non-interactive", "--agree-tos", "--register-unsafely-without-email", "--keep-until-expiring")
    for words in (*parts, "--cert-name piwizard-blog", "-w /var/lib/letsencrypt", *(f"-d {name}" for name in NAMES)):
        assert words in line
    assert "--server" not in line


def test_answers_become_certbot_options(plan):
    more = (
        '\n[tls]\nhttps = true\nemail = "me@example.org"\nserver = "https://acme.lan/dir"\nca_bundle = "/etc/ca.pem"\n'
    )
    request = plan(more)[2].request
    line = " ".join(request.commands[1])
    assert "--email me@example.org --no-eff-email" in line
    assert "--server https://acme.lan/dir" in line
    assert request.environment == {"REQUESTS_CA_BUNDLE": "/etc/ca.pem"}
    drop_in = next(
        change for change in of_kind(plan(more, step=Renewal), "file") if "certbot.service.d" in str(change.path)
    )
    assert "Environment=REQUESTS_CA_BUNDLE=/etc/ca.pem" in drop_in.content


def test_certificate_of_another_server_is_replaced(plan):
    certificate = plan(lineages=[lineage("piwizard-blog", server="https://acme.lan/dir")], in_use=OURS)[2]
    assert certificate.request_again
    assert "--force-renewal" in certificate.request.commands[1]


def test_existing_certificate_is_used_without_a_request(plan):
    _, group = plan(lineages=[lineage()])
    assert "ssl_certificate /etc/letsencrypt/live/mine/fullchain.pem;" in texts([group])[AVAILABLE / "blog"]
    assert not of_kind([group], "certificate")


def test_certificate_that_lacks_a_domain_is_not_used(plan):
    changes = plan(lineages=[lineage(names=NAMES[:1])], in_use="/etc/letsencrypt/live/mine")
    assert of_kind(changes, "certificate")[0].name == "piwizard-blog"


def test_own_certificate_stays_in_use_beside_another_one(plan):
    changes = plan(lineages=[lineage(), lineage("piwizard-blog")], in_use=OURS)
    assert of_kind(changes, "certificate")[0].name == "piwizard-blog"


@pytest.mark.parametrize(
    ("answer", "sent"),
    [("", 86400), ('hsts = "two-years"\n', 63072000), ("hsts = true\n", 63072000), ("hsts = false\n", 0),
     ('hsts = "off"\n', 0)],
)  # fmt: skip
def test_hsts_follows_the_answer(plan, answer, sent):
    text = texts(plan(HTTPS + answer))[AVAILABLE / "blog"]
    assert ("Strict-Transport-Security" in text) == (sent > 0)
    assert (f"https: max-age={sent};" in text) == (sent > 0)


def test_renewal_plan_has_hook_timers_and_dry_run(plan):
    changes = plan(lineages=[lineage()], step=Renewal)
    assert changes[0].shared
    kinds = [change.kind for change in flat(changes)]
    assert kinds == ["file", "file", "file", "unit", "unit", "group", "edit", "gone", "group", "command"]
    hook = of_kind(changes, "file")[0]
    assert (str(hook.path), hook.mode) == ("/etc/letsencrypt/renewal-hooks/deploy/piwizard", 0o755)
    assert hook.content.index("nginx -t") < hook.content.index("reload")
    assert "certbot renew --cert-name mine --dry-run" in " ".join(changes[-1].argv)
    assert "edit" not in [change.kind for change in flat(plan(lineages=[lineage(way="dns-x")], step=Renewal))]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('email = "me"', "tls.email"),
        ('email = "a b@example.org"', "tls.email"),
        ('email = "-x@example"', "tls.email"),
        ('server = "http://acme.lan/dir"', "tls.server"),
        ('server = "https://acme.lan/d r"', "tls.server"),
        ('server = "https://u:p@acme.lan/dir"', "tls.server"),
        ('ca_bundle = "ca.pem"', "tls.ca_bundle"),
        ('https = "yes"', "tls.https"),
        ("hsts = 1", "tls.hsts"),
    ],
)
def test_invalid_answers_are_refused_by_key(line, key):
    with pytest.raises(PiwizardError) as refused:
        answers_module.parse(f"[tls]\n{line}\n", all_questions())
    assert refused.value.key == key


DNS = """
[tls]
https = true
challenge = "dns"
[ddns]
provider = "{provider}"
hostname = "{hostname}"
password = {{ asked = true }}
"""


@pytest.fixture
def plan_by_dns(context, answers, own_places):
    def made(provider, hostname, domains, lineages=(), step=Certbot):
        plain = answers(DNS.format(provider=provider, hostname=hostname))
        given = Answers(plain.site, {**plain.values, "site.domains": domains}, {"ddns.password": "tok-1"})
        return step().plan(context(certificates=Certificates(tuple(lineages), {})), given)

    return made


CLOUDFLARE = ("cloudflare", "blog.example.org", list(NAMES))
DUCK = ("duckdns", "me.duckdns.org", ["me.duckdns.org"])


def test_dns_validation_uses_the_provider_plugin(plan_by_dns):
    _, packages, signed, certificate, _ = plan_by_dns(*CLOUDFLARE)
    assert packages.names == ("certbot", "python3-certbot-dns-cloudflare")
    assert (str(signed.path), signed.mode, signed.secret) == ("/etc/letsencrypt/piwizard-blog.ini", 0o600, True)
    real = certificate.request.commands[1]
    assert real[0] == "certbot"
    assert "--authenticator dns-cloudflare" in " ".join(real)
    assert "--webroot" not in real
    assert "tok-1" not in " ".join(real)


def test_dns_validation_after_http_requests_again(plan_by_dns):
    there = [lineage("piwizard-blog")]
    certificate = of_kind(plan_by_dns(*CLOUDFLARE, there), "certificate")[0]
    assert certificate.request_again
    assert "--force-renewal" in certificate.request.commands[1]
    assert "edit" not in [change.kind for change in flat(plan_by_dns(*CLOUDFLARE, there, Renewal))]


def test_http_validation_after_dns_removes_the_credentials(plan, own_places):
    made = flat(plan(lineages=[lineage("piwizard-blog", way="dns-cloudflare")]))
    (asked,) = [change for change in made if change.kind == "certificate"]
    (gone,) = [change for change in made if isinstance(change, AbsentFile)]
    assert (asked.request_again, str(gone.path)) == (True, "/etc/letsencrypt/piwizard-blog.ini")
    assert made.index(asked) < made.index(gone)


@pytest.mark.parametrize(
    ("there", "runs"), [("the system's", True), ("another", False), ("a broken link", False), ("", False)]
)
def test_plugin_environment_is_made_again_after_an_upgrade(tmp_path, there, runs):
    (tmp_path / "bin").mkdir()
    targets = {"the system's": commands.which("python3"), "another": "/bin/sh", "a broken link": "/nowhere/python3.9"}
    if there:
        (tmp_path / "bin/python").symlink_to(targets[there])
    assert environment_runs(tmp_path) is runs


@pytest.mark.parametrize("runs", [True, False])
def test_check_reports_a_broken_plugin_environment(plan, tmp_path, monkeypatch, runs):
    monkeypatch.setattr(renewal, "PLUGIN", tmp_path)
    monkeypatch.setattr(renewal, "environment_runs", lambda: runs)
    found = {check.id: check for check in plan(step=Checked)}
    assert found["certbot-plugin-runs"].ok is runs


class Checked:
    """A step whose plan is its checks."""

    def plan(self, context, answers):
        return list(Renewal().checks(context, answers))


def test_plugin_that_debian_lacks_gets_an_environment(plan_by_dns):
    *_, group, _, certificate, _ = plan_by_dns(*DUCK)
    assert group.shared
    folder, environment, lock, pip = group.changes
    assert (str(folder.path), folder.whole) == ("/opt/piwizard-certbot", True)
    assert "--system-site-packages" in environment.argv
    assert pip.argv[-5:] == ("--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(lock.path))
    assert {"-I", "--isolated"} <= set(pip.argv), "only settings of root"
    assert re.fullmatch(r"certbot-dns-duckdns==1\.9\.0 --hash=sha256:[0-9a-f]{64}\n", lock.content)
    assert pip.proves == (lock.content.strip(),), "a new pin is installed"
    run = ("/opt/piwizard-certbot/bin/python", "/usr/bin/certbot")
    assert certificate.request.commands[1][:2] == run
    renewal = plan_by_dns(*DUCK, step=Renewal)
    assert renewal[-1].argv[:3] == (*run, "renew")
    drop_in = next(text for path, text in texts(renewal).items() if path.name == "piwizard-plugin.conf")
    assert drop_in.endswith(f"ExecStart=\nExecStart={' '.join(run)} -q renew --no-random-sleep-on-renew\n")


@pytest.mark.parametrize(("others", "goes"), [("webroot", True), ("dns-cloudflare", True), ("dns-duckdns", False)])
def test_unneeded_plugin_is_removed(plan, others, goes):
    there = [lineage("piwizard-blog"), lineage("piwizard-other", ("other.example.org",), others)]
    gone = [change for change in flat(plan(lineages=there, step=Renewal)) if isinstance(change, AbsentFile)]
    assert [change.path for change in gone] == ([renewal.PLUGIN] if goes else [])
