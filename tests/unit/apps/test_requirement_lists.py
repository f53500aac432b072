"""Test requirement lists with encodings, hashes, and lines for one machine."""

from __future__ import annotations

import pytest

from piwizard.apps.repository_checkout import scan_checkout
from piwizard.apps.requirements import find_requirements, read_requirements

PACKAGE = (
    '[project]\nname = "lamp"\nversion = "1"\ndependencies = ["flask"]\n[build-system]\nrequires = ["hatchling"]\n'
)


@pytest.fixture
def read(tree):
    """Read one list of a checkout, without the lines to skip."""
    return lambda text, skip=(), **files: read_requirements(
        scan_checkout(tree({"list.txt": text} | files)), "list.txt", skip
    )


def test_plain_list_is_installed_by_pip_as_it_is(read):
    found = read(
        "--extra-index-url https://www.piwheels.org/simple\nFlask==3.0 # web\nnumpy>=1.2,<3 ; python_version>'3'\n"
    )
    assert (found.arguments, found.lines, found.unusable) == (("-r", "list.txt"), (), ())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("pywinpty==2.0.13", "Windows only"),
        ("pyobjc-core==10.1", "macOS only"),
        ("mkl-service==2.4.0", "Intel and AMD"),
        ("pkg_resources==0.0.0", "no such package"),
        ("python-apt==2.6.0", "part of Debian"),
        ("sqlite3", "part of Python"),
        ("board", "adafruit-blinka"),
        ("mylib @ file:///home/anna/mylib", "where the list was written"),
        ("/home/anna/wheels/mylib-1.0-py3-none-any.whl", "where the list was written"),
        ("-e C:\\Users\\anna\\mylib", "where the list was written"),
        ("mylib @ git+ssh://git@github.com/anna/mylib.git@0a1b", "SSH"),
        ("-e git+git@github.com:anna/mylib.git#egg=mylib", "SSH"),
        ("./libs/mylib", "no project or archive"),
        ("mylib==0.7.1~a4", "Debian's"),
        ("pip install flask", "does not know this form"),
        ("redis=>2", "does not know this form"),
    ],
)
def test_line_that_pip_cannot_install_is_named_and_skipped_by_name_or_text(read, line, reason):
    found = read(f"flask\n{line}\n")
    (unusable,) = found.unusable
    assert reason in unusable.reason
    assert unusable.line == 2
    left = read(f"flask\n{line}\n", (unusable.name,))
    assert (left.unusable, left.lines, left.skipped) == ((), ("flask",), (unusable.name,))


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("certifi @ file:///croot/certifi_1700501/work/certifi", ("certifi",)),
        ("Flask     3.0.3", ("Flask==3.0.3",)),
        ("Package    Version", ()),
        ("---------- -------", ()),
        ("flask=3.0.3=pyhd8ed1ab_0", ("flask==3.0.3",)),
        ("pywin32==306 ; sys_platform == 'win32'", ("pywin32==306 ; sys_platform == 'win32'",)),
        (
            "-e git+https://example.org/anna/mylib.git@0a1b#egg=mylib",
            ("git+https://example.org/anna/mylib.git@0a1b#egg=mylib",),
        ),
        ("colorama==0.4.6", ("colorama==0.4.6",)),
    ],
)
def test_line_that_means_something_else_here_is_translated(read, line, becomes):
    found = read(f"-e .\n{line}\n", **{"pyproject.toml": PACKAGE, "lamp/__init__.py": ""})
    assert found.unusable == ()
    assert found.lines == (".", *becomes)


def test_single_equals_sign_is_named_with_its_correction(read):
    (one,) = read("flask\nFlask-Cors=3.0\n").unusable
    assert (one.name, one.line) == ("flask-cors", 2)
    assert "Flask-Cors==3.0" in one.reason


def test_editable_checkout_is_installed_as_it_is(read):
    found = read("-e .[web]\nredis\n", **{"pyproject.toml": PACKAGE, "src/lamp/__init__.py": ""})
    assert found.lines == (".[web]", "redis")


def test_project_beside_the_list_is_found_from_the_list_and_from_the_checkout(tree):
    files = {"api/setup.py": "import setuptools\nsetuptools.setup(name='x')\n", "api/requirements.txt": "-e .\nflask\n"}
    assert find_requirements(tree(files), "api").lines == ("./api", "flask")


def test_hashes_stay_with_their_lines_and_projects_are_installed_apart(read):
    hashes = "".join(f" \\\n    --hash=sha256:{number:064x}" for number in range(20))
    found = read(f"-e .\nflask==3.0.3{hashes}\n", **{"pyproject.toml": PACKAGE, "lamp/__init__.py": ""})
    assert found.apart == (".",)
    assert found.lines[0] == "flask==3.0.3 \\"
    assert "".join(found.lines).count("--hash=sha256:") == 20
    assert all(len(line) < 1000 for line in found.lines)
    assert not found.lines[-1].endswith("\\")


def test_hashed_list_that_pip_can_read_is_installed_as_it_is(read):
    found = read("flask==3.0.3 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n")
    assert (found.arguments, found.names) == (("-r", "list.txt"), ("flask",))


@pytest.mark.parametrize(
    ("encoding", "as_it_is"), [("utf-16", True), ("utf-8-sig", True), ("utf-16-le", False), ("latin-1", False)]
)
def test_encoding_is_recognized(tree, encoding, as_it_is):
    root = tree({})
    (root / "requirements.txt").write_bytes("Flask==3.0.3\r\n# Lämpchen\r\nredis\r\n".encode(encoding))
    found = find_requirements(root)
    assert found.names == ("flask", "redis")
    assert found.arguments == (("-r", "requirements.txt") if as_it_is else ())
    assert found.lines == (() if as_it_is else ("Flask==3.0.3", "redis"))


def test_included_files_are_part_of_a_list_that_is_written_again(read):
    files = {
        "more/a.txt": "-r ../b.txt\n-c limits.txt\n-f wheels\n",
        "b.txt": "redis\n",
        "more/limits.txt": "redis==4\n",
    }
    found = read("flask\n-e .\n-r more/a.txt\n", **files, **{"setup.py": "setup()", "more/wheels/": ""})
    assert found.lines == ("flask", ".", "redis", "-c more/limits.txt", "--find-links ./more/wheels")
    assert found.pins == ("redis==4",)


@pytest.mark.parametrize(
    "name",
    ["requirement.txt", "Requirements.txt", "reqs.txt", "requirements.in", "requirements/web.txt", "requirments.txt"],
)
def test_other_names_of_a_list_are_known(tree, name):
    assert find_requirements(tree({name: "flask\n", "requirements-dev.txt": "pytest\n"})).file == name


def test_environment_of_conda_is_translated(tree):
    text = """
    name: lamp
    channels:
      - conda-forge
    dependencies:
      - python=3.11
      - flask=3.0
      - conda-forge::requests>=2.28
      - opencv
      - pyyaml=6.0.1=py311h2bbff1b_0
      - libgcc-ng=13
      - somelibrary
      - pip
      - pip:
          - gpiozero==2.0.1
          - pywin32==306
    variables:
      - not-a-package
    """
    found = find_requirements(tree({"environment.yml": text}))
    wanted = ("flask==3.0.*", "requests>=2.28", "opencv-python-headless", "PyYAML==6.0.1", "gpiozero==2.0.1")
    assert (found.kind, found.file, found.lines) == ("conda", "environment.yml", wanted)
    assert [one.name for one in found.unusable] == ["somelibrary", "pywin32"]
    assert find_requirements(tree({"environment.yml": text, "requirements.txt": "flask\n"})).kind == "requirements"
