"""Test which changes the app step plans for code and answers."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from piwizard.apps.app_config import AppConfig
from piwizard.apps.environment_packages import DEFAULT_FLASK, DEFAULT_GUNICORN, NEWER_GUNICORN
from piwizard.errors import ConsentMissing, PiwizardError
from piwizard.steps.app import App
from piwizard.steps.gunicorn import Gunicorn
from piwizard.system import paths

from .conftest import COMMIT, FLASK, of_kind

SRC_LAYOUT = {
    "src/shop/__init__.py": "from flask import Flask\n\ndef create_app():\n    return Flask(__name__)\n",
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndependencies = ["flask"]\n'
    "[tool.setuptools.packages.find]\nwhere = ['src']\n",
}


@pytest.fixture
def plan(context, answers):
    def made(files=None, more="", **secrets):
        return App().plan(context(files), answers(more, **secrets))

    return made


def test_release_is_planned_with_user_data_and_environment(plan):
    changes = plan({"app.py": FLASK, "requirements.txt": "flask\n"})
    (checkout,) = of_kind(changes, "checkout")
    assert checkout.folder == Path("/srv/blog/releases") / COMMIT[:12]
    assert (checkout.commit, checkout.group) == (COMMIT, "blog")
    user, builder = of_kind(changes, "user")
    assert (user.name, user.home) == ("blog", Path("/srv/blog"))
    assert builder.name != user.name, "code of packages cannot change the app's data while pip installs them"
    data = next(change for change in of_kind(changes, "folder") if change.path.name == "data")
    assert (data.mode, data.owner.user, data.whole) == (0o750, "blog", False), "what the app wrote survives an undo"
    (environment,) = of_kind(changes, "environment")
    assert list(environment.pip.calls()) == [("-r", "requirements.txt"), (DEFAULT_GUNICORN,)]
    assert environment.pip.inputs == ("requirements.txt",)
    assert environment.group == "blog"


def test_setup_commands_run_as_the_app_user(plan):
    changes = plan(None, '\ninit = ["flask --app app init-db", "python -m tool \'a b\'"]')
    commands = of_kind(changes, "command")
    assert [command.argv for command in commands[:2]] == [
        ("flask", "init-db"),
        ("python", "-m", "tool", "a b"),
    ]
    assert commands[0].env["FLASK_APP"] == "app", "Flask before 2.2 has no --app"
    assert commands[0].proves == ("flask", "init-db"), "the same command, whatever the entry is called"
    assert {command.user for command in commands} == {"blog"}
    assert {command.env["HOME"] for command in commands} == {"/srv/blog/data"}
    markers = [command.marker for command in commands]
    assert len(set(markers)) == 3
    assert not [marker for marker in markers if "data" in marker.parts], "the app could forge its marker"


def test_setup_command_is_known_by_its_text(plan):
    first, *_ = of_kind(plan(None, '\ninit = ["a", "b"]'), "command")
    *_, second, _trial = of_kind(plan(None, '\ninit = ["b", "a"]'), "command")
    assert first.marker == second.marker


def test_secrets_are_in_the_environment_and_in_no_argv(plan):
    changes = plan(None, "\nenv = { KEY = { generate = 32 }, MODE = 'x' }", KEY="hunter2hunter2")
    trial = of_kind(changes, "command")[-1]
    assert trial.env["KEY"] == "hunter2hunter2"
    assert trial.env["MODE"] == "x"
    assert "hunter2" not in repr(changes)


def test_factory_in_a_src_layout_is_started(plan, answers, context):
    changes = plan(SRC_LAYOUT)
    trial = of_kind(changes, "command")[-1]
    assert any("create_app()" in word for word in trial.argv)
    assert trial.env["PYTHONPATH"] == f"/srv/blog/releases/{COMMIT[:12]}/app/src"


def test_persistent_path_inside_another_is_kept_once(plan):
    kept = of_kind(plan(None, '\nwritable = ["instance/app.db", "instance", "instances", "data.json"]'), "keep")
    assert [change.path for change in kept] == ["instance", "instances", "data.json"]


def test_static_files_are_published(plan):
    files = {"app.py": FLASK, "static/style.css": "", "static/robots.txt": "", "templates/x.html": ""}
    (publish,) = of_kind(plan(files), "publish")
    assert dict(publish.paths) == {"static": "static", "robots.txt": "static/robots.txt"}
    assert publish.public == Path("/srv/blog/releases") / COMMIT[:12] / "public"


@pytest.mark.parametrize(
    ("files", "more", "key", "words"),
    [
        ({"README": "nothing"}, "", "app.entry", "No Flask app"),
        ({"shop.py": FLASK, "blog.py": FLASK}, "", "app.entry", "blog:app"),
        (None, '\nrequirements = "gone.txt"', "app.requirements", "gone.txt"),
        (None, '\nstatic = { "/static/" = "gone" }', "app.static", "gone"),
    ],
)
def test_app_that_cannot_be_planned_is_refused_by_key(plan, files, more, key, words):
    with pytest.raises(PiwizardError, match=words) as refused:
        plan(files, more)
    assert refused.value.key == key


def test_plan_without_a_repository_is_refused(context, answers):
    with pytest.raises(PiwizardError, match=r"app\.repo"):
        App().plan(context(source=None), answers())


def test_packages_without_a_list_come_from_imports(plan):
    changes = plan({"app.py": FLASK + "import flask_wtf, unheard_of\n"})
    (environment,) = of_kind(changes, "environment")
    assert list(environment.pip.calls()) == [("flask-wtf",), (DEFAULT_GUNICORN, DEFAULT_FLASK)]
    assert (environment.pip.inputs, environment.pip.lines) == ((), ())


def test_flask_is_added_if_the_list_lacks_it(plan):
    (environment,) = of_kind(plan({"app.py": FLASK, "requirements.txt": "psycopg2\n"}), "environment")
    assert list(environment.pip.calls()) == [("-r", "requirements.txt"), (DEFAULT_GUNICORN, DEFAULT_FLASK)]


POETRY = """
[tool.poetry]
package-mode = false
[tool.poetry.dependencies]
click = "*"
"""
POETRY_LOCK = "".join(f'[[package]]\nname = "{name}"\nversion = "1.0"\n' for name in ("Flask", "gunicorn", "click"))


@pytest.mark.parametrize(
    ("files", "added", "pins"),
    [
        ({"requirements.txt": "flask\ngunicorn==23.0.0\n"}, (), ()),
        ({"requirements.txt": "flask\ngunicorn\n"}, (), ()),
        ({"requirements.txt": "flask\ngunicorn~=20.1\n"}, (NEWER_GUNICORN,), ()),
        (
            {"requirements.txt": "flask\n-r more.txt\n", "more.txt": "Gunicorn[tornado]==20.0.4\n"},
            (NEWER_GUNICORN,),
            (),
        ),
        (
            {"requirements.txt": "redis\n-c fixed.txt\n", "fixed.txt": "flask==1.1\ngunicorn==19.9\n"},
            (DEFAULT_GUNICORN, DEFAULT_FLASK),
            ("flask==1.1",),
        ),
        ({"requirements.txt": "Werkzeug==2.0.1\n"}, (DEFAULT_GUNICORN, DEFAULT_FLASK), ("Werkzeug==2.0.1",)),
        (
            {"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK},
            (DEFAULT_GUNICORN, DEFAULT_FLASK),
            ("Flask==1.0", "click==1.0"),
        ),
        ({"pyproject.toml": POETRY}, (DEFAULT_GUNICORN, DEFAULT_FLASK), ()),
    ],
)
def test_gunicorn_and_flask_are_added_after_the_list(plan, files, added, pins):
    (environment,) = of_kind(plan({"app.py": FLASK} | files), "environment")
    assert (environment.pip.added, environment.pip.pins) == (added, pins)


def test_old_gunicorn_of_a_list_is_replaced_with_a_notice(plan):
    changes = plan({"app.py": FLASK, "requirements.txt": "flask\ngunicorn==20.0.4\n"})
    (notice,) = [one for one in of_kind(changes, "notice") if "gunicorn" in one.sentence]
    assert "gunicorn==20.0.4, which is too old" in notice.sentence


FROZEN = "flask==3.0.3\npywin32==306\nclick==8.1.7\npkg-resources==0.0.0\nnumpy @ file:///C:/b/abs_9\n"


def test_unusable_requirements_are_refused_until_the_answers_skip_them(plan):
    files = {"app.py": FLASK, "requirements.txt": FROZEN}
    with pytest.raises(ConsentMissing, match=r"pywin32==306 \(line 2\): it is for Windows only; pkg-res") as refused:
        plan(files)
    assert refused.value.key == "app.skip_requirements"
    proposed = refused.value.hint.rpartition(": ")[2]
    (environment,) = of_kind(plan(files, f"\n{proposed}"), "environment")
    assert environment.pip.lines == ("flask==3.0.3", "click==8.1.7", "numpy")
    assert environment.pip.arguments == ()


IN_HOME = "import sqlite3\n" + FLASK + "sqlite3.connect('/home/pi/sensor/readings.db')\n"


def test_paths_of_the_author_are_in_the_data(plan):
    changes = plan({"app.py": IN_HOME})
    trial = of_kind(changes, "command")[-1]
    assert trial.binds == ((Path("/srv/blog/data"), Path("/home/pi/sensor")),)
    assert any("/srv/blog/data/readings.db" in one.sentence for one in of_kind(changes, "notice"))


def test_folders_that_the_paths_need_are_created_by_the_app_user(plan):
    changes = plan({"app.py": f"{IN_HOME}open('/home/pi/sensor/log/a.txt', 'a')\n"})
    first = of_kind(changes, "command")[0]
    assert (first.argv, first.user) == (("mkdir", "-p", "--", "/srv/blog/data/log"), "blog")


HOME_FILES = f"import os, sqlite3\n{FLASK}sqlite3.connect(os.path.expanduser('~/sensor/readings.db'))\n"


def test_folders_in_the_home_folder_are_created_and_named(plan):
    changes = plan({"app.py": HOME_FILES})
    assert of_kind(changes, "command")[0].argv == ("mkdir", "-p", "--", "/srv/blog/data/sensor")
    assert of_kind(changes, "command")[-1].env["HOME"] == "/srv/blog/data"
    (said,) = [one.sentence for one in of_kind(changes, "notice") if "~" in one.sentence]
    assert "/srv/blog/data/sensor/readings.db" in said


def test_path_with_an_unexpanded_tilde_is_named_with_the_change(plan):
    changes = plan({"app.py": f"{FLASK}open('~/log/a.csv', 'a')\n"})
    (said,) = [one.sentence for one in of_kind(changes, "notice") if "~" in one.sentence]
    assert 'os.path.expanduser("~/log/a.csv")' in said
    assert not [one for one in of_kind(changes, "command") if one.argv[0] == "mkdir"]


def test_file_of_the_repository_below_the_home_folder_is_named(plan):
    code = f"import os\n{FLASK}open(os.path.expanduser('~/lamp/settings.json'))\n"
    changes = plan({"app.py": code, "settings.json": "{}"})
    (said,) = [one.sentence for one in of_kind(changes, "notice") if "~" in one.sentence]
    assert "settings.json of the repository" in said
    assert not [one for one in of_kind(changes, "command") if one.argv[0] == "mkdir"]


@pytest.mark.parametrize(
    ("answer", "binds", "writable"),
    [
        ('{ "/home/pi" = "data" }', ((Path("/srv/blog/data"), Path("/home/pi")),), 1),
        ("{}", (), 1),
        ('{ "/mnt/usb" = "/mnt/usb" }', (), 2),
    ],
)
def test_answer_says_what_the_app_sees_at_a_path(plan, answer, binds, writable):
    trial = of_kind(plan({"app.py": IN_HOME}, f"\npaths = {answer}"), "command")[-1]
    assert (trial.binds, len(trial.writable)) == (binds, writable)


def test_path_on_a_disk_is_named_with_the_answers_that_it_can_have(plan):
    changes = plan({"app.py": FLASK + "open('/mnt/usb/photos/a.jpg', 'wb')\n"})
    (notice,) = [one.sentence for one in of_kind(changes, "notice") if "/mnt/usb" in one.sentence]
    for line in re.findall(r"paths = \{[^}]*\}", notice):
        assert "/mnt/usb/photos" in line
        plan({"app.py": FLASK}, f"\n{line}")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ('{ "/etc" = "data" }', "must be below /home"),
        ('{ "/home/pi/../anna" = "data" }', "must be below /home"),
        ('{ "/home/pi" = "/home/pi" }', 'must say "data" or "code" for /home/pi'),
        ('{ "/home/pi" = "data", "/home/pi/a" = "code" }', "inside /home/pi"),
        ('"/home/pi"', "must be a table"),
    ],
)
def test_invalid_path_is_refused_with_its_line(answers, answer, words):
    with pytest.raises(PiwizardError, match=rf"line \d+: app\.paths .*{words}"):
        answers(f"\npaths = {answer}")


@pytest.mark.parametrize("answer", ['"pywin32"', "[3]", '["a\\u0007b"]'])
def test_invalid_list_of_skipped_requirements_is_refused_with_its_line(answers, answer):
    with pytest.raises(PiwizardError, match=r"line \d+: app\.skip_requirements must"):
        answers(f"\nskip_requirements = {answer}")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"requirements.txt": "flask\n"}, "names numpy, and requirements.txt has no such package or line"),
        ({}, "names numpy, and the app has no list of packages"),
    ],
)
def test_skipped_requirement_that_the_list_lacks_is_refused(plan, files, sentence):
    with pytest.raises(PiwizardError, match=sentence) as refused:
        plan({"app.py": FLASK} | files, '\nskip_requirements = ["numpy"]')
    assert refused.value.key == "app.skip_requirements"


@pytest.mark.parametrize(("asked", "needed"), [("Psycopg2==2.9", True), ("psycopg2-binary", False)])
def test_debian_packages_are_planned_for_known_distributions(plan, asked, needed):
    packages, *_ = of_kind(plan({"app.py": FLASK, "requirements.txt": f"Flask\n{asked}\n"}), "package")
    assert ("libpq-dev" in packages.names) == needed


@pytest.mark.parametrize(
    ("read", "more", "told"),
    [
        ("os.environ['SERVER_NAME']", "", "blog.example.org"),
        ("os.environ['SERVER_NAME']", "\nenv = { SERVER_NAME = 'other.example' }", "other.example"),
        ("os.environ.get('SERVER_NAME')", "", None),
    ],
)
def test_server_name_is_set_for_code_that_needs_it(plan, read, more, told):
    changes = plan({"app.py": f"{FLASK}import os\napp.config['SERVER_NAME'] = {read}\n"}, more)
    assert of_kind(changes, "command")[-1].env.get("SERVER_NAME") == told


def test_files_are_built_for_each_release_before_publishing(plan):
    changes = plan(None, '\ninit = ["flask translate compile", "flask init-db", "flask db upgrade"]')
    compiled, once, upgraded, _trial = of_kind(changes, "command")
    release = Path("/srv/blog/releases") / COMMIT[:12]
    assert (compiled.makes, compiled.marker.parent) == (release / "app", release / "prepared")
    assert (once.makes, once.marker.parent) == (None, Path("/srv/blog/data.setup"))
    assert (upgraded.makes, upgraded.marker.parent) == (None, release / "prepared")
    assert changes.index(compiled) < changes.index(of_kind(changes, "publish")[0])


def test_another_python_gets_its_own_release(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "sites_dir", lambda: tmp_path / "srv")
    releases, name = tmp_path / "srv/blog/releases", COMMIT[:12]

    def build(release, python):
        (releases / release / f"venv/lib/python{python}").mkdir(parents=True)
        (releases / release / "venv/bin").mkdir()
        (releases / release / "venv/bin/python").symlink_to("/usr/bin/python3.13")

    def use(release):
        (releases.parent / "current").unlink(missing_ok=True)
        (releases.parent / "current").symlink_to(f"releases/{release}")

    def planned():
        (checkout,) = of_kind(plan(), "checkout")
        (environment,) = of_kind(plan(), "environment")
        assert environment.folder == checkout.folder / "venv"
        return checkout.folder.name, checkout.instead

    build(name, "3.11")
    assert planned() == (name, ""), "no release is in use"
    use(name)
    stale = "its environment was built for Python 3.11, and this machine has 3.13 now"
    assert planned() == (f"{name}-py3.13", stale), "the release in use stays unchanged until then"
    build(f"{name}-py3.13", "3.13")
    assert planned() == (f"{name}-py3.13", stale), "built, but not in use yet"
    use(f"{name}-py3.13")
    assert planned() == (f"{name}-py3.13", "")
    shutil.rmtree(releases / name)
    assert planned() == (f"{name}-py3.13", ""), "even if the release before was removed"


@pytest.fixture
def serving(tmp_path, monkeypatch, context, answers):
    """Set up a site whose current release has an environment built by this recipe; return the planned release."""
    monkeypatch.setattr(paths, "sites_dir", lambda: tmp_path / "srv")

    def made(built):
        chosen = AppConfig(context({"app.py": FLASK, "requirements.txt": "flask\n"}).source, answers())
        release = tmp_path / "srv" / "blog" / "releases" / COMMIT[:12]
        release.mkdir(parents=True, exist_ok=True)
        (release / "venv.json").write_bytes(built or chosen.dependencies.recipe)
        (tmp_path / "srv" / "blog" / "current").symlink_to(release)
        return AppConfig(chosen.source, chosen.answers).layout.release.name

    return made


def test_environment_in_use_is_untouched_by_another_recipe(serving):
    assert re.fullmatch(rf"{COMMIT[:12]}-venv[0-9a-f]{{8}}", serving(b'{"install": ["gunicorn<20"]}'))


def test_release_in_use_stays_with_the_same_recipe(serving):
    assert serving(None) == COMMIT[:12]


SECRET = 'app.secret_key = "dev"\n'
DEBUG = "app.debug = True\n"


def warnings(changes):
    return [one.sentence for one in of_kind(changes, "notice")]


def test_unsafe_settings_are_in_the_plan_with_file_and_line(plan):
    secret, debug = warnings(plan({"app.py": FLASK + SECRET + DEBUG}))
    assert secret.startswith("Your SECRET_KEY is written in the code (app.py:3)")
    assert debug.startswith("Debug mode is on (app.py:4)")


def test_app_without_unsafe_settings_has_no_warning(plan):
    assert warnings(plan()) == []


def test_secret_key_that_piwizard_generates_replaces_the_one_in_the_code(plan):
    overridden = "app.config.update(SECRET_KEY='dev')\nfor key in app.config:\n    app.config[key] = os.environ[key]\n"
    assert warnings(plan({"app.py": f"import os\n{FLASK}{overridden}"})) == []


@pytest.mark.parametrize(("value", "warned"), [("1", True), ("True", True), ("0", False), ("false", False)])
def test_debug_mode_of_the_answers_is_in_the_plan(plan, value, warned):
    found = warnings(plan(None, f'\nenv = {{ FLASK_DEBUG = "{value}" }}'))
    assert bool(found) == warned
    assert not found or found[0].startswith("Debug mode is on (app.env.FLASK_DEBUG)")


PROJECT = "[project]\nname = 'app'\ndependencies = ['flask']\nrequires-python = '{}'\n"
BUILT = "[build-system]\nrequires = ['setuptools']\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"runtime.txt": "python-3.9.18\n"}, "The code asks for Python 3.9 (runtime.txt); this Pi has 3.13."),
        ({".python-version": "3.14\n"}, "The code asks for Python 3.14 (.python-version); this Pi has 3.13."),
        ({"pyproject.toml": PROJECT.format(">=3.8,<3.12")}, "Python >=3.8,<3.12 (pyproject.toml); this Pi has 3.13."),
    ],
)
def test_other_python_version_is_in_the_plan(plan, files, words):
    (found,) = warnings(plan({"app.py": FLASK, **files}))
    assert words in found


@pytest.mark.parametrize("files", [{"runtime.txt": "python-3.13.1\n"}, {"pyproject.toml": PROJECT.format(">=3.9")}])
def test_suitable_python_version_has_no_warning(plan, files):
    assert warnings(plan({"app.py": FLASK, **files})) == []


@pytest.mark.parametrize("project", [PROJECT.format(">=3.14"), PROJECT.format(">=3.8,<3.12") + BUILT])
def test_python_that_cannot_work_is_refused_by_key_with_the_next_action(plan, project):
    with pytest.raises(
        PiwizardError, match=r"pyproject\.toml requires Python .*python3 on this Pi is 3\.13"
    ) as refused:
        plan({"app.py": FLASK, "pyproject.toml": project})
    assert refused.value.key == "app.python"
    assert "python =" in str(refused.value.hint)


@pytest.mark.parametrize(("python", "warned"), [("python3.14", False), ("/opt/python", False), ("python3", True)])
def test_answer_overrules_the_python_that_the_code_asks_for(plan, python, warned):
    changes = plan({"app.py": FLASK, "pyproject.toml": PROJECT.format(">=3.14")}, f'\npython = "{python}"')
    assert bool(warnings(changes)) == warned


LAMP = f"{FLASK}from gpiozero import LED\nlamp = LED(17)\n"


def test_found_hardware_goes_to_smoke_test_and_setup_commands(plan):
    changes = plan({"app.py": LAMP, "requirements.txt": "flask\ngpiozero\n"}, '\ninit = ["python seed.py"]')
    commands = of_kind(changes, "command")
    assert {command.hardware for command in commands} == {("gpio",)}
    assert commands[-1].env["LG_WD"] == "/dev/shm"
    assert commands[-1].proves == ("app:app", "gpio"), "other hardware is tested again"
    (notice,) = [one for one in of_kind(changes, "notice") if one.title == "Hardware of the app"]
    assert "GPIO pins: it imports gpiozero (app.py:3)" in notice.sentence


def test_answer_replaces_found_hardware(plan):
    changes = plan({"app.py": LAMP, "requirements.txt": "flask\ngpiozero\n"}, "\nhardware = []")
    assert {command.hardware for command in of_kind(changes, "command")} == {()}
    assert not [one for one in of_kind(changes, "notice") if one.title == "Hardware of the app"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('hardware = ["gpio", "laser"]', "app.hardware names the hardware 'laser', which must be one of gpio, i2c"),
        ('hardware = "gpio"', "app.hardware must be a list"),
        ("hardware = [1]", "app.hardware names the hardware '1', which must be one of gpio"),
    ],
)
def test_wrong_hardware_is_refused_by_key(answers, line, words):
    with pytest.raises(PiwizardError) as raised:
        answers(f"\n{line}")
    assert words in raised.value.message.replace("app.hardware:", "app.hardware")


BUTTON = f"{FLASK}import os\n@app.post('/off')\ndef off(): os.system('sudo reboot')\n"


def power_notices(changes):
    return [one.sentence for one in of_kind(changes, "notice") if one.title == "What the app cannot do"]


def test_restart_button_is_named_with_the_answer_that_allows_it(plan):
    (sentence,) = power_notices(plan({"app.py": BUTTON}))
    assert "`sudo reboot` (app.py:5), which it may not" in sentence
    assert 'may = ["reboot"] under [app]' in sentence
    assert "`systemctl reboot` without sudo" in sentence


def test_allowed_restart_button_must_do_without_sudo(plan):
    (sentence,) = power_notices(plan({"app.py": BUTTON}, '\nmay = ["reboot"]'))
    assert sentence == (
        "The app may use `systemctl reboot`, but not `sudo reboot` (app.py:5): let the code run `systemctl reboot` "
        "without sudo."
    )


def test_allowed_restart_button_without_sudo_is_right(plan):
    right = BUTTON.replace("sudo reboot", "systemctl reboot")
    assert power_notices(plan({"app.py": right}, '\nmay = ["reboot"]')) == []


def test_led_strip_is_named_with_the_way_over_spi(plan):
    (sentence,) = power_notices(plan({"app.py": f"{FLASK}from rpi_ws281x import PixelStrip\n"}))
    assert "Connect the data line of the LED strip to GPIO 10" in sentence


@pytest.mark.parametrize(("program", "successor"), [("raspistill", "rpicam-still"), ("omxplayer", "mpv")])
def test_program_that_is_gone_is_named_with_its_successor(plan, program, successor):
    changes = plan({"app.py": f"{FLASK}import os\nos.system('{program} -o a')\n"})
    (said,) = [one.sentence for one in of_kind(changes, "notice") if "no longer part" in one.sentence]
    assert said.startswith(f"app.py line 4 runs {program}")
    assert successor in said


def test_unknown_power_action_is_refused_by_key(answers):
    with pytest.raises(PiwizardError, match=r"app\.may names the action 'sudo', which must be one of reboot, poweroff"):
        answers('\nmay = ["sudo"]')


@pytest.mark.parametrize(
    ("code", "more", "wanted"),
    [
        ("import smbus2", "", ["i2c"]),
        ("import spidev", "", ["spi"]),
        ("from w1thermsensor import W1ThermSensor", "", ["1-wire"]),
        ("import serial\nserial.Serial('/dev/serial0')", "", ["serial"]),
        ("import serial\nserial.Serial('/dev/ttyUSB0')", "", []),
        ("import cv2\ncv2.VideoCapture(0)", "", []),
        ("from luma.oled.device import ssd1306", "", []),
        ("from luma.core.interface.serial import i2c\ni2c(port=1)", "", ["i2c"]),
        ("import gpiozero", '\nhardware = ["gpio", "spi"]', ["spi"]),
        ("import smbus2", "\nhardware = []", []),
    ],
)
def test_interfaces_that_the_app_certainly_uses_are_turned_on(context, answers, code, more, wanted):
    files = {"app.py": f"{FLASK}{code}\n", "requirements.txt": "flask\n"}
    config = Path("/boot/firmware/config.txt")
    changes = App().plan(context(files, boot_config=config), answers(more))
    assert [(one.name, one.config) for one in of_kind(changes, "interface")] == [(name, config) for name in wanted]
    assert [one.names for one in of_kind(changes, "restart")] == [tuple(wanted)]


def test_machine_without_config_txt_has_no_interfaces_to_turn_on(plan):
    assert of_kind(plan({"app.py": f"{FLASK}import smbus2\n", "requirements.txt": "flask\n"}), "interface") == []


CAMERA = "from flask import Flask\nfrom picamera2 import Picamera2\napp = Flask('a')\ncamera = Picamera2()\n"


def test_update_of_an_app_with_a_device_stops_the_current_version(context, answers, tmp_path, monkeypatch):
    monkeypatch.setattr("piwizard.system.paths.sites_dir", lambda: tmp_path / "srv")
    files = {"app.py": CAMERA, "requirements.txt": "flask\n"}

    def planned():
        units = {"blog-old.service": "blog", "blog-logger.service": "blog", "blog.socket": "blog", "a.service": "a"}
        changes = App().plan(context(files, local_units=units), answers())
        (trial,) = [one for one in changes if getattr(one, "what", "").startswith("Smoke test")]
        return trial.pauses, [one.sentence for one in of_kind(changes, "notice") if "Visitors wait" in one.sentence]

    assert planned() == ((), [])
    current = tmp_path / "srv" / "blog" / "releases" / "before"
    current.mkdir(parents=True)
    (tmp_path / "srv" / "blog" / "current").symlink_to("releases/before")
    assert planned() == (("blog.service", "blog-logger.service", "blog-old.service"), [
        "A new version of the app can only be tried while the current one is stopped, because it uses the camera "
        "(app.py:4), and only one process may have that. Visitors wait for a minute or less. If the new version fails, "
        "the current one starts again."
    ])  # fmt: skip
    (current / "proven.json").write_text('{"measured": {"seconds": 7}}')
    assert "Visitors wait about 19 seconds." in planned()[1][0]


def test_only_commands_outside_of_the_data_switch_stop_services(context, answers, tmp_path, monkeypatch):
    """The switch stops them itself: a second lock of the same service would never be given."""
    monkeypatch.setattr("piwizard.system.paths.sites_dir", lambda: tmp_path / "srv")
    (tmp_path / "srv" / "blog" / "releases" / "before").mkdir(parents=True)
    (tmp_path / "srv" / "blog" / "current").symlink_to("releases/before")
    (tmp_path / "srv" / "blog" / "data").mkdir()
    (tmp_path / "srv" / "blog" / "data" / "app.db").touch()
    planned = context({"app.py": CAMERA, "requirements.txt": "flask\n"}), answers('\ninit = ["flask db upgrade"]')
    tried = [one for one in App().plan(*planned) if getattr(one, "pauses", None) is not None]
    assert {one.pauses for one in tried} == {("blog.service",)}
    switch = next(one.data for one in Gunicorn().plan(*planned) if getattr(one, "data", None))
    assert [one.pauses for one in switch.commands] == [()]


def test_file_that_the_repository_lacks_is_kept_in_the_data(plan):
    files = {"app.py": f"import config\n{FLASK}", ".gitignore": "config.py\n", "config.example.py": "PIN = 17\n"}
    changes = plan(files)
    assert "config.py" in [one.path for one in of_kind(changes, "keep")]
    (notice,) = [one.sentence for one in of_kind(changes, "notice") if "config" in one.sentence]
    assert "/srv/blog/data/config.py" in notice
    assert "config.example.py shows" in notice
    assert of_kind(changes, "command")[-1].hints["No module named 'config'"] == notice
    answered = of_kind(plan(files, '\nwritable = ["log"]'), "keep")
    assert [one.path for one in answered] == ["log", "config.py"], "the app cannot start without it"


def test_missing_packages_are_named_together(plan):
    files = {"app.py": f"import requests, numpy, unheard_of\n{FLASK}", "requirements.txt": "flask\n"}
    hints = of_kind(plan(files), "command")[-1].hints
    assert "numpy, requests" in hints["No module named 'numpy'"]
    assert not any("unheard_of" in hint for hint in hints.values())


def test_modules_that_nothing_installs_are_named(plan):
    optional = "try:\n    import optional_part\nexcept ImportError:\n    pass\n"
    code = f"{FLASK}import pn532\nimport requests, RPi.GPIO\n{optional}"
    files = {"app.py": code, "explore.py": "import not_of_the_app\n"}
    (said,) = [one.sentence for one in of_kind(plan(files), "notice") if "lists no packages" in one.sentence]
    assert "imports pn532 (app.py:3)." in said


def test_modules_of_an_app_with_a_list_are_not_guessed(plan):
    listed = plan({"app.py": f"{FLASK}import pn532\n", "requirements.txt": "flask\npn532-lib\n"})
    assert not [one for one in of_kind(listed, "notice") if "lists no packages" in one.sentence]


def test_path_that_the_answer_drops_is_named(plan):
    files = {"app.py": f"import sqlite3\n{FLASK}sqlite3.connect('lamp.db')\n"}
    assert any("also writes lamp.db" in one.sentence for one in of_kind(plan(files, '\nwritable = ["log"]'), "notice"))
    assert not any("lamp.db" in one.sentence for one in of_kind(plan(files, '\nwritable = ["lamp.db"]'), "notice"))


def test_files_of_git_lfs_are_fetched_with_its_package(plan):
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 30000\n"
    changes = plan({"app.py": FLASK, ".gitattributes": "*.jpg filter=lfs\n", "static/a.jpg": pointer})
    packages, *_ = of_kind(changes, "package")
    assert "git-lfs" in packages.names
    (checkout,) = of_kind(changes, "checkout")
    assert checkout.large_files
    assert any("static/a.jpg" in one.sentence for one in of_kind(changes, "notice"))
