"""Turn the sample app, which is part of piwizard, into a git repository.

A rehearsal without answers sets it up.
"""

from __future__ import annotations

import os
import shutil
from importlib import resources
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.sandbox import nsenter

FOLDER = Path("/opt/piwizard-sample")
REPOSITORY = FOLDER / "sample"
ANSWERS = FOLDER / "answers.toml"
HOST = "sample.localhost"
CONTENT = f"""\
[site]
name = "sample"
domains = ["{HOST}"]

[app]
repo = "{REPOSITORY}"
"""
AUTHOR = ("-c", "user.name=piwizard", "-c", "user.email=piwizard@localhost")


def path_in_clone(root: Path, path: Path) -> Path:
    """Return a path of the clone as seen from outside.

    Links are resolved first: from outside, a link such as /opt -> /mnt/opt would lead out of the clone.
    """
    return root / path.resolve().relative_to("/")


def install_sample(root: Path, leader: int) -> Path:
    """Copy the sample app and answers for it into a running clone.

    Return the path of the answers inside.
    """
    target = path_in_clone(root, REPOSITORY)
    with resources.as_file(resources.files("piwizard.templates") / "sample") as source:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    path_in_clone(root, ANSWERS).write_text(CONTENT)
    for folder, _, files in os.walk(target):
        for path in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(path, 0, 0)
    for argv in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        (*AUTHOR, "commit", "--quiet", "-mSample"),
    ):
        result = nsenter.run(leader, ("git", *argv), cwd=REPOSITORY)
        if not result.ok:
            raise PiwizardError(f"The sample app could not be turned into a git repository: {result.last_lines}")
    return ANSWERS
