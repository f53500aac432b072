"""lgpio changes the working directory when it is imported; an app's environment keeps it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from piwizard.apps import lgpio_folder

STAND_IN = "import os\nos.chdir('/')\nnotified = True\n"


def run(folder: Path, code: str) -> str:
    (folder / "_piwizard_startup.py").write_text(Path(lgpio_folder.__file__).read_text())
    argv = (sys.executable, "-c", f"import _piwizard_startup, os\n{code}")
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def test_import_of_lgpio_keeps_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "lgpio.py").write_text(STAND_IN)
    assert run(tmp_path, "import lgpio\nprint(os.getcwd(), lgpio.notified)") == f"{tmp_path} True"


def test_missing_lgpio_is_missing_as_before(tmp_path: Path) -> None:
    code = "try: import lgpio\nexcept ModuleNotFoundError as error: print(error)"
    assert run(tmp_path, code) == "No module named 'lgpio'"


def test_error_of_lgpio_is_raised_and_keeps_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "lgpio.py").write_text("import os\nos.chdir('/')\nraise OSError('no pipe')\n")
    code = "try: import lgpio\nexcept OSError as error: print(error, os.getcwd())"
    assert run(tmp_path, code) == f"no pipe {tmp_path}"
