"""Validate what an answer says of a repository: branches, paths, commands."""

from __future__ import annotations

import re
import shlex
from typing import Any

from piwizard.answers.validators.basic import Invalid, text

RELATIVE = re.compile(r"[A-Za-z0-9._@+/-]{1,200}")
CHALLENGES = "/.well-known/acme-challenge/"
LONGEST_PREFIX = 200
"""Characters. nginx accepts no argument of more than 4096."""
SHELL_CHARACTERS = set(";|&<>$`\\\n*?(){}")


def reference(value: Any) -> str:
    """Accept the name of a branch or a tag."""
    name = text(value)
    if not RELATIVE.fullmatch(name) or name.startswith(("-", "/")) or ".." in name or name.endswith((".lock", "/")):
        raise Invalid("must be the name of a branch or a tag")
    return name


def inside(value: Any) -> str:
    """Accept a relative path within the repository, but not within .git."""
    path = text(value).removesuffix("/")
    if not RELATIVE.fullmatch(path) or path.startswith(("/", "-")) or {"..", ".", ""} & set(path.split("/")):
        raise Invalid(f"must be a path in the repository, not {value!r}")
    if path.split("/")[0] == ".git":
        raise Invalid("must not be inside .git")
    return path


def working_directory(value: Any) -> str:
    """Accept a folder of the repository, or "." for the repository itself."""
    return "." if value in (".", "./") else inside(value)


def static(value: Any) -> dict[str, str]:
    """Accept a table from URL prefixes to folders in the repository."""
    if not isinstance(value, dict) or len(value) > 20:
        raise Invalid('must be a table such as { "/static/" = "static" }')
    for prefix in value:
        well = re.fullmatch(r"/([A-Za-z0-9._~-]+/)+", prefix) and len(prefix) <= LONGEST_PREFIX
        if not well or "/../" in prefix or "/./" in prefix:
            raise Invalid(f'has the URL prefix {prefix[:LONGEST_PREFIX]!r}, which must be like "/static/"')
        if prefix.startswith(CHALLENGES):
            raise Invalid(f"must not contain {CHALLENGES}: Let's Encrypt needs it")
    return {prefix: inside(folder) for prefix, folder in value.items()}


def url_path(value: Any) -> str:
    """Accept the URL path that a whole site is served below, such as "/camera"."""
    path = text(value)
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path) or {".", ".."} & set(path.split("/")) or len(path) > 100:
        raise Invalid('must be like "/camera": it begins with a slash and ends without one')
    if f"{path}/".startswith("/.well-known/"):
        raise Invalid("must not be inside /.well-known: Let's Encrypt needs it")
    return path


def python(value: Any) -> str:
    """Accept a Python interpreter: python3, python3.12 or a full path."""
    name = text(value)
    if not re.fullmatch(r"python3(\.[0-9]{1,2})?|(/[A-Za-z0-9._+-]+)+", name) or ".." in name:
        raise Invalid('must be "python3", "python3.12" or the full path of one')
    return name


def full_path(value: Any) -> str:
    """Accept the full path of a file."""
    path = text(value)
    if not path.startswith("/") or ".." in path.split("/"):
        raise Invalid("must be the full path of a file")
    return path


def command(value: Any) -> str:
    """Accept a command line that needs no shell."""
    line = arguments(value)
    if not (words := shlex.split(line)) or not words[0] or words[0].startswith("-"):
        raise Invalid("must begin with the name of a program")
    return line


def arguments(value: Any) -> str:
    """Accept the arguments of a program, without those that need a shell."""
    line = text(value)
    if SHELL_CHARACTERS & set(line):
        raise Invalid(f"runs without a shell, so {line!r} must not contain any of ; | & < > $ ` * ? ( ) {{ }}")
    try:
        shlex.split(line)
    except ValueError as error:
        raise Invalid(f"has unbalanced quotes: {line!r}") from error
    return line
