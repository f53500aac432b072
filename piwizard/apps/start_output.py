"""Find in the output of a starting app why it fails.

Needs only the standard library: it is a part of smoke_test.py.
"""

from __future__ import annotations

import re

MAX_MESSAGE_LENGTH = 2000
EXCEPTION_LINE = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|NotFound|Missing\w*)\b.*")
GUNICORN_PREFIX = re.compile(r"\[[-\d]+ [:\d]+ [-+\d]+\] \[\d+\] \[\w+\] ")
WORKER_DIED = re.compile(r"Worker \(pid: ?\d+\) exited with code|Worker exiting \(pid")
MISSING_KEY = re.compile(r"KeyError: '(\w+)'")
ENVIRON_FRAME = re.compile(r'"(<frozen os>|.*/os\.py)", line \d+, in __getitem__')
MISSING_VARIABLE_PHRASES = (
    re.compile(r"([A-Za-z_]\w*) not found\. Declare it as envvar or define a default value"),  # decouple
    re.compile(r"Environment variable [\"']([A-Za-z_]\w*)[\"'] (?:is )?not set"),  # environs
    re.compile(r"The environment variable '([A-Za-z_]\w*)' is not set"),  # Flask's from_envvar
    re.compile(r"Set the ([A-Za-z_]\w*) environment variable"),  # django-environ
)
VARIABLE_WORDS = re.compile(r"(?i:environment variable|env(?:ironment)? var|\benvvar)")
CAPITAL_NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")


class OutputTail:
    """The output while the app starts, and the part that explains why it fails."""

    def __init__(self) -> None:
        self.raised = self.last = ""
        self.deaths = 0
        self._in_environ = self._in_message = self._message_is_below = False

    def take(self, line: str) -> None:
        """Add a line of output."""
        text = line.strip()
        if self._continues_message(line):
            self.raised = f"{self.raised} {text}".strip()[:MAX_MESSAGE_LENGTH]
            return
        self._in_message = False
        self.deaths += bool(WORKER_DIED.search(line))
        if line.lstrip().startswith("File "):
            self._in_environ = ENVIRON_FRAME.search(line) is not None
        elif EXCEPTION_LINE.match(line) and not (self.raised and text.endswith(":")):
            self.raised = _missing_variable_sentence(text, in_environ=self._in_environ)
            self._in_environ, self._in_message = False, self.raised == text
            self._message_is_below = text.endswith(":")
        elif text and not (line[0].isspace() or GUNICORN_PREFIX.match(line) or text.startswith("Traceback (")):
            self.last = _missing_variable_sentence(text, in_environ=False)

    def _continues_message(self, line: str) -> bool:
        """Return whether a line belongs to the message of an exception: numpy's begins in the next line."""
        text = line.strip()
        if not self._in_message or text.startswith(("Traceback (", "During handling of", "The above exception was")):
            return False
        if GUNICORN_PREFIX.match(line) or EXCEPTION_LINE.match(line) or WORKER_DIED.search(line):
            return False
        return self._message_is_below or line[:1].isspace()


def _missing_variable_sentence(text: str, *, in_environ: bool) -> str:
    name = missing_variable(text, in_environ=in_environ)
    return f"app.env.{name}: the code needs this environment variable, and it has no value." if name else text


def missing_variable(text: str, *, in_environ: bool) -> str | None:
    """Return the environment variable that an error message reports as missing."""
    if in_environ and (found := MISSING_KEY.search(text)):
        return found[1]
    for pattern in MISSING_VARIABLE_PHRASES:
        if found := pattern.search(text):
            return found[1]
    names = CAPITAL_NAME.findall(text) if VARIABLE_WORDS.search(text) else []
    return str(names[0]) if names else None
