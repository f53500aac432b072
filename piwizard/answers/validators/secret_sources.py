"""Validate environment variables, and where secrets come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from piwizard.answers.validators.basic import Invalid, one_line, text, whole

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
SECRET_SOURCES = "{ env = … }, { file = … }, { generate = … } or { asked = true }"


def environment(value: Any) -> dict[str, str | dict[str, Any]]:
    """Accept a table of environment variables.

    Each value is a text, or a table that says where a secret comes from.
    """
    if not isinstance(value, dict) or len(value) > 100:
        raise Invalid('must be a table such as { FLASK_ENV = "production" }')
    return {_variable(name): _setting(name, setting) for name, setting in value.items()}


LIBRARY = ("GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "LOCPATH", "MALLOC_TRACE", "NLSPATH")
"""Read, like LD_…, by the loader and C library of every program, including those that root starts for an app."""


def _variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise Invalid(f"has the name {name[:100]!r}, which must be letters, digits and underscores")
    if name in ("PATH", "HOME", *LIBRARY) or name.startswith("LD_"):
        raise Invalid(f"must not set {name}")
    return name


def _setting(name: str, setting: Any) -> str | dict[str, Any]:
    if isinstance(setting, str):
        return text(setting) if setting else ""
    if isinstance(setting, dict):
        return secret_source(setting)
    raise Invalid(f"must set {name} to a text, or to a table such as {{ generate = 32 }}")


def secret_source(value: Any) -> dict[str, Any]:
    """Accept where a secret comes from, never the secret itself.

    { asked = true }: piwizard has asked for it.
    """
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
    """Accept the source of a secret that cannot be generated, such as a token."""
    if isinstance(value, Mapping) and "generate" in value:
        raise Invalid("must be { env = … }, { file = … } or { asked = true }: piwizard cannot generate it")
    return secret_source(value)


def secret_text(value: Any) -> str:
    """Accept a secret as it was typed. The error never repeats it."""
    if not isinstance(value, str) or not value:
        raise Invalid("must not be empty")
    return one_line(value)
