"""Test the command line that an app reads, and where its author's is found."""

from __future__ import annotations

import pytest

from piwizard.apps.command_line import CommandLine, find_command_line
from piwizard.apps.repository_checkout import scan_checkout
from tests.unit.apps.conftest import Tree

APP = "import argparse, sys\nfrom flask import Flask\napp = Flask(__name__)\n"
PARSER = APP + (
    "if __name__ == '__main__':\n    parser = argparse.ArgumentParser()\n"
    "    parser.add_argument('-c', '--camera', type=int, required=True)\n"
    "    parser.add_argument('--rotate', default=0)\n    args = parser.parse_args()\n    app.run()\n"
)
POSITIONAL = APP + "parser = argparse.ArgumentParser()\nparser.add_argument('pin')\nargs = parser.parse_args()\n"
CLICK = (
    APP + "import click\n@click.command()\n@click.option('--pin', required=True)\ndef main(pin): app.run()\nmain()\n"
)
WORDS = APP + "config = sys.argv[1]\napp.run()\n"
UNIT = "[Service]\nExecStart=/usr/bin/python3 /home/pi/cam/app.py -c 1\n"
IMAGE = 'FROM python\nCMD ["python", "app.py", "--camera", "0"]\n'


def found(tree: Tree, files: dict[str, str], *, script: bool = True) -> CommandLine | None:
    return next(iter(find_command_line(scan_checkout(tree(files)), "app.py", script=script)), None)


@pytest.mark.parametrize(
    ("code", "required", "line"),
    [
        (PARSER, ("--camera",), 6),
        (POSITIONAL, ("pin",), 5),
        (CLICK, ("--pin",), 6),
        (WORDS, ("argument-1",), 4),
        (f"{APP}pins = int(sys.argv[1]), int(sys.argv[2])\n", ("argument-1", "argument-2"), 4),
    ],
)
def test_required_argument_is_named_with_its_place(tree: Tree, code: str, required: tuple[str, ...], line: int) -> None:
    assert found(tree, {"app.py": code}) == CommandLine("", "", required, f"app.py:{line}")


@pytest.mark.parametrize(
    ("code", "file", "content", "text", "line"),
    [
        (PARSER, "cam.service", UNIT, "-c 1", 2),
        (PARSER, "README.md", "# Cam\n\n    $ python3 app.py --camera 0\n", "--camera 0", 3),
        (PARSER, "README.md", "Run `python3 app.py --camera=0` now.\n", "--camera=0", 1),
        (PARSER, "Dockerfile", IMAGE, "--camera 0", 2),
        (WORDS, "start.sh", "cd /home/pi\npython3 app.py lamp.ini > log 2>&1 &\n", "lamp.ini", 2),
        (WORDS, "Procfile", "web: python app.py lamp.ini\n", "lamp.ini", 1),
        (WORDS, "README.md", "Start it with `python3 app.py lamp.ini`.\n", "lamp.ini", 1),
        (POSITIONAL, "README.md", "    sudo python app.py 17\n", "17", 1),
    ],
)
def test_command_line_of_the_author_is_found(
    tree: Tree, code: str, file: str, content: str, text: str, line: int
) -> None:
    one = found(tree, {"app.py": code, file: content})
    assert one is not None
    assert (one.text, one.place) == (text, f"{file}:{line}")


@pytest.mark.parametrize(
    "files",
    [
        {"README.md": "    python3 app.py --camera <number>\n"},
        {"README.md": "    python3 app.py --rotate 90\n"},
        {"start.sh": "python3 app.py --camera $CAMERA\n"},
        {"start.sh": "python3 other.py --camera 1\n"},
    ],
)
def test_command_line_without_the_required_values_does_not_count(tree: Tree, files: dict[str, str]) -> None:
    line = found(tree, {"app.py": PARSER} | files)
    assert line is not None
    assert line.text == ""


def test_host_and_port_need_no_answer_because_gunicorn_takes_the_place_of_the_server(tree: Tree) -> None:
    line = found(tree, {"app.py": PARSER.replace("'-c', '--camera'", "'-o', '--port'")})
    assert line is not None
    assert line.text == "--port 8000"


@pytest.mark.parametrize(
    "code",
    [
        APP + "app.run()\n",
        PARSER.replace("required=True", "default=0"),
        POSITIONAL.replace("'pin'", "'pin', nargs='?'"),
    ],
)
def test_app_that_needs_no_arguments_has_none(tree: Tree, code: str) -> None:
    assert found(tree, {"app.py": code, "README.md": "    python3 app.py --camera 1\n"}) is None


def test_arguments_under_main_do_not_count_where_the_file_is_imported(tree: Tree) -> None:
    assert found(tree, {"app.py": PARSER}, script=False) is None
    line = found(tree, {"app.py": POSITIONAL, "run.sh": "python app.py 4\n"}, script=False)
    assert line is not None
    assert line.text == "4"


@pytest.mark.parametrize(
    "code",
    [
        f"{APP}pin = int(sys.argv[1]) if len(sys.argv) > 1 else 17\n",
        f"{APP}try:\n    pin = sys.argv[1]\nexcept IndexError:\n    pin = 17\n",
        f"{APP}print(sys.argv[0])\n",
        f"{APP}if __name__ == '__main__':\n    app.run(port=sys.argv[1])\n",
    ],
)
def test_optional_words_are_not_required(tree: Tree, code: str) -> None:
    assert found(tree, {"app.py": code}, script=False) is None
