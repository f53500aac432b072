"""Check that user data goes only after a yes that names it.

User data are the app's data, answers, and files edited by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.lab import layers, quickstart, sample_app
from tests.lab.dialogue import as_root
from tests.lab.lab import Lab
from tests.lab.pi import Pi

DATA = "/srv/myflask/data"
MINE = {"visitors.db": "what visitors wrote\n" * 100, "uploads/photo.txt": "a photo\n"}
UNIT = "/etc/systemd/system/myflask.service"
OTHER = "/root/other.toml"


@pytest.fixture
def pi(served_pi: Pi) -> Pi:
    """Return a Pi that serves the sample app, with user data."""
    write_data(served_pi)
    return served_pi


def write_data(pi: Pi) -> None:
    for name, text in MINE.items():
        pi.run(("mkdir", "-p", str(Path(DATA, name).parent)), user="myflask")
        pi.run(("tee", f"{DATA}/{name}"), user="myflask", input=text)


def mine(pi: Pi) -> dict[str, str]:
    """Return the user's data as it is now."""
    folder = pi.files / DATA.lstrip("/")
    return {name: (folder / name).read_text() for name in MINE if (folder / name).exists()}


def test_data_is_deleted_only_if_named(pi: Pi) -> None:
    for argv in (
        ("piwizard", "remove", "myflask"),
        ("piwizard", "remove", "myflask", "--json"),
        ("piwizard", "undo", "--all", "--data"),
        ("piwizard", "undo", "--all", "--data", "--json"),
        ("piwizard", "undo", "app", "--data", "--yes", "--site", "never"),
    ):
        refused = pi.run(argv, check=False)
        assert mine(pi) == MINE, argv
        assert "never" in argv or refused.exit == 1, argv
        if "never" not in argv:
            assert re.search(rf"{DATA} \(3 files, [\d.]+ kB\)", refused.output + refused.errors), argv
    quickstart.serves(pi)

    asked = as_root(pi, "piwizard", "remove", "myflask")
    asked.answer("Remove the site myflask: its code, service, server block, answers and secrets? [y/N]", "y")
    asked.answer(f"Also delete {DATA} (3 files, ")
    assert asked.end(120) == 0
    assert mine(pi) == MINE
    assert pi.run(("ls", "-A", "/srv/myflask")).output == "data\ndata.setup\n"


@pytest.mark.nightly
def test_data_survives_the_removal_and_return_of_its_site(lab: Lab, pi: Pi) -> None:
    """Keep data that existed when piwizard set up its site again."""
    pi.run(("piwizard", "remove", "myflask", "--keep-data"))
    quickstart.set_up(pi, lab.git.url(layers.REPOSITORY))
    quickstart.serves(pi)
    assert mine(pi) == MINE
    kept = pi.run(("piwizard", "remove", "myflask", "--keep-data")).output
    assert mine(pi) == MINE
    assert f"{DATA} (3 files, " in kept.rpartition("Still there: ")[2]
    quickstart.set_up(pi, lab.git.url(layers.REPOSITORY))
    pi.write("/srv/myflask/notes.txt", "mine\n")
    pi.run(("chmod", "-R", "a=", DATA))
    said = pi.run(("piwizard", "remove", "myflask", "--yes")).output
    assert f"Deleting {DATA} (3 files, " in said
    assert pi.run(("ls", "-A", "/srv/myflask")).output == "notes.txt\n"
    assert pi.read("/srv/myflask/notes.txt") == "mine\n"
    assert "Still there: /srv/myflask with notes.txt; the user myflask" in said
    assert "restored" not in said.partition("== Undo App (myflask)")[2].partition("\n==")[0]

    (pi.files / "srv/myflask/notes.txt").unlink()
    said = pi.run(("piwizard", "remove", "myflask", "--yes")).output
    assert "Nothing of it is left." in said
    assert not (pi.files / "srv/myflask").exists()
    assert not pi.run(("id", "myflask"), check=False).ok


def test_undo_all_deletes_data_and_keeps_other_files(pi: Pi) -> None:
    pi.write("/srv/myflask/notes.txt", "mine\n")
    said = pi.run(("piwizard", "undo", "--all", "--data", "--yes")).output
    assert f"Deleting {DATA} (3 files, " in said
    assert not (pi.files / DATA.lstrip("/")).exists()
    assert pi.read("/srv/myflask/notes.txt") == "mine\n"


@pytest.mark.nightly
def test_other_answers_file_removes_no_site(lab: Lab, pi: Pi) -> None:
    before = json.loads(pi.run(("piwizard", "status", "--json")).output)
    lab.git.commit("blog", {**sample_app.FILES, "app.py": sample_app.APP.replace("It works. ", "The blog. ")})
    pi.write(OTHER, sample_app.answers(lab.git.url("blog"), name="blog", domain="blog.example.org"))
    said = quickstart.apply(pi, "--answers", OTHER)
    assert f"myflask is set up but not in {OTHER}. It stays as it is and keeps its answers." in said.errors
    assert pi.http("/", host="blog.example.org").text.startswith("The blog.")
    quickstart.serves(pi)
    after = json.loads(pi.run(("piwizard", "status", "--json")).output)
    of_myflask = [[one for one in found["steps"] if one["site"] == "myflask"] for found in (before, after)]
    assert [one["state"] for one in of_myflask[1]] == [one["state"] for one in of_myflask[0]]
    assert pi.run(("piwizard", "plan"), check=False).exit == 0

    renamed = pi.read("/root/answers.toml").replace('name = "myflask"', 'name = "shop"')
    pi.write(OTHER, renamed)
    refused = quickstart.apply(pi, "--answers", OTHER, check=False)
    assert refused.exit == 1
    assert "but the site myflask is set up with it" in refused.errors
    assert "Name the site myflask in the file" in refused.errors

    # A site that is missing in the machine's own file is shown, too, and can be removed.
    pi.write(
        "/etc/xdg/piwizard/answers.toml",
        sample_app.answers(lab.git.url("blog"), name="blog", domain="blog.example.org"),
    )
    status = pi.run(("piwizard", "status"))
    assert "the answers have no site myflask. Run `piwizard remove myflask` to remove it" in status.output
    assert mine(pi) == MINE
    said = pi.run(("piwizard", "remove", "myflask", "--yes")).output
    assert "Nothing of it is left." in said
    assert not (pi.files / "srv/myflask").exists()
    assert pi.http("/", host="blog.example.org").text.startswith("The blog.")
    assert "blog" in pi.read("/etc/xdg/piwizard/answers.toml")


def test_undo_restores_a_file_edited_by_hand(pi: Pi) -> None:
    edits = {}
    for path in (UNIT, "/etc/nginx/nginx.conf", "/etc/nginx/sites-available/myflask"):
        edits[path] = f"{pi.read(path)}# mine: {path}\n"
    edits["/etc/nginx/nginx.conf"] = edits["/etc/nginx/nginx.conf"].replace("gzip_comp_level", "# gzip_comp_level")
    for path, text in edits.items():
        pi.write(path, text)
    refused = quickstart.apply(pi, check=False)
    assert refused.exit == 1
    assert {path: pi.read(path) for path in edits} == edits
    said = quickstart.apply(pi, "--yes").output
    quickstart.serves(pi)
    for path, text in edits.items():
        if pi.read(path) == text:
            continue  # piwizard's own lines were unchanged
        (kept,) = re.findall(rf"wrote {re.escape(path)} \(the previous version is kept as (\S+)\)", said)
        assert pi.read(kept) == text
    assert pi.read(UNIT) != edits[UNIT]
    pi.run(("piwizard", "undo", "--all", "--yes"))
    assert {path: pi.read(path) for path in edits} == edits
