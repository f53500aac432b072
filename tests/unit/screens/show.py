"""Show the screens of a fake Pi in this terminal: `python -m tests.unit.screens.show FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from piwizard.screens import textual_app
from tests.unit.screens import fake_pi

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    fake_pi.install(folder)
    sys.exit(textual_app.run(None))
