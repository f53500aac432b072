"""Set up public apps from their address and name, and deploy their next version."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import pytest

from tests.lab import product, quickstart
from tests.lab.apps import APPS, NEEDY, PublicApp
from tests.lab.http_client import Answer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

EVERY_DAY = ("flaskr", "fileshare")
"""One app with a database and one with uploads: updates of the others would repeat the same test."""
NEXT = [pytest.param(app, id=app.name) for app in APPS]
ANSWERS = """
[sites.{name}.site]
domains = ["{name}.example.org"]

[sites.{name}.app]
repo = "{repo}"
"""


@pytest.fixture(scope="module")
def pi(lab: Lab) -> Iterator[Pi]:
    """Return one Pi for all of them: each is another site on it."""
    ready = product.ready_pi(lab, "trixie")
    ready.write(quickstart.ANSWERS, "")
    yield ready
    ready.discard()


def first_page(pi: Pi, app: PublicApp) -> Answer:
    """Return the response of the first page, or of the page that it redirects to."""
    path = "/"
    for _ in range(5):
        page = pi.http(path, host=f"{app.name}.example.org")
        if page.status not in (301, 302, 303, 307, 308):
            break
        path = posixpath.join(path, page.headers["location"].removeprefix(f"http://{app.name}.example.org"))
    return page


def served(pi: Pi, app: PublicApp) -> None:
    page = first_page(pi, app)
    assert page.status == 200, page.text
    assert app.says in page.text
    if app.static:
        file = pi.http(app.static, host=f"{app.name}.example.org")
        assert file.status == 200
        # Flask names the file in a header, nginx does not.
        assert "content-disposition" not in file.headers
    nothing_to_do(pi, "--site", app.name)


def nothing_to_do(pi: Pi, *options: str) -> None:
    plan = pi.run(("piwizard", "plan", *options), check=False)
    assert plan.exit == 0, plan.output


def set_up(lab: Lab, pi: Pi, app: PublicApp) -> None:
    """Set up the app as another site, with only its address and its name."""
    before = pi.read(quickstart.ANSWERS)
    if f"[sites.{app.name}.app]" in before:
        return
    lab.git.commit(app.name, app.files())
    init = f'init = ["{app.init}"]\n' if app.init else ""
    pi.write(quickstart.ANSWERS, before + ANSWERS.format(name=app.name, repo=lab.git.url(app.name)) + init)
    try:
        quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS)
    except BaseException:
        pi.write(quickstart.ANSWERS, before)
        raise


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_public_app_is_set_up_from_its_address(lab: Lab, pi: Pi, app: PublicApp) -> None:
    set_up(lab, pi, app)
    served(pi, app)


@pytest.mark.parametrize("app", NEXT)
def test_public_app_is_updated(lab: Lab, pi: Pi, app: PublicApp) -> None:
    set_up(lab, pi, app)
    commit = lab.git.commit(app.name, {"new.txt": "A new file.\n"})
    pi.run(("piwizard", "deploy", "--site", app.name))
    assert commit[:12] in pi.run(("readlink", f"/srv/{app.name}/current")).output
    served(pi, app)


def test_public_app_needs_an_answer(lab: Lab, pi: Pi) -> None:
    before, app = pi.read(quickstart.ANSWERS), NEEDY
    lab.git.commit(app.name, app.files())
    needy = ANSWERS.format(name=app.name, repo=lab.git.url(app.name))
    wiki = f"/srv/{app.name}/data/wiki"
    try:
        pi.write(quickstart.ANSWERS, before + needy)
        refused = quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS, check=False)
        assert refused.exit == 1
        assert [line for line in refused.output.splitlines() if "app.env.REPOSITORY: the app needs" in line]
        told = f'{needy}env = {{ REPOSITORY = "{wiki}" }}\ninit = ["git init {wiki}"]\n'
        pi.write(quickstart.ANSWERS, before + told)
        quickstart.apply(pi, "--yes", "--answers", quickstart.ANSWERS)
        served(pi, app)
    except BaseException:
        pi.write(quickstart.ANSWERS, before)
        raise


def test_second_apply_of_all_apps_changes_nothing(pi: Pi) -> None:
    nothing_to_do(pi)
    for app in (*APPS, NEEDY):
        assert first_page(pi, app).status == 200
