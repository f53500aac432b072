"""Check that an impossible request gives one sentence and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab import product, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

TWO_APPS = {
    "shop.py": "from flask import Flask\napp = Flask(__name__)\n",
    "blog.py": "from flask import Flask\napp = Flask(__name__)\n",
    "requirements.txt": "flask\n",
}
BROKEN = {**sample_app.FILES, "app.py": "import not_there_at_all\nfrom flask import Flask\napp = Flask(__name__)\n"}


@pytest.fixture(scope="module")
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return one Pi for all tests: a refused run must not change it."""
    lab.git.commit("tame", sample_app.FILES)
    lab.git.commit("nothing", {"README": "no app here\n"})
    lab.git.commit("two", TWO_APPS)
    ready = product.ready_pi(lab, release)
    yield ready
    ready.discard()


def refused(pi: Pi, answers: str, *options: str) -> dict[str, str | None]:
    """Apply answers that must be refused without a change; return the error."""
    pi.write(quickstart.ANSWERS, answers)
    before = quickstart.manifest(pi.files)
    result = quickstart.apply(pi, "--json", "--answers", quickstart.ANSWERS, *options, check=False)
    assert result.exit == 1, result.output
    assert result.errors == ""
    assert quickstart.manifest(pi.files) == before
    error = json.loads(result.output)["error"]
    shown = quickstart.apply(pi, "--answers", quickstart.ANSWERS, *options, check=False)
    assert shown.exit == 1
    assert shown.output == ""
    assert shown.errors.startswith(f"piwizard: {error['message']}")
    assert len(shown.errors.splitlines()) <= 2
    return dict(error)


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("git.lan/tame.git", "git.lan/gone.git", "app.repo", "gone.git"),
        pytest.param("git.lan/tame.git", "nowhere.lan/tame.git", "app.repo", "nowhere.lan", marks=pytest.mark.nightly),
        pytest.param(
            "git.lan/tame.git",
            "git.lan/nothing.git",
            "app.entry",
            "No Flask app was found",
            marks=pytest.mark.nightly,
        ),
        pytest.param("git.lan/tame.git", "git.lan/two.git", "app.entry", "blog:app", marks=pytest.mark.nightly),
        pytest.param("[app]", '[app]\nbranch = "not-there"', "app.branch", "not-there", marks=pytest.mark.nightly),
        pytest.param(
            "[app]", '[app]\nrequirements = "gone.txt"', "app.requirements", "gone.txt", marks=pytest.mark.nightly
        ),
        pytest.param(
            "[app]", '[app]\nstatic = { "/static/" = "gone" }', "app.static", "gone", marks=pytest.mark.nightly
        ),
        pytest.param("[app]", '[app]\nbranch = "--upload-pack=x"', "app.branch", "line 6", marks=pytest.mark.nightly),
        pytest.param('name = "myflask"', 'name = "my flask; rm"', "site.name", "line 2", marks=pytest.mark.nightly),
        pytest.param(
            'name = "myflask"', 'name = "cron"', "site.name", "name of a system service", marks=pytest.mark.nightly
        ),
        pytest.param('name = "myflask"', 'name = "backup"', "site.name", "user", marks=pytest.mark.nightly),
        pytest.param(
            "{ generate = 32 }",
            '{ env = "NOT_SET_ANYWHERE" }',
            "app.env.SECRET_KEY",
            "ANYWHERE",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_invalid_answer_is_refused_by_key(pi: Pi, lab: Lab, old: str, new: str, key: str, words: str) -> None:
    answers = sample_app.answers(lab.git.url("tame"))
    assert old in answers
    error = refused(pi, answers.replace(old, new))
    assert error["key"] == key
    assert words in str(error["message"])
    assert key in str(error["message"]) or key == "app.entry"


def test_port_of_another_web_server_is_refused(pi: Pi, lab: Lab) -> None:
    pi.run(("apt-get", "install", "-y", "-qq", "--no-install-recommends", "lighttpd"))
    error = refused(pi, sample_app.answers(lab.git.url("tame")))
    assert "Port 80 is used by lighttpd" in str(error["message"])
    assert "lighttpd.service" in str(error["hint"])
    assert "write `server.port = 8080` into /etc/lighttpd/lighttpd.conf" in str(error["hint"])
    pi.run(("apt-get", "purge", "-y", "-qq", "lighttpd"))


def test_domain_of_another_site_is_refused(pi: Pi, lab: Lab) -> None:
    theirs = f"server {{ listen 80;\n server_name blog.example {quickstart.HOST}; }}\n"
    pi.write("/etc/nginx/sites-enabled/theirs", theirs)
    error = refused(pi, sample_app.answers(lab.git.url("tame")))
    assert error["key"] == "site.domains"
    assert "/etc/nginx/sites-enabled/theirs" in str(error["message"])
    pi.run(("rm", "-r", "/etc/nginx"))


@pytest.mark.nightly
def test_missing_network_is_reported(pi: Pi, lab: Lab) -> None:
    pi.write(quickstart.ANSWERS, sample_app.answers(lab.git.url("tame")))
    pi.cut_network()
    error = json.loads(quickstart.apply(pi, "--json", "--answers", quickstart.ANSWERS, check=False).output)["error"]
    pi.plug_network()
    assert "cannot be reached" in error["message"]


@pytest.mark.nightly
def test_broken_requirements_and_apps_are_never_started(pi: Pi, lab: Lab) -> None:
    lab.git.commit("broken", {**sample_app.FILES, "requirements.txt": "flask\nno-such-distribution-anywhere==1\n"})
    pi.write(quickstart.ANSWERS, sample_app.answers(lab.git.url("broken")))
    eventually(lambda: pi.run(("git", "ls-remote", lab.git.url("broken"))))
    result = quickstart.apply(pi, "--answers", quickstart.ANSWERS, check=False)
    assert result.exit == 1
    assert "app.requirements: pip cannot install them" in result.output
    assert "no-such-distribution-anywhere" in result.output
    assert quickstart.states(pi)["app"] == "failed"
    assert not (pi.files / "srv/myflask/current").exists()

    lab.git.commit("unloadable", BROKEN)
    pi.write(quickstart.ANSWERS, sample_app.answers(lab.git.url("unloadable")))
    result = quickstart.apply(pi, "--answers", quickstart.ANSWERS, check=False)
    assert result.exit == 1
    assert "No module named 'not_there_at_all'" in result.output
    assert not (pi.files / "srv/myflask/current").exists()
    assert not (pi.files / "etc/systemd/system/myflask.service").exists()
