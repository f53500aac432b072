"""Read settings as ddclient does, with the code from Debian's package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.unpacked import unpacked

READER = Path(__file__).with_name("ddclient.pl")


@dataclass(frozen=True)
class Read:
    """Its warnings, and the settings of each host."""

    said: list[str]
    hosts: dict[str, dict[str, object]]


def read(texts: Sequence[str], folder: Path) -> list[Read]:
    """Return what it reads from each of these texts."""
    if shutil.which("perl") is None:
        pytest.skip("perl is not installed (apt-get install perl)")
    program = unpacked("ddclient") / "usr" / "bin" / "ddclient"
    libraries = [unpacked(package) / "usr" for package in ("libdata-validate-ip-perl", "libnetaddr-ip-perl")]
    places = [str(path) for one in libraries for path in (one / "share" / "perl5", *one.glob("lib/*/perl5/*"))]
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"{number}.conf")
        files[-1].write_text(text)
        files[-1].chmod(0o600)
    done = subprocess.run(
        ["perl", str(READER), str(program)], input="".join(f"{file}\n" for file in files), capture_output=True,
        text=True, check=False, env={"PATH": os.environ["PATH"], "PERL5LIB": ":".join(places), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert len(lines) == len(texts), done.stderr[-2000:]
    return [Read(**json.loads(line)) for line in lines]
