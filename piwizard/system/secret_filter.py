"""Hide secrets in texts, in every form in which programs quote them."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from piwizard.system.lazy_dataclass import dataclass

HIDDEN = "•••"
MIN_SECRET_CHARACTERS = 4
"""Characters. Shorter secrets would be hidden within ordinary words."""
MIN_UNBOUNDED_CHARACTERS = 8
"""Characters from which a setting of letters or digits alone is also hidden within words."""
MIN_BASE64_CHARACTERS = 8
"""Characters of base64 from which a secret within a longer encoded text is recognized."""
COMMON_WORDS = frozenset(
    (
        *("true", "false", "none", "null", "auto", "both", "default", "disabled", "enabled", "never", "always"),
        *("production", "development", "testing", "test", "tests", "staging", "local", "prod", "debug", "info"),
        *("warning", "warn", "error", "critical", "notset", "trace", "main", "master", "localhost", "utf-8", "utf8"),
        *("app", "apps", "data", "file", "files", "http", "https", "smtp", "mail", "user", "users", "root", "admin"),
        *("flask", "gunicorn", "nginx", "piwizard", "python", "python3", "sqlite", "sqlite3", "postgres", "mysql"),
        *("postgresql", "redis", "systemd", "simple", "filesystem", "memory", "basic", "strict", "config", "name"),
        *("instance", "static", "templates", "uploads", "logs", "lax", "year", "month", "week", "day", "hour"),
    )
)
"""Frequent values of settings that are also frequent words in logs."""

SEPARATOR = r"(?:\\*[\"'])?\]?\s*(?:=>|[:=,])\s*b?(?:\\*[\"'])?"
"""Matches between the name of a variable and its value, in shells, Python, JSON and TOML."""


@dataclass(frozen=True)
class Secret:
    """A secret, and the name of its variable where it has one.

    `setting`: a value given in plain text. It is treated as a secret, but may be a common word.
    `public`: the value is public on this machine anyway, such as the name of a site.
    """

    value: str
    name: str = ""
    setting: bool = False
    public: bool = False

    @property
    def everywhere(self) -> bool:
        """Return whether the value is hidden everywhere, not only beside its name."""
        if len(self.value) < MIN_SECRET_CHARACTERS:
            return False
        return not self.setting or not (self.public or self.value.lower() in COMMON_WORDS)


class SecretFilter:
    """Replace secrets in texts.

    A setting of fewer than 8 characters is hidden where it is a whole word; one of fewer than 4 characters, or
    a common word ("production"), only beside the name of its variable: hiding every "1" would make a log useless.
    """

    def __init__(self, secrets: Iterable[Secret | str] = ()) -> None:
        self._secrets: dict[Secret, None] = {}
        self._spelled: dict[str, str] = {}
        self._names: frozenset[str] = frozenset()
        self._anywhere: re.Pattern[str] | None = None
        self._beside: re.Pattern[str] | None = None
        self.add(secrets)

    def add(self, secrets: Iterable[Secret | str]) -> None:
        """Hide these secrets, too, from now on."""
        given = [one if isinstance(one, Secret) else Secret(one) for one in secrets]
        new = [one for one in given if one.value and one not in self._secrets]
        if new:
            self._secrets |= dict.fromkeys(new)
            self._compile()

    def text(self, text: str, stand_in: Callable[[str], str] = lambda secret: HIDDEN) -> str:
        """Return the text without secrets. `stand_in` returns the replacement of one."""
        # A plain search for each form is much faster than the patterns, and most lines have no secret.
        if self._anywhere and any(form in text for form in self._spelled):
            text = self._anywhere.sub(lambda match: stand_in(self._spelled[match[0]]), text)
        if self._beside and any(name in text for name in self._names):
            text = self._beside.sub(lambda match: match[1] + stand_in(match[2]), text)
        return text

    def value(self, value: Any, but: Collection[str] = ()) -> Any:  # noqa: ANN401 — JSON of any shape
        """Return a JSON value without secrets in its texts.

        Fields named in `but` are not changed.
        """
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: inner if key in but else self.value(inner, but) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(inner, but) for inner in value]
        return value

    def _compile(self) -> None:
        bounded: dict[str, bool] = {}
        for one in self._secrets:
            for secret in (one.value, *_parts(one)) if one.everywhere else ():
                for form in spellings(secret):
                    if len(form) >= MIN_SECRET_CHARACTERS:
                        self._spelled.setdefault(form, one.value)
                        whole_word = (
                            one.setting and len(form) < MIN_UNBOUNDED_CHARACTERS and (form.isalpha() or form.isdigit())
                        )
                        bounded[form] = bounded.get(form, True) and whole_word
        # The longest first: a shorter one within it would leave the rest visible.
        ordered = sorted(bounded, key=lambda form: (-len(form), form))
        around = {False: ("", ""), True: (r"(?<![^\W_])", r"(?![^\W_])")}
        patterns = [re.escape(form).join(around[bounded[form]]) for form in ordered]
        self._anywhere = re.compile("|".join(patterns)) if patterns else None
        named = [one for one in self._secrets if one.name and not one.everywhere]
        self._names = frozenset(one.name for one in named)
        if named:
            names = "|".join(re.escape(name) for name in sorted(self._names, key=len, reverse=True))
            values = {form for one in named for form in spellings(one.value)}
            shown = "|".join(re.escape(form) for form in sorted(values, key=len, reverse=True))
            self._beside = re.compile(rf"((?<![A-Za-z0-9_])(?:{names}){SEPARATOR})({shown})(?![A-Za-z0-9_])")


def spellings(secret: str) -> set[str]:
    """Return a secret as it is, and as programs write it.

    These are Python, JSON, shells, systemd, HTML, URLs and base64.
    """
    import html  # most runs, and the first page, have no secret

    quoted = "".join(f"\\{char}" if char in '"\\`$' else char for char in secret)
    content = secret.encode("utf-8", "surrogatepass")
    forms = {secret, quoted, shlex.quote(secret), html.escape(secret), html.escape(secret, quote=False)}
    forms |= {repr(secret)[1:-1], repr(content)[2:-1], json.dumps(secret)[1:-1]}
    forms |= {json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(secret)[1:-1].replace("/", r"\/")}
    urls = {quote(content), quote(content, safe=""), quote_plus(content)}
    forms |= urls | {re.sub("%..", lambda code: code[0].lower(), url) for url in urls}
    return forms | {json.dumps(form)[1:-1] for form in forms} | _in_base64(content)


def _in_base64(content: bytes) -> set[str]:
    """Return the content in base64, also as part of a longer text ("user:password")."""
    forms = {base64.b64encode(content).decode()}
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + content).decode().rstrip("=")
        whole = len(encoded) - (1 if (before + len(content)) % 3 else 0)
        part = encoded[(0, 2, 3)[before] : whole]
        forms |= {part} if len(part) >= MIN_BASE64_CHARACTERS else set()
    return forms | {form.replace("+", "-").replace("/", "_") for form in forms}


def _parts(secret: Secret) -> set[str]:
    """Return the password within a URL: programs may print it without the rest."""
    try:
        password = urlsplit(secret.value).password or "" if "://" in secret.value else ""
    except ValueError:
        return set()
    return {part for part in (password, unquote(password)) if len(part) >= MIN_SECRET_CHARACTERS}
