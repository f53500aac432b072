"""Test the plans for each way of deploying."""

from __future__ import annotations

from dataclasses import replace

import pytest

from piwizard.answers import file_reader
from piwizard.answers.validators import Invalid, ssh_public_key
from piwizard.deploys import deploy_ways
from piwizard.errors import PiwizardError
from piwizard.steps.deploys import AutomaticDeploys
from piwizard.steps.registry import all_questions
from piwizard.tls.lineage import Certificates

from .conftest import TOML, of_kind

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKrQ8QJr1Yv0fE5lW1mMrtTzN0WZc1l0s8cD3u5uJqZb"
SECRET = "tulips-and-bees-4711"
HTTPS = "\n[tls]\nhttps = true\n"


@pytest.fixture
def plan(context, answers):
    """Return the plan for these lines of the table app; more tables follow."""

    def made(more, **parts):
        given = answers(more)
        given = given.with_secrets({deploy_ways.SECRET_KEY: SECRET})
        return AutomaticDeploys().plan(context(installed={"openssh-server": "1:10.0"}, **parts), given)

    return made


@pytest.fixture
def secure():
    """Return what a context knows of a site that is served over HTTPS."""
    return {"certificates": Certificates(in_use={"blog": "/etc/letsencrypt/live/blog"})}


def paths(changes, kind):
    return {str(change.path).rpartition("/")[2] for change in of_kind(changes, kind)}


def test_poll_starts_a_timer_with_the_minutes_of_the_answer(plan):
    changes = plan('deploy = "poll"\npoll_every = 10')
    assert paths(changes, "file") == {"piwizard-deploy-blog.service", "piwizard-deploy-blog.timer"}
    timer = next(change for change in of_kind(changes, "file") if change.path.suffix == ".timer")
    assert "OnUnitInactiveSec=10min" in timer.content
    assert [change.name for change in of_kind(changes, "unit")] == ["piwizard-deploy-blog.timer"]


def test_manual_removes_what_every_way_has_written(plan, secure):
    every = [
        plan('deploy = "poll"'),
        plan(f'deploy = "push"\npush_keys = ["{KEY} alex"]'),
        plan(f'deploy = "webhook"{HTTPS}', **secure),
    ]
    changes = plan('deploy = "manual"')
    assert paths(changes, "file") == set()
    shared = {"push.py", "webhook.py"}
    assert paths(changes, "gone") == {name for one in every for name in paths(one, "file")} - shared
    running = {change.name for one in every for change in of_kind(one, "unit")}
    assert running <= {change.name for change in of_kind(changes, "idle")}


def test_name_that_is_too_long_for_a_push_user_is_refused(context):
    name = "a" * 28
    given = file_reader.parse(TOML.replace('"blog"', f'"{name}"'), all_questions(), "answers.toml").of(name)
    given = replace(given, values={**given.values, "app.deploy": ["push"], "app.push_keys": [f"{KEY} alex"]})
    with pytest.raises(PiwizardError, match=r"app\.deploy: the name of the site a+ is too long for push") as refused:
        AutomaticDeploys().plan(context(installed={"openssh-server": "1:10.0"}), given)
    assert refused.value.key == "app.deploy"


def test_push_keys_are_restricted_to_one_command(plan):
    changes = plan(f'deploy = "push"\npush_keys = ["{KEY} alex@laptop"]')
    files = {change.path.name: change for change in of_kind(changes, "file")}
    lines = [line for line in files["blog.keys"].content.splitlines() if not line.startswith("#")]
    assert lines == [f'restrict,command="main" {KEY} alex@laptop']
    assert "Match User push-blog\n" in files["piwizard-push-blog.conf"].content
    (user,) = of_kind(changes, "user")
    assert (user.name, user.shell, user.home) == ("push-blog", "/usr/local/lib/piwizard/push.py", user.home)
    group = next(change for change in changes if getattr(change, "name", "") == "blog-push-ssh")
    assert group.validate == ("/usr/sbin/sshd", "-t")


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        (f"{KEY} alex@laptop", f"{KEY} alex@laptop"),
        (f'{KEY} a",command="sh', f"{KEY} acommandsh"),
        (KEY, KEY),
        (f'command="sh" {KEY}', None),
        ("ssh-ed25519 AAAA", None),
        ("ssh-rsa" + KEY.removeprefix("ssh-ed25519"), None),
        ("ssh-dss AAAAB3NzaC1kc3M=", None),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", None),
    ],
)
def test_push_key_is_a_public_key_without_options(key, kept):
    if kept is None:
        with pytest.raises(Invalid, match="must be a public key"):
            ssh_public_key(key)
    else:
        assert ssh_public_key(key) == kept


def test_push_without_keys_or_server_is_refused(plan, context, answers):
    with pytest.raises(PiwizardError, match=r"app\.push_keys is missing"):
        plan('deploy = "push"')
    with pytest.raises(PiwizardError, match="needs an SSH server"):
        AutomaticDeploys().plan(context(), answers(f'deploy = "push"\npush_keys = ["{KEY}"]'))


def test_webhook_secret_is_in_one_private_file(plan, secure):
    changes = plan(f'deploy = ["webhook", "poll"]{HTTPS}', **secure)
    having = [change for change in of_kind(changes, "file") if SECRET in change.content]
    assert [(change.path.name, change.mode, change.secret) for change in having] == [("blog.secret", 0o600, True)]
    assert "piwizard-deploy-blog.timer" in paths(changes, "file")


@pytest.mark.parametrize("more", ["", HTTPS])
def test_webhook_without_https_is_refused(plan, more):
    with pytest.raises(PiwizardError, match="a webhook needs HTTPS") as refused:
        plan(f'deploy = "webhook"{more}')
    assert refused.value.key == deploy_ways.KEY


def test_branch_is_answered_or_the_default_of_the_checkout(tmp_path, answers):
    plain = answers('deploy = "push"')
    head = tmp_path / ".git" / "refs" / "remotes" / "origin" / "HEAD"
    assert deploy_ways.branch_of(plain, tmp_path) == "main"
    head.parent.mkdir(parents=True)
    head.write_text("ref: refs/remotes/origin/trunk\n")
    assert deploy_ways.branch_of(plain, tmp_path) == "trunk"
    assert deploy_ways.branch_of(answers('branch = "dev"'), tmp_path) == "dev"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ('["manual", "poll"]', "must not combine manual with another way"),
        ('["push", "poll"]', "must not combine push with another way"),
        ('"sometimes"', "must be one of"),
        ("[]", "must be a list of 1 to"),
        ('["poll", "poll"]', "must not name anything twice"),
    ],
)
def test_wrong_ways_are_refused(given, why):
    with pytest.raises(PiwizardError, match=why) as refused:
        file_reader.parse(f"{TOML}deploy = {given}\n", all_questions())
    assert refused.value.key == deploy_ways.KEY
