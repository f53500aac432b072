"""Test where an app's libraries for hardware come from: Debian, pip, or nowhere."""

from __future__ import annotations

import pytest

from piwizard.answers.model import Answers
from piwizard.apps import analysis_cache, offers
from piwizard.apps.app_config import AppConfig
from piwizard.apps.app_source import AppSource
from piwizard.apps.missing_modules import module_hints
from piwizard.apps.skipped_requirements import require_usable_list, requirement_notices
from piwizard.apps.system_modules import module_notices, require_packages
from piwizard.errors import ConsentMissing, PiwizardError
from piwizard.system.apt_archive import AptArchive, parse_policy
from tests.unit.apps.conftest import Tree

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
RASPBERRY_PI_OS = {
    name: "1.0"
    for name in (
        "python3-lgpio", "python3-rpi-lgpio", "python3-picamera2", "python3-libcamera", "python3-sense-hat",
        "python3-spidev", "python3-smbus", "swig", "fswebcam",
    )
}  # fmt: skip
DEBIAN = {name: "1.0" for name in ("python3-libcamera", "python3-spidev", "python3-smbus", "swig", "fswebcam")}


@pytest.fixture
def app(tree: Tree):
    def made(code, requirements=None, archive=RASPBERRY_PI_OS, installed=(), **answers):
        analysis_cache.forget_analyses()
        files = {"app.py": f"{FLASK}{code}\n"} | ({"requirements.txt": requirements} if requirements else {})
        source = AppSource("/srv/git/lamp.git", None, COMMIT, tree(files), None)
        given = {"site.name": "lamp"} | {f"app.{key}": value for key, value in answers.items()}
        known = AptArchive(dict.fromkeys(installed, "1.0"), lambda names: archive)
        return AppConfig(source, Answers("lamp", given), "3.13.5", known)

    return made


def sentences(app):
    return [notice.sentence for notice in module_notices(app)]


def test_picamera_comes_from_debian_into_an_environment_that_sees_it(app):
    camera = app("from picamera2 import Picamera2", "flask\n")
    assert camera.dependencies.libraries == ("python3-picamera2",)
    assert camera.dependencies.pip.system
    assert sentences(camera) == []


def test_listed_library_of_the_system_is_skipped_by_pip(app):
    lamp = app("import RPi.GPIO as GPIO", "flask\nRPi.GPIO==0.7.0\nrequests\n")
    assert lamp.dependencies.libraries == ("python3-rpi-lgpio",)
    assert lamp.dependencies.pip.lines == ("flask", "requests")
    assert sentences(lamp) == [
        "rpi-gpio of requirements.txt is not installed by pip: the package python3-rpi-lgpio provides it, whatever "
        "version it is (RPi.GPIO==0.7.0 is not installed)."
    ]


def test_library_that_is_imported_but_not_listed_comes_from_debian(app):
    assert app("import RPi.GPIO", "flask\n").dependencies.libraries == ("python3-rpi-lgpio",)


def test_installed_package_wins_over_another_one(app):
    assert app("import RPi.GPIO", installed=("python3-rpi.gpio",)).dependencies.libraries == ("python3-rpi.gpio",)


def test_gpiozero_gets_a_pin_factory(app):
    lamp = app("from gpiozero import LED", "flask\ngpiozero\n")
    assert lamp.dependencies.libraries == ("python3-lgpio",)
    assert lamp.dependencies.pip.system
    assert lamp.dependencies.pip.arguments == ("-r", "requirements.txt")


def test_pin_factory_is_compiled_where_debian_has_none(app):
    lamp = app("from gpiozero import LED", "flask\ngpiozero\n", DEBIAN)
    assert {"swig", "gcc", "python3-dev"} <= set(lamp.dependencies.libraries)
    assert "lgpio" in lamp.dependencies.pip.added
    assert not lamp.dependencies.pip.system


def test_app_without_a_list_gets_what_it_imports(app):
    assert set(app("import smbus2, gpiozero", archive=DEBIAN).dependencies.pip.arguments) == {"smbus2", "gpiozero"}
    dht = app("import adafruit_dht, board", archive=DEBIAN)
    assert set(dht.dependencies.pip.arguments) == {"adafruit-circuitpython-dht", "adafruit-blinka"}
    assert "gpiod" in dht.dependencies.pip.added, "Blinka loads it without requiring it"


def test_pinned_version_wins_over_debians(app):
    sensor = app("import smbus", "flask\nsmbus==1.1.post2\n")
    assert not sensor.dependencies.pip.system
    assert "python3-smbus" not in sensor.dependencies.libraries
    assert "gcc" in sensor.dependencies.libraries
    assert app("import smbus", "flask\nsmbus\n").dependencies.libraries == ("python3-smbus",)


def test_library_that_nothing_provides_is_named_with_what_to_do(app):
    camera = app("from picamera2 import Picamera2", archive=DEBIAN)
    (sentence,) = sentences(camera)
    assert "none of the archives that this machine uses has python3-picamera2" in sentence
    assert "Raspberry Pi OS" in sentence
    assert camera.dependencies.libraries[-1] == "python3-libcamera"


def test_other_python_does_not_see_debians_modules(app):
    lamp = app("import lgpio", "flask\nlgpio\n", python="/usr/local/bin/python3.14")
    assert not lamp.dependencies.pip.system
    assert "python3-lgpio" not in lamp.dependencies.libraries


MODULES = {"python3-matplotlib": "3.10.1+dfsg1-4", "python3-gi": "3.50.0-4", "python3-numpy": "1:2.2.4+ds-1"}


@pytest.mark.parametrize("listed", ["matplotlib<3.8", "matplotlib>=3.4,<=3.7"])
def test_limit_without_a_wheel_is_replaced_within_the_major_version(app, listed):
    plot = app("import matplotlib", f"flask\n{listed}\n", MODULES)
    require_usable_list(plot)
    assert "python3-matplotlib" in plot.dependencies.libraries
    (sentence,) = requirement_notices(plot)
    assert "Debian's python3-matplotlib 3.10.1 takes its place, although it is newer than the list allows" in sentence


def test_pin_without_a_wheel_is_refused_with_debians_module(app):
    plot = app("import matplotlib", "flask\nmatplotlib==3.7.2\n", MODULES)
    with pytest.raises(
        ConsentMissing, match=r"matplotlib==3.7.2 \(line 2\): it has no wheel for Python 3.13"
    ) as refused:
        require_usable_list(plot)
    (asked,) = refused.value.consents
    assert (asked.member, refused.value.list_key) == ("matplotlib", "app.skip_requirements")
    assert "python3-matplotlib 3.10.1 can take its place" in asked.question
    assert refused.value.agreed == ["matplotlib"]


def test_skipped_pin_is_replaced_by_debians_module(app):
    plot = app("import matplotlib", "flask\nmatplotlib<3.8\n", MODULES, skip_requirements=["matplotlib"])
    require_usable_list(plot)
    assert "python3-matplotlib" in plot.dependencies.libraries
    assert (plot.dependencies.pip.lines, plot.dependencies.pip.system) == (("flask",), True)
    (sentence,) = requirement_notices(plot)
    assert "Debian's python3-matplotlib takes its place" in sentence


def test_module_that_fits_replaces_a_line_without_a_question(app):
    frozen = app("import gi", "flask\nPyGObject==3.50.0\n", MODULES)
    require_usable_list(frozen)
    assert "python3-gi" in frozen.dependencies.libraries
    assert (frozen.dependencies.pip.lines, frozen.dependencies.pip.system) == (("flask",), True)
    (sentence,) = requirement_notices(frozen)
    assert "PyGObject==3.50.0 (requirements.txt, line 2)" in sentence


@pytest.mark.parametrize(
    "listed",
    ["matplotlib", "matplotlib>=3.7", "matplotlib==3.10.0", "numpy~=2.1", 'numpy==1.26.4; python_version < "3.13"',
     "pandas==1.5.0"],
)  # fmt: skip
def test_line_that_has_a_wheel_or_no_module_goes_to_pip(app, listed):
    plot = app("import matplotlib", f"flask\n{listed}\n", MODULES)
    require_usable_list(plot)
    assert plot.dependencies.pip.arguments == ("-r", "requirements.txt")
    assert not plot.dependencies.pip.system


@pytest.mark.parametrize(
    "listed",
    [
        "numpy==1.26.4",
        "numpy<2",
        "numpy~=1.24",
        "matplotlib<3",
        "matplotlib~=3.7.0",
        "numpy>=1.20,<=1.26",
        "numpy==1.*",
    ],
)
def test_old_versions_have_no_wheel_for_a_new_python(app, listed):
    with pytest.raises(ConsentMissing):
        require_usable_list(app("import numpy", f"flask\n{listed}\n", MODULES))


def test_given_list_lets_pip_build_the_others(app):
    plot = app("import numpy", "flask\nnumpy==1.26.4\n", MODULES, skip_requirements=[])
    require_usable_list(plot)
    assert plot.dependencies.pip.arguments == ("-r", "requirements.txt")
    (sentence,) = requirement_notices(plot)
    assert "hours or fails" in sentence


def test_requirement_of_a_pipfile_is_skipped_by_name(tree: Tree):
    files = {"app.py": FLASK, "Pipfile": "[packages]\nflask = '*'\nnumpy = '==1.26.4'\n"}
    source = AppSource("/srv/git/lamp.git", None, COMMIT, tree(files), None)
    given = {"site.name": "lamp", "app.skip_requirements": ["numpy"]}
    analysis_cache.forget_analyses()
    lamp = AppConfig(source, Answers("lamp", given), "3.13.5", AptArchive({}, lambda names: MODULES))
    assert lamp.dependencies.pip.lines == ("flask",)
    assert "python3-numpy" in lamp.dependencies.libraries


def test_plain_app_asks_apt_for_nothing(tree: Tree):
    def refuse(names):
        raise AssertionError(names)

    source = AppSource("/srv/git/blog.git", None, COMMIT, tree({"app.py": FLASK}), None)
    blog = AppConfig(source, Answers("blog", {"site.name": "blog"}), None, AptArchive({}, refuse))
    assert blog.dependencies.libraries == ()
    assert not blog.dependencies.pip.system


def test_packages_of_the_answers_are_installed_and_checked(app):
    camera = app("", packages=["fswebcam"])
    require_packages(camera)
    assert camera.dependencies.libraries == ("fswebcam",)
    assert app("", packages=["python3-lgpio"]).dependencies.pip.system
    with pytest.raises(
        PiwizardError, match=r"app\.packages: no archive that this machine uses has the package fswbcam"
    ):
        require_packages(app("", packages=["fswbcam"]))


def test_server_that_the_app_expects_is_offered_until_it_is_there(app):
    code = "import redis, pymongo\nr = redis.Redis()\nm = pymongo.MongoClient()"
    redis, mongo = offers.service_offers(app(code, archive={"redis-server": "5:7.0"}))
    assert (redis.key, redis.line, redis.answer) == ("app.packages", "redis-server", ("redis-server",))
    assert "(app.py:4)" in redis.sentence
    assert "no archive of this machine has" in mongo.sentence
    assert len(list(offers.service_offers(app(code, installed=["redis-server"])))) == 1
    assert len(list(offers.service_offers(app(code, archive={"redis-server": "1"}, packages=["redis-server"])))) == 1


def test_program_that_the_code_starts_is_installed(app):
    assert app("import os\nos.system('fswebcam now.jpg')").dependencies.libraries == ("fswebcam",)


def test_environment_that_sees_the_system_has_its_own_gunicorn(app):
    camera = app("import picamera2", installed=("python3-gunicorn",))
    assert [*camera.dependencies.pip.calls()][-1] == ("--ignore-installed", "--no-deps", "gunicorn")
    assert camera.dependencies.recipe != app("import picamera2").dependencies.recipe


def test_candidates_of_apt_are_read():
    output = (
        "python3-libcamera:\n  Installed: (none)\n  Candidate: 0.4.0-7\n  Version table:\n     0.4.0-7 500\n"
        "nginx-extras:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n"
        "git:\n  Installed: 1:2.47.3\n  Candidate: 1:2.47.4\n  Version table:\n *** 1:2.47.3 500\n"
    )
    assert parse_policy(output) == {"python3-libcamera": "0.4.0-7", "git": "1:2.47.4"}


def test_without_lists_of_packages_nothing_counts_as_missing():
    assert AptArchive({}, lambda names: None).missing(("a", "b")) == ()
    assert AptArchive({}, lambda names: None).choose(("a", "b")) == "a"
    assert AptArchive({"b": "1"}, lambda names: {}).choose(("a", "b")) == "b"
    assert AptArchive({}, lambda names: {}).choose(("a", "b")) is None


def test_libraries_that_a_wheel_lacks_are_installed_with_it(app):
    archive = {"libgl1": "1", "libglib2.0-0t64": "2"}
    assert app("import cv2", "flask\nopencv-python\n", archive).dependencies.libraries == ("libgl1", "libglib2.0-0t64")
    old = {"libgl1": "1", "libglib2.0-0": "2"}
    assert app("import cv2", "flask\nopencv-python\n", old).dependencies.libraries == ("libgl1", "libglib2.0-0")
    assert app("import cv2", "flask\nopencv-python-headless\n", archive).dependencies.libraries == ()


@pytest.mark.parametrize("code", ["from picamera.array import PiRGBArray", "from imutils.video.pivideostream import X"])
def test_library_that_no_longer_works_is_named_before_and_after_the_smoke_test(app, code):
    camera = app(code)
    (sentence,) = sentences(camera)
    assert sentence.startswith("app.py line 3 imports ")
    assert "picamera worked only with the camera system of Raspberry Pi OS before Bookworm" in sentence
    assert module_hints(camera)["No module named 'picamera'"] == sentence
    assert "picamera" not in camera.dependencies.imported


def test_missing_library_of_the_system_explains_a_failed_smoke_test(app):
    camera = app("from picamera2 import Picamera2", archive=DEBIAN)
    assert module_hints(camera)["No module named 'picamera2'"] == sentences(camera)[0]
