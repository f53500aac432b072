"""What each kind of answer may be. One validator serves the answers file, the screens and the prompts.

A validator takes what TOML or a form gives and returns the value to keep, or raises Invalid with the rest of
a sentence that begins with the answer's key: "must be a whole number from 1 to 32".
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

Validator = Callable[[Any], Any]

TAKEN_NAMES = {"default", "piwizard", "root", "www-data", "nginx", "nobody", "originals", "unfinished"}
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
RELATIVE = re.compile(r"[A-Za-z0-9._@+/-]{1,200}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
SECRET_SOURCES = "{ env = … }, { file = … }, { generate = … } or { asked = true }"
TOKEN = re.compile(r"gh[a-z]_|github_pat_|glpat-|gldt-|[0-9a-f]{40}$")
CHALLENGES = "/.well-known/acme-challenge/"
LONGEST_PREFIX = 200
"""nginx takes no argument of more than 4096."""
SHELL_SIGNS = set(";|&<>$`\\\n*?(){}")


class Invalid(ValueError):
    """The answer cannot be taken; the text says what it must be."""


def text(value: Any) -> str:
    """Any one line of printable text."""
    if not isinstance(value, str) or not value.strip():
        raise Invalid("must be a text in quotes that is not empty")
    if not value.isprintable():
        raise Invalid("must not hold line breaks or control characters")
    if len(value) > 1000:
        raise Invalid("must not be longer than 1000 characters")
    return value


def whole(low: int, high: int) -> Validator:
    """A whole number between two bounds, both allowed."""

    def validate(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value.strip()):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Invalid(f"must be a whole number from {low} to {high}")
        return value

    return validate


def yes_or_no(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise Invalid("must be true or false")
    return value


def one_of(*choices: str) -> Validator:
    """One word of a list."""

    def validate(value: Any) -> str:
        if value not in choices:
            raise Invalid(f"must be one of {', '.join(choices)}")
        return str(value)

    return validate


def list_of(inner: Validator, most: int, *, least: int = 0) -> Validator:
    """A list whose members all pass `inner`."""

    def validate(value: Any) -> list[Any]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise Invalid(
                f"must be a list of {least} to {most} texts" if least else f"must be a list of at most {most} texts"
            )
        kept = [inner(member) for member in value]
        if len({repr(member) for member in kept}) < len(kept):
            raise Invalid("names something twice")
        return kept

    return validate


def site_name(value: Any) -> str:
    """The name of a site's folder, user, units and server block."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z]([a-z0-9-]{0,29}[a-z0-9])?", value):
        raise Invalid("must be 1 to 31 small letters, digits and hyphens, beginning with a letter")
    if value in TAKEN_NAMES:
        raise Invalid(f"cannot be {value}: the system uses that name")
    return value


def host_name(value: Any) -> str:
    """A DNS name, kept in small letters."""
    name = text(value).lower()
    labels = name.split(".")
    if len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise Invalid(f"must be a host name such as myapp.ddns.net, not {value!r}")
    if labels[-1].isdigit():
        raise Invalid(f"must be a name, not an address ({value})")
    return name


def full_name(value: Any) -> str:
    """A DNS name with its domain: what no program completes in a way of its own."""
    name = host_name(value)
    if "." not in name:
        raise Invalid(f"must be a whole name such as myapp.ddns.net, not {name!r}")
    return name


def _split(address: str) -> SplitResult:
    """The parts of an address that has a scheme."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise Invalid("is no address: its host or its port is not whole") from error
    if not (parts.netloc.isascii() and address.isprintable()):
        raise Invalid("must have a host in ASCII letters (xn--… for others)")
    return parts


def repository(value: Any) -> str:
    """An address that git can clone: https, http, ssh, git, file, user@host:path, or an absolute path."""
    address = text(value)
    if " " in address or address.startswith("-"):
        raise Invalid("must be the address of a git repository, without spaces or a leading hyphen")
    if address.startswith("/"):
        return address
    if "://" not in address:
        if re.fullmatch(r"[A-Za-z0-9._-]+@[A-Za-z0-9][A-Za-z0-9.-]*:[^:]+", address):
            return address
        raise Invalid("must begin with https://, ssh://, git://, file:// or /, or be like git@github.com:me/app.git")
    parts = _split(address)
    if parts.scheme not in ("https", "http", "ssh", "git", "file"):
        raise Invalid(f"cannot be fetched by {parts.scheme}://")
    if parts.password:
        raise Invalid("must not hold a password: it would be seen by everybody on this machine")
    if TOKEN.match(parts.username or ""):
        raise Invalid("must not hold a token: give it as app.token")
    if parts.scheme != "file":
        host_or_address(parts.hostname)
    return address


def login(value: Any) -> str:
    """A user name at a git server."""
    name = text(value)
    if not re.fullmatch(r"[A-Za-z0-9._@+-]{1,100}", name):
        raise Invalid("must be letters, digits and . _ @ + -")
    return name


def fingerprint(value: Any) -> str:
    """The fingerprint of a host key, as ssh shows it."""
    shown = text(value).strip()
    if not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", shown):
        raise Invalid('must be like "SHA256:…" with 43 letters, digits, + and /')
    return shown


def host_or_address(value: Any) -> str:
    """A host name or an IP address."""
    try:
        return str(ipaddress.ip_address(text(value)))
    except Invalid:
        raise
    except ValueError:
        return host_name(value)


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


def email(value: Any) -> str:
    """A mail address, as far as that can be told without sending anything."""
    address = text(value)
    user, _, host = address.rpartition("@")
    # One that begins with a hyphen would be an option of the program that it is handed to.
    if not re.fullmatch(r"[A-Za-z0-9._%+][A-Za-z0-9._%+-]{0,63}", user) or "." not in host or not host.isascii():
        raise Invalid(f"must be a mail address, not {value!r}")
    host_name(host)
    return address


def directory(value: Any) -> str:
    """The address of an ACME server's directory."""
    address = text(value)
    parts = _split(address)
    if parts.scheme != "https" or not parts.hostname or parts.username or not re.fullmatch(r"[!-~]+", address):
        raise Invalid("must be the https:// address of an ACME server's directory")
    host_or_address(parts.hostname)
    return address


def full_path(value: Any) -> str:
    """The full path of a file."""
    path = text(value)
    if not path.startswith("/") or ".." in path.split("/"):
        raise Invalid("must be the full path of a file")
    return path


def python(value: Any) -> str:
    """A Python interpreter: python3, python3.12 or an absolute path."""
    name = text(value)
    if not re.fullmatch(r"python3(\.[0-9]{1,2})?|(/[A-Za-z0-9._+-]+)+", name) or ".." in name:
        raise Invalid('must be "python3", "python3.12" or the full path of one')
    return name


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


def environment(value: Any) -> dict[str, str | dict[str, Any]]:
    """Environment variables: a text, or a table that says where a secret comes from."""
    if not isinstance(value, dict) or len(value) > 100:
        raise Invalid('must be a table such as { FLASK_ENV = "production" }')
    return {_variable(name): _setting(name, setting) for name, setting in value.items()}


def _variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise Invalid(f"has the name {name[:100]!r}, which must be letters, digits and underscores")
    # LD_…: read by the loader of programs, also of the one that root starts to become the app's user.
    if name in ("PATH", "HOME") or name.startswith("LD_"):
        raise Invalid(f"must not set {name}")
    return name


def _setting(name: str, setting: Any) -> str | dict[str, Any]:
    if isinstance(setting, str):
        return text(setting) if setting else ""
    if isinstance(setting, dict):
        return secret_source(setting)
    raise Invalid(f"must give {name} a text, or a table such as {{ generate = 32 }}")


def secret_source(value: Any) -> dict[str, Any]:
    """Where a secret comes from, never the secret itself. { asked = true }: piwizard asked for it and keeps it."""
    if not isinstance(value, Mapping) or len(value) != 1:
        raise Invalid(f"must be {SECRET_SOURCES}, never the secret itself")
    (kind, where), *_ = value.items()
    if kind == "generate":
        return {"generate": whole(16, 128)(where)}
    if kind == "env":
        if not VARIABLE.fullmatch(text(where)):
            raise Invalid("must name an environment variable after env")
        return {"env": where}
    if kind == "file":
        if not text(where).startswith("/"):
            raise Invalid("must give the full path of a file after file")
        return {"file": where}
    if kind == "asked":
        if where is not True:
            raise Invalid("must be true after asked")
        return {"asked": True}
    raise Invalid(f"must be {SECRET_SOURCES}")


def given_secret(value: Any) -> dict[str, Any]:
    """Where a secret comes from that somebody else has made."""
    if isinstance(value, Mapping) and "generate" in value:
        raise Invalid("must be { env = … }, { file = … } or { asked = true }: it cannot be made up here")
    return secret_source(value)


def secret_text(value: Any) -> str:
    """A secret as it is typed. What it was is never part of the refusal."""
    if not isinstance(value, str) or not value:
        raise Invalid("must not be empty")
    if not value.isprintable():
        raise Invalid("must not hold line breaks or control characters")
    if len(value) > 1000:
        raise Invalid("must not be longer than 1000 characters")
    return value


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
