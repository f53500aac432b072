"""Provide the recorded machines, and changed copies of them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.recorded_machine import RecordedSource

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture
def sample():
    """Return the recorded machine of that name."""
    return lambda name: RecordedSource(SAMPLES / name)


@pytest.fixture
def links():
    """Return the symbolic links of the recorded machine of that name."""
    return lambda name: json.loads((SAMPLES / name / "machine.json").read_text())["links"]


@pytest.fixture
def altered(tmp_path):
    """Return a recorded machine with other files (None: missing) or another machine.json."""

    def alter(name, files=None, **said):
        folder = tmp_path / name
        shutil.copytree(SAMPLES / name, folder, dirs_exist_ok=True)
        for path, text in (files or {}).items():
            file = folder / "root" / path.lstrip("/")
            if text is None:
                file.unlink()
                if not any(file.parent.iterdir()):
                    file.parent.rmdir()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        machine = folder / "machine.json"
        machine.write_text(json.dumps(json.loads(machine.read_text()) | said))
        return RecordedSource(folder)

    return alter
