"""The guide's nine settings, edited in place in whatever nginx.conf is there."""

from __future__ import annotations

from collections.abc import Mapping

GZIP_TYPES: tuple[str, ...] = ()

#: Each of the nine directives with the value it must have.
SETTINGS: Mapping[str, str] = {}


def includes(text: str, path: str = "/etc/nginx/nginx.conf") -> list[str]:
    """The patterns that the file includes inside http{}: what `tune` wants to see of the other files."""
    raise NotImplementedError


def tune(text: str, path: str = "/etc/nginx/nginx.conf", included: Mapping[str, str] | None = None) -> str:
    """The same file with the nine settings active: order and comment lines kept, twice is once.

    `included` maps the paths of the files that http{} includes (conf.d, sites-enabled) to their texts, so that
    a directive set there is named instead of being set twice, which nginx refuses.
    """
    raise NotImplementedError


def settings(text: str) -> dict[str, str]:
    """The nine settings as the file (without its includes) has them; those that it does not set are left out."""
    raise NotImplementedError


def missing(nginx_dump: str) -> list[str]:
    """What `nginx -T` shows not to be as it should: the directives' names, nothing when all nine are."""
    raise NotImplementedError
