"""Write the lock files of the Python packages that install.sh installs: `python -m tests.lock`.

uv resolves pyproject.toml for every Python and machine at once. Of each package only some files are locked: the wheel
for every machine; where there are only compiled ones, those for Linux, and the source for machines that none of them
fits.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "pyproject.toml"
LOCKS = {"runtime": ROOT / "piwizard/requirements.lock", "build": ROOT / "piwizard/build.lock"}
ABOUT = {
    "runtime": "The Python packages that piwizard runs with.",
    "build": "What builds a package of requirements.lock that has no wheel for a machine.",
}
USED = re.compile(r"-cp3(1[1-9]|[2-9]\d)-cp3\d+-manylinux[^-]*_(x86_64|aarch64|armv7l)\.whl")
PURE = re.compile(r"-(py2\.)?py3-none-any\.whl")


def main() -> None:
    """Write both files."""
    build = tomllib.loads(PROJECT.read_text())["build-system"]["requires"]
    for kind, requirements in (("runtime", None), ("build", "\n".join(build))):
        packages = _resolve(requirements)
        head = f"# {ABOUT[kind]} Written by `python -m tests.lock`; do not edit.\n"
        LOCKS[kind].write_text(head + "".join(_entry(package) for package in packages))


def _resolve(requirements: str | None) -> list[dict[str, Any]]:
    source = str(PROJECT) if requirements is None else "-"
    uv = (str(Path(sys.executable).with_name("uv")), "pip", "compile", source)
    options = ("--quiet", "--universal", "--python-version", "3.11", "--format", "pylock.toml")
    ended = subprocess.run((*uv, *options), input=requirements or "", stdout=subprocess.PIPE, text=True, check=True)
    packages: list[dict[str, Any]] = tomllib.loads(ended.stdout)["packages"]
    return packages


def _entry(package: dict[str, Any]) -> str:
    locked = {_name(file): file["hashes"]["sha256"] for file in _files(package)}
    marker = f" ; {package['marker']}" if "marker" in package else ""
    comments = "".join(f"#   {name}\n" for name in locked)
    hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in locked.values())
    return f"\n{comments}{package['name']}=={package['version']}{marker}{hashes}\n"


def _files(package: dict[str, Any]) -> list[dict[str, Any]]:
    wheels = package.get("wheels", [])
    pure = [wheel for wheel in wheels if PURE.search(_name(wheel))]
    return pure or [*(wheel for wheel in wheels if USED.search(_name(wheel))), package["sdist"]]


def _name(file: dict[str, Any]) -> str:
    return unquote(urlsplit(file["url"]).path.rpartition("/")[2])


if __name__ == "__main__":
    main()
