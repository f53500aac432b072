"""Check that processes left by a repository change no file of other users."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Iterator

import pytest

from tests.lab import attackers, product, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.pi import Pi

pytestmark = pytest.mark.both_releases
SLOWEST = 240
"""Maximum seconds for a command of piwizard during an attack."""


@pytest.fixture(scope="module")
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi with a harmless site, root's files, and the site of the attacker."""
    lab.git.commit("tame", sample_app.FILES)
    lab.git.commit("stayer", attackers.files())
    ready = product.ready_pi(lab, release)
    quickstart.set_up(ready, lab.git.url("tame"))
    attackers.plant(ready)
    ready.before = attackers.sentinels(ready)  # type: ignore[attr-defined]
    ready.write(quickstart.ANSWERS, sample_app.answers(lab.git.url("tame")) + attackers.answers(lab.git.url("stayer")))
    quickstart.apply(ready, "--answers", quickstart.ANSWERS)
    yield ready
    ready.discard()


def unharmed(pi: Pi) -> None:
    """Assert that files of root and alex are unchanged and the other site works."""
    now, before = attackers.sentinels(pi), pi.before  # type: ignore[attr-defined]
    changed = {path: (before.get(path), now.get(path)) for path in before | now if before.get(path) != now.get(path)}
    assert changed == {}
    assert pi.http("/", host=quickstart.HOST).status == 200


def command(pi: Pi, *argv: str) -> str:
    """Run a command of piwizard that must end in time."""
    result = pi.run(("timeout", str(SLOWEST), "piwizard", *argv), check=False)
    assert result.exit != 124, f"{argv} was held up: {result.output[-2000:]}"
    return result.output + result.errors


def alive(pi: Pi, user: str) -> str:
    """Return the processes of a user outside the service of that name."""
    lines = pi.run(("ps", "-ww", "-u", user, "-o", "cgroup:200=,pid=,args="), check=False).output.splitlines()
    return "\n".join(line for line in lines if f"/{user}.service" not in line.split()[0])


def test_setup_changes_no_owner_of_roots_files(pi: Pi) -> None:
    unharmed(pi)
    assert pi.http("/", host=attackers.HOST).text == "stays"


def test_build_leaves_no_process(pi: Pi) -> None:
    assert alive(pi, "piwizard-build") == ""
    assert alive(pi, attackers.NAME) == ""


def test_build_sees_no_other_processes(pi: Pi) -> None:
    (probe,) = (pi.files / f"srv/{attackers.NAME}/releases").glob("*/venv/lib/*/site-packages/probe_of_the_build.py")
    seen = json.loads(ast.literal_eval(probe.read_text().removeprefix("SEEN = ")))
    assert seen["uid"] != int(pi.run(("id", "-u", attackers.NAME)).output)
    assert (seen["home"], seen["temporary"], seen["environments"]) == ([], [], [])


def test_code_and_environment_belong_to_root(pi: Pi) -> None:
    found = pi.run(("find", f"/srv/{attackers.NAME}/releases", "!", "-user", "root")).output
    # The app changes its own folder meanwhile, so that find misses a file there.
    special = pi.run(("find", f"/srv/{attackers.NAME}", "-perm", "/7000"), check=False).output
    assert (found, special) == ("", "")


def test_deploys_are_safe_while_the_app_swaps_folders(lab: Lab, pi: Pi) -> None:
    """Deploy, apply and check as root while the app swaps folders for links.

    This takes two minutes.
    """
    until, number = time.monotonic() + attackers.STAY_SECONDS, 0
    while time.monotonic() < until:
        number += 1
        lab.git.commit("stayer", {"version": f"{number}\n"})
        said = command(pi, "deploy", "--site", attackers.NAME)
        for argv in (("status",), ("plan",), ("doctor",), ("apply", "--yes")):
            command(pi, *argv)
        unharmed(pi)
    assert number, said
    seen = json.loads(pi.http("/compiled", host=attackers.HOST).text)
    if pi.run(("systemctl", "--version")).output.split()[1] >= "257":
        assert seen["environments"] == [], "a command of the app can read the running app's memory"
    assert seen["temporary"] == []


def test_shared_memory_of_the_app_is_private_and_limited(pi: Pi) -> None:
    shared = json.loads(pi.http("/shared", host=attackers.HOST).text)
    assert [name for name in shared["files"] if name.startswith("left-behind")]
    assert pi.run(("find", "/dev/shm", "-name", "left-behind*")).output == ""
    total = int(pi.read("/proc/meminfo").split()[1]) * 1024
    assert shared["size"] <= total * 0.26


def test_local_repository_stays_unchanged(pi: Pi) -> None:
    """Set up from a folder of alex, whose repository stays complete and hers."""
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "safe.directory=*", "-C", "/home/alex/app")
    pi.run(("install", "-d", "-o", "alex", "-g", "alex", "/home/alex/app"))
    for path, content in {"app.py": sample_app.APP, "requirements.txt": "flask\n"}.items():
        pi.write(f"/home/alex/app/{path}", content)
    for argv in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        pi.run((*git, *argv))
    pi.run(("chown", "-R", "alex:", "/home/alex/app"))
    before = quickstart.manifest(pi.files, ("home/alex/app",))
    site = '\n[sites.local.site]\ndomains = ["local.example.org"]\n[sites.local.app]\nrepo = "/home/alex/app"\n'
    pi.write(quickstart.ANSWERS, pi.read(quickstart.ANSWERS) + site)
    said = command(pi, "apply", "--answers", quickstart.ANSWERS)
    assert pi.http("/", host="local.example.org").status == 200, said
    assert quickstart.manifest(pi.files, ("home/alex/app",)) == before
    checked = pi.run(("git", "-C", "/home/alex/app", "fsck", "--strict"), user="alex", check=False)
    assert (checked.exit, "error" in checked.output + checked.errors) == (0, False)
    linked = pi.run(("find", "/home/alex/app", "/srv/local", "-type", "f", "-links", "+1")).output
    assert linked == ""


def test_removal_is_safe_while_the_app_swaps_folders(pi: Pi) -> None:
    said = command(pi, "remove", attackers.NAME, "--yes")
    assert not (pi.files / "srv" / attackers.NAME).exists(), said
    unharmed(pi)
