"""Check that a hostile repository harms only its own user."""

from __future__ import annotations

import ast
import contextlib
import json
from collections.abc import Iterator

import pytest

from tests.lab import hostile, layers, quickstart, sample_app
from tests.lab.eventually import eventually
from tests.lab.lab import Lab
from tests.lab.pi import Pi

FLOOD = 256 << 20
"""Bytes that a command prints during the build."""
EVERY_DAY = ("ext::sh -c touch% /tmp/owned", "../../../../root/private")
"""Addresses of submodules: one that runs a command, and one that leads out of the server's folder."""
ALLOWED = {"wrote /srv/hostile/data/owned"}


@pytest.fixture(scope="module")
def pi(lab: Lab) -> Iterator[Pi]:
    """Return a Pi with a harmless site, and a repository that only root may read."""
    ready = layers.served_pi(lab, "trixie")
    make = "cd /root && git init -q private && cd private && echo hush > secret && git add . && git -c user.name=x "
    ready.run(("sh", "-c", f"{make} -c user.email=x@x commit -qm x && chmod 700 /root /root/private"))
    yield ready
    ready.discard()


def both_sites(lab: Lab, repo: str, more: str = "") -> str:
    tame = sample_app.answers(lab.git.url(layers.REPOSITORY))
    return tame + hostile.answers(lab.git.url(repo), more=more)


def apply(pi: Pi, lab: Lab, repo: str, more: str = "") -> tuple[int, str]:
    pi.write(
        quickstart.ANSWERS,
        both_sites(lab, repo, more),
    )
    result = quickstart.apply(pi, "--answers", quickstart.ANSWERS, check=False)
    return result.exit, result.output + result.errors


def unharmed(pi: Pi) -> None:
    """Assert that nothing outside the app's folders changed.

    The other site still works.
    """
    for path in ("tmp/owned", "etc/owned", "root/owned", "srv/owned", "srv/myflask/owned", "etc/cron.d/owned"):
        assert not (pi.files / path).exists(), path
    assert pi.http("/", host=quickstart.HOST).status == 200


def only_printable(text: str) -> None:
    assert all(line.isprintable() for line in text.split("\n")), [
        one for one in text.split("\n") if not one.isprintable()
    ]


@pytest.mark.parametrize(
    "module",
    [pytest.param(one, marks=() if one in EVERY_DAY else pytest.mark.nightly) for one in hostile.MODULES],
)
def test_submodules_with_odd_addresses_are_refused(lab: Lab, pi: Pi, module: str) -> None:
    name = f"module{hostile.MODULES.index(module)}"
    lab.git.commit(name, {"app.py": hostile.APP, "reach.py": hostile.REACHES}, module=module)
    before = quickstart.manifest(pi.files, ("etc", "srv", "usr/local"))
    code, said = apply(pi, lab, name)
    assert code == 1
    only_printable(said)
    assert "Traceback" not in said
    assert quickstart.manifest(pi.files, ("etc", "srv", "usr/local")) == before
    found = pi.run(("grep", "-rlsx", "hush", "/srv", "/var/cache/piwizard"), check=False).output
    assert found == ""
    unharmed(pi)


def test_build_reaches_nothing(lab: Lab, pi: Pi) -> None:
    lab.git.commit("hostile", hostile.FILES, links=hostile.LINKS)
    code, said = apply(pi, lab, "hostile", f'init = ["python flood.py {FLOOD}"]\n')
    assert code == 0, said[-3000:]
    only_printable(said)
    (reached,) = (pi.files / "srv/hostile/releases").glob("*/venv/lib/*/site-packages/evil_module.py")
    assert json.loads(ast.literal_eval(reached.read_text().removeprefix("REACHED = "))) == []
    unharmed(pi)
    records = pi.run(("du", "-sb", "/var/log/piwizard")).output.split()[0]
    assert int(records) < FLOOD / 4


def test_only_regular_files_are_published(pi: Pi) -> None:
    assert pi.http("/static/style.css", host=hostile.HOST).status == 200
    for path in ("/static/shadow", "/static/etc/passwd", "/static/secrets.json", "/robots.txt", "/instance/passwd"):
        # The app itself requests what is not published; it may read no more than any program of its user.
        answer = pi.http(path, host=hostile.HOST)
        assert answer.headers.get("server") == "nginx"
        assert b"root:$" not in answer.body, path
        assert b"root:*" not in answer.body, path
        assert b"hush" not in answer.body, path
    links = pi.run(("find", "/srv/hostile/current/public", "-type", "l")).output
    assert links == ""


def test_running_app_reaches_nothing(pi: Pi) -> None:
    assert set(json.loads(pi.http("/reached", host=hostile.HOST).text)) <= ALLOWED
    unharmed(pi)


@pytest.mark.nightly
def test_flood_of_log_lines_stays_limited(pi: Pi) -> None:
    with contextlib.suppress(OSError):  # 1 GB takes longer than a visitor waits
        pi.http("/flood", host=hostile.HOST)
    size = pi.run(("journalctl", "--disk-usage")).output
    logged = pi.run(("sh", "-c", "du -sb /var/log/journal /run/log/journal 2>/dev/null | cut -f1")).output.split()
    assert sum(map(int, logged)) < 512 << 20, size
    unharmed(pi)


def test_fork_bomb_ends_at_its_limit(pi: Pi) -> None:
    with contextlib.suppress(OSError):  # it may be killed before it answers
        pi.http("/bomb", host=hostile.HOST)
    tasks = pi.run(("systemctl", "show", "--value", "--property=TasksCurrent", "hostile.service")).output.strip()
    assert tasks == "[not set]" or int(tasks) <= 512
    unharmed(pi)
    pi.run(("systemctl", "restart", "hostile.service"))
    eventually(lambda: pi.http("/", host=hostile.HOST).status == 200)


@pytest.mark.nightly
def test_start_up_error_contains_no_escape_sequences(lab: Lab, pi: Pi) -> None:
    broken = f"{hostile.APP}\nprint({hostile.ESCAPES!r})\nraise RuntimeError({hostile.ESCAPES!r} + ' is why')\n"
    lab.git.commit("hostile", {"app.py": broken})
    pi.write(quickstart.ANSWERS, both_sites(lab, "hostile"))
    result = pi.run(("piwizard", "deploy", "--site", "hostile"), check=False)
    assert result.exit == 1
    only_printable(result.output + result.errors)
    assert "[red]markup[/red]" in result.output + result.errors
    only_printable(pi.run(("piwizard", "logs")).output)
    for command in ("status", "doctor"):
        only_printable(pi.run(("piwizard", command), check=False).output)
    assert pi.http("/", host=hostile.HOST).text == "harmless"
    unharmed(pi)
