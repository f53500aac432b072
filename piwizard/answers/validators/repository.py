"""What is in a repository, and how it is run."""

from __future__ import annotations

import re
import shlex
from typing import Any

from piwizard.answers.validators.basic import Invalid, text

RELATIVE = re.compile(r"[A-Za-z0-9._@+/-]{1,200}")
IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
CHALLENGES = "/.well-known/acme-challenge/"
LONGEST_PREFIX = 200
"""nginx takes no argument of more than 4096."""
SHELL_SIGNS = set(";|&<>$`\\\n*?(){}")


def reference(value: Any) -> str:
    """The name of a branch or a tag."""
    name = text(value)
    if not RELATIVE.fullmatch(name) or name.startswith(("-", "/")) or ".." in name or name.endswith((".lock", "/")):
        raise Invalid("must be the name of a branch or a tag")
    return name


def entry(value: Any) -> str:
    """A WSGI callable as gunicorn takes it."""
    found = text(value)
    dotted = rf"{IDENTIFIER}(\.{IDENTIFIER})*"
    if not re.fullmatch(rf"{dotted}:{dotted}(\(\))?", found):
        raise Invalid('must be like "app:app" or "package:create_app()"')
    return found


def inside(value: Any) -> str:
    """A path inside of the repository."""
    path = text(value).removesuffix("/")
    if not RELATIVE.fullmatch(path) or path.startswith(("/", "-")) or {"..", ".", ""} & set(path.split("/")):
        raise Invalid(f"must be a path inside of the repository, not {value!r}")
    if path.split("/")[0] == ".git":
        raise Invalid("must not lead into .git")
    return path


def static(value: Any) -> dict[str, str]:
    """URL prefixes with the folder in the repository that answers each."""
    if not isinstance(value, dict) or len(value) > 20:
        raise Invalid('must be a table such as { "/static/" = "static" }')
    for prefix in value:
        well = re.fullmatch(r"/([A-Za-z0-9._~-]+/)+", prefix) and len(prefix) <= LONGEST_PREFIX
        if not well or "/../" in prefix or "/./" in prefix:
            raise Invalid(f'has the URL prefix {prefix[:LONGEST_PREFIX]!r}, which must be like "/static/"')
        if prefix.startswith(CHALLENGES):
            raise Invalid(f"must not have {CHALLENGES}: Let's Encrypt asks there")
    return {prefix: inside(folder) for prefix, folder in value.items()}


def python(value: Any) -> str:
    """A Python interpreter: python3, python3.12 or an absolute path."""
    name = text(value)
    if not re.fullmatch(r"python3(\.[0-9]{1,2})?|(/[A-Za-z0-9._+-]+)+", name) or ".." in name:
        raise Invalid('must be "python3", "python3.12" or the full path of one')
    return name


def full_path(value: Any) -> str:
    """The full path of a file."""
    path = text(value)
    if not path.startswith("/") or ".." in path.split("/"):
        raise Invalid("must be the full path of a file")
    return path


def command(value: Any) -> str:
    """A command line without anything that only a shell would understand."""
    line = text(value)
    if SHELL_SIGNS & set(line):
        raise Invalid(f"is run without a shell, so {line!r} must not hold any of ; | & < > $ ` * ? ( ) {{ }}")
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise Invalid(f"has quotes that do not match: {line!r}") from error
    if not words or not words[0] or words[0].startswith("-"):
        raise Invalid("must begin with the name of a program")
    return line
