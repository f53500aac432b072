"""Test which answers files are accepted, and that refusals name key and line."""

from __future__ import annotations

import re

import pytest

from piwizard.answers import file_reader
from piwizard.answers.model import Answers
from piwizard.errors import PiwizardError
from piwizard.steps.registry import all_questions

WHOLE = """\
[site]
name = "myflask"
domains = ["songuuli2020.ddns.net", "www.songuuli2020.ddns.net"]

[app]
repo = "https://github.com/someone/myflask.git"
branch = "main"
entry = "app:app"
requirements = "requirements.txt"
python = "python3"
writable = ["result.json", "instance"]
static = { "/static/" = "static" }
env = { SECRET_KEY = { generate = 32 }, FLASK_ENV = "production", API_KEY = { env = "API_KEY" } }
init = ["flask --app flaskr init-db"]

[gunicorn]
workers = 2
threads = 4

[sites.blog.site]
domains = ["blog.example.org"]

[sites.blog.app]
repo = "/srv/git/blog.git"
"""


def parse(content):
    return file_reader.parse(content, all_questions())


def refused(content):
    with pytest.raises(PiwizardError) as error:
        parse(content)
    return error.value


def test_complete_file_is_read():
    found = parse(WHOLE)
    assert list(found.sites) == ["myflask", "blog"]
    first, blog = found.of("myflask"), found.of("blog")
    assert first["app.env"]["SECRET_KEY"] == {"generate": 32}
    assert first.get("gunicorn.workers") == 2
    assert (blog.get("gunicorn.workers"), blog["site.name"]) == (None, "blog")
    assert blog.get("app.branch", "none") == "none"
    assert "app.repo" not in found.of(None).values


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "[site]\n"])
def test_empty_file_has_no_answers(content):
    assert not parse(content).sites


def test_incomplete_answers_are_read():
    found = parse('[app]\nrepo = "/srv/git/a.git"\n')
    assert not found.sites
    assert found.of(None)["app.repo"] == "/srv/git/a.git"
    assert parse('[site]\nname = "a"\n').of("a").values == {"site.name": "a"}


def test_unknown_site_is_refused_with_the_known_ones():
    with pytest.raises(PiwizardError, match=r"The answers have no site shop. They have: myflask, blog"):
        parse(WHOLE).of("shop")
    with pytest.raises(PiwizardError, match=r"none yet"):
        parse("").of("shop")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[gunicorn]", "[gunicron]", "line 16: gunicron is unknown. Known: "),
        ("workers = 2", "worker = 2", "line 17: gunicorn.worker is unknown. Known: "),
        ("[sites.blog.app]", "[sites.blog.skip]", "line 23: sites.blog.skip is unknown"),
        ('repo = "/srv', 'reop = "/srv', "line 24: sites.blog.app.reop is unknown"),
        ("workers = 2", 'workers = "two"', "line 17: gunicorn.workers must be a whole number from 1"),
        ("workers = 2", "workers = 2000", "line 17: gunicorn.workers must be a whole number from 1"),
        ("workers = 2", "workers = true", "line 17: gunicorn.workers must be a whole number"),
        ('name = "myflask"', 'name = "my flask"', "line 2: site.name must be 1 to 31 lowercase letters"),
        ('name = "myflask"', 'name = "my\\nflask"', "line 2: site.name must be 1 to 31 lowercase letters"),
        ('name = "myflask"', 'name = "../etc"', "line 2: site.name must be"),
        ('name = "myflask"', 'name = "-rf"', "line 2: site.name must be"),
        ('name = "myflask"', "name = 5", "line 2: site.name must be"),
        ('name = "myflask"', 'name = "root"', "line 2: site.name must not be root"),
        ('name = "myflask"', 'name = "blog"', "sites.blog.site.name must be blog and unique"),
        ("songuuli2020.ddns.net", "a; return 200", "line 3: site.domains must look like myapp.ddns.net"),
        ("songuuli2020.ddns.net", "a{}", "line 3: site.domains must look like myapp.ddns.net"),
        ("songuuli2020.ddns.net", "a'b.example", "line 3: site.domains must look like myapp.ddns.net"),
        ("songuuli2020.ddns.net", "-a.example", "line 3: site.domains must look like myapp.ddns.net"),
        ('domains = ["songuuli2020.ddns.net", "www.songuuli2020.ddns.net"]', "domains = []", "line 3: site.domains"),
        ('domains = ["songuuli2020.ddns.net", "www.songuuli2020.ddns.net"]', 'domains = "a.b"', "must be a list of 1"),
        (
            "blog.example.org",
            "songuuli2020.ddns.net",
            "site.domains gives songuuli2020.ddns.net to myflask and to blog",
        ),
        ("https://github.com/someone/myflask.git", "--upload-pack=reboot", "line 6: app.repo must be the address"),
        ("https://github.com/someone/myflask.git", "ext::sh -c reboot", "line 6: app.repo must be the address"),
        ('branch = "main"', 'branch = "a..b"', "line 7: app.branch must be the name"),
        ('entry = "app:app"', 'entry = "app"', "line 8: app.entry must be like"),
        (
            'requirements = "requirements.txt"',
            'requirements = "/etc/passwd"',
            "line 9: app.requirements must be a path",
        ),
        ('python = "python3"', 'python = "bash"', "line 10: app.python must be"),
        ('"result.json", ', '"../secrets", ', "line 11: app.writable must be a path in the repo"),
        ('"/static/" =', '"static" =', "line 12: app.static has the URL prefix"),
        ("{ generate = 32 }", "32", "line 13: app.env must set SECRET_KEY to a text"),
        ("{ generate = 32 }", '{ secret = "x" }', "line 13: app.env must be { env"),
        ("FLASK_ENV =", '"FLASK ENV" =', "line 13: app.env has the name 'FLASK ENV'"),
        ("flask --app flaskr init-db", "flask init; reboot", "line 14: app.init runs without a shell"),
        ("[sites.blog.app]", "[sites.Blog.app]", "line 23: sites.Blog must be 1 to 31 lowercase letters"),
        ("[sites.blog.app]", '[sites."a b".app]', "line 23: sites.a b must be"),
    ],
)
def test_invalid_answer_is_refused_with_its_line(old, new, message):
    assert old in WHOLE
    error = refused(WHOLE.replace(old, new, 1))
    assert message in error.message
    assert error.message.startswith("answers.toml")
    assert error.key
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[site\n", "answers.toml is not valid TOML: "),
        ("[site]\nname = a\n", "(at line 2, column 8)"),
        ("gunicorn = 5\n", "line 1: gunicorn must be a table: [gunicorn]"),
        ("sites = 5\n", "line 1: sites must contain tables such as [sites.blog.app]"),
        ("[sites]\nblog = 5\n", "line 2: sites.blog must be a table"),
        ('[skip]\nsteps = ["nginx"]\n', "line 2: skip.steps names 'nginx', which cannot be skipped"),
        ('[skip]\nsteps = ["bicycle"]\n', "line 2: skip.steps names 'bicycle'"),
        ('[skip]\nsteps = "router"\n', "line 2: skip.steps must be a list"),
    ],
)
def test_file_of_another_form_is_refused(content, message):
    assert message in refused(content).message


def test_unreadable_file_is_refused(tmp_path):
    with pytest.raises(PiwizardError, match="does not exist") as missing:
        file_reader.parse(file_reader.read(tmp_path / "gone.toml"), all_questions())
    assert "--answers FILE" in str(missing.value.hint)
    with pytest.raises(PiwizardError, match="cannot be read"):
        file_reader.parse(file_reader.read(tmp_path), all_questions())
    (tmp_path / "latin.toml").write_bytes(b'[site]\nname = "caf\xe9"\n')
    with pytest.raises(PiwizardError, match="cannot be read"):
        file_reader.parse(file_reader.read(tmp_path / "latin.toml"), all_questions())
    (tmp_path / "mine.toml").write_text("[color]\n")
    with pytest.raises(PiwizardError, match=r"^mine\.toml line 1: color"):
        file_reader.parse(file_reader.read(tmp_path / "mine.toml"), all_questions(), "mine.toml")


def test_repr_of_answers_has_no_secret():
    assert "tulips" not in repr(Answers("myflask", {}, {"app.env.API_KEY": "tulips"}))


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('[app.processes]\nok = "python a.py"\nlogger = "a; b"', "line 6: app.processes.logger runs without a shell"),
        ('[app.processes]\nok = "python a.py"\nLogger = "a"', "line 4: app.processes has the name 'Logger'"),
        ('[app.schedule]\n"hourly" = "a"\n"every 7 hours" = "b"', "line 6: app.schedule.every 7 hours repeats every 7"),
        ('[app.schedule]\n"hourly" = "a"\n"Mon *-*-* 3:00:00.5" = ""', "line 6: app.schedule.Mon *-*-* 3:00:00.5 must"),
    ],
)  # fmt: skip
def test_member_of_a_table_is_named_with_its_line(table, sentence):
    error = refused(f'[site]\nname = "blog"\n\n{table}\n')
    assert f"answers.toml {sentence}" in error.message


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[sites.a.site]\npath = "camera"\n', "line 5: sites.a.site.path must be like"),
        ('[sites.a.site]\npath = "/camera/"\n', "line 5: sites.a.site.path must be like"),
        ('[sites.a.site]\npath = "/a/../b"\n', "line 5: sites.a.site.path must be like"),
        ("[sites.a.site]\npath = 5\n", "line 5: sites.a.site.path must be a text"),
        ('[sites.a.site]\npath = "/.well-known/x"\n', "line 5: sites.a.site.path must not be inside"),
        (
            '[sites.a.site]\ndomains = ["pi.example.org"]\npath = "/a"\n'
            '[sites.b.site]\ndomains = ["pi.example.org"]\npath = "/a/b"\n',
            "line 9: sites.b.site.path is /a/b, which overlaps /a of a at pi.example.org",
        ),
        ('[app]\nupload_limit = "much"\n', "line 5: app.upload_limit must be a whole number from 1 to 10240"),
        ("[app]\nupload_limit = 0\n", "line 5: app.upload_limit must be a whole number from 1 to 10240"),
    ],
)
def test_path_and_upload_limit_that_do_not_fit_are_refused_with_their_line(more, words):
    text = f'[site]\nname = "first"\ndomains = ["pi.example.org"]\n{more}'
    with pytest.raises(PiwizardError, match=re.escape(words)):
        file_reader.parse(text, all_questions())


def test_sites_share_a_domain_by_their_paths_and_those_come_last():
    text = """
[site]
name = "camera"
domains = ["pi.example.org"]
path = "/camera"
[sites.top.site]
domains = ["pi.example.org"]
[sites.plants.site]
domains = ["pi.example.org"]
path = "/plants"
"""
    assert list(file_reader.parse(text, all_questions()).sites) == ["top", "camera", "plants"]
