"""Combine the answered environment variables with those that the code reads."""

from __future__ import annotations

from functools import cached_property

from piwizard.answers.model import Answers
from piwizard.apps.env_vars import EnvVariable
from piwizard.system.lazy_dataclass import dataclass


def given_value(answers: Answers, name: str) -> str | None:
    """Return the value that the answers give an environment variable."""
    value = answers.get("app.env", {}).get(name)
    return value if isinstance(value, str) else answers.secrets.get(f"app.env.{name}")


@dataclass(frozen=True)
class AppSettings:
    """The environment variables of an app: answered, generated or without a value."""

    answers: Answers
    variables: tuple[EnvVariable, ...]
    """The variables that the code reads."""

    @cached_property
    def generated(self) -> tuple[str, ...]:
        """Return the unanswered variables that piwizard generates a secret for."""
        given = self.answers.get("app.env", {})
        return tuple(one.name for one in self.variables if one.generate and one.name not in given)

    @property
    def unset(self) -> tuple[str, ...]:
        """Return the variables without a value that the code cannot do without.

        Those with a fallback are not among them: a hint about them would hide what really failed.
        """
        known = (*self.answers.get("app.env", {}), *self.generated)
        return tuple(one.name for one in self.variables if one.needed and one.name not in known)

    @property
    def empty(self) -> tuple[str, ...]:
        """Return the variables without a value or a fallback.

        An app may say that it misses one of them.
        """
        known = (*self.answers.get("app.env", {}), *self.generated)
        return tuple(one.name for one in self.variables if one.default is None and one.name not in known)

    def values(self) -> dict[str, str]:
        """Return all that have a value, secrets included."""
        given = self.answers.get("app.env", {})
        answered = {
            name: value if isinstance(value, str) else self.answers.secrets[f"app.env.{name}"]
            for name, value in given.items()
        }
        generated = {name: self.answers.secrets.get(f"app.env.{name}") for name in self.generated}
        return self._server_name() | answered | {name: secret for name, secret in generated.items() if secret}

    def _server_name(self) -> dict[str, str]:
        """Return SERVER_NAME for code that does not start without it."""
        domains = self.answers.get("site.domains")
        wanted = any(one.name == "SERVER_NAME" and one.needed for one in self.variables)
        return {"SERVER_NAME": domains[0]} if wanted and domains else {}
