"""Read conda's environment.yml: its packages, and those for pip."""

from __future__ import annotations

import re

from piwizard.apps.modules import join_path
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.requirement_lists import MAX_LINES, ListedLine

ENVIRONMENT_FILES = ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml")
PACKAGE_OF_CONDA = {
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "pytables": "tables",
    "python-flask": "flask",
    "pytorch": "torch",
    "pyyaml": "PyYAML",
    "pillow": "Pillow",
    "sqlalchemy": "SQLAlchemy",
}
"""Packages of conda whose package on PyPI has another name."""
CONDA_OWN = frozenset({
    "blas", "bzip2", "c-ares", "ca-certificates", "conda", "expat", "icu", "krb5", "ncurses", "nodefaults", "openssl",
    "pip", "python", "python_abi", "readline", "setuptools", "sqlite", "tk", "tzdata", "ucrt", "vc", "vc14_runtime",
    "vs2015_runtime", "wheel", "xz", "yaml", "zlib", "zstd",
})  # fmt: skip
CONDA_OWN_PREFIXES = ("_libgcc", "_openmp", "ld_impl", "lib", "mkl")
"""Python itself and libraries of the system: Debian and the wheels have their own."""
ITEM = re.compile(r"(\s*)-\s+(.*?)\s*(?:\s#.*)?$")
KEY = re.compile(r"(\s*)([\w-]+)\s*:\s*(.*?)\s*(?:#.*)?$")


def find_conda_environment(checkout: RepositoryCheckout, folder: str) -> str | None:
    """Return the environment file of a folder that lists packages; None without one."""
    files = (join_path(folder, name) for name in ENVIRONMENT_FILES)
    there = (file for file in files if checkout.is_file(file))
    return next((file for file in there if any(read_conda_environment(checkout, file))), None)


def read_conda_environment(checkout: RepositoryCheckout, file: str) -> tuple[list[ListedLine], list[ListedLine]]:
    """Return the packages of conda, and the lines for pip, below `dependencies:`."""
    conda: list[ListedLine] = []
    pip: list[ListedLine] = []
    inside, pip_indent = False, None
    for number, raw in enumerate(checkout.text(file).splitlines()[:MAX_LINES], 1):
        if item := ITEM.fullmatch(raw):
            text, indent = item[2].strip("\"'"), len(item[1])
            if pip_indent is not None and indent <= pip_indent:
                pip_indent = None
            if not inside:
                continue
            if text.startswith("pip:"):
                pip_indent = indent
            elif text:
                (conda if pip_indent is None else pip).append(ListedLine(text, file, number))
        elif (key := KEY.fullmatch(raw)) and not key[1]:
            inside, pip_indent = key[2] == "dependencies", None
            if inside and key[3].startswith("["):
                words = (word.strip(" \"'") for word in key[3].strip("[]").split(","))
                conda += [ListedLine(word, file, number) for word in words if word]
    return conda, pip
