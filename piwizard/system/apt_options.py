"""What apt tells dpkg about settings files that were edited here."""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.system import files

FILE = "/etc/apt/apt.conf.d/52piwizard-keep-settings"
"""The options with which unattended-upgrades installs a package although one of its settings files was edited."""
DECIDES = re.compile(r'"--force-conf(old|new)"')
COMMENT = re.compile(r"/\*.*?\*/|^\s*(?://|#)[^\n]*", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"[A-Za-z0-9_-]+(\.conf)?")
"""Files in apt.conf.d that apt reads."""


def others_keep_settings(apt: Path = Path("/etc/apt")) -> bool:
    """Return whether a file of somebody else's decides already: options of ours would count against it."""
    folder = apt / "apt.conf.d"
    names = sorted(path for path in folder.glob("*") if NAME.fullmatch(path.name) and path.name != Path(FILE).name)
    texts = [files.read(path) or b"" for path in (*names, apt / "apt.conf") if path.is_file()]
    return any(DECIDES.search(COMMENT.sub("", text.decode("utf-8", "replace"))) for text in texts)
