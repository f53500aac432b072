"""Parse Diffie-Hellman parameters, and estimate the time to generate them."""

from __future__ import annotations

import base64
import binascii
import math
import re
import time
from functools import cache
from pathlib import Path

from piwizard.system import commands
from piwizard.system.lazy_dataclass import dataclass

PEM = re.compile(rb"\s*-----BEGIN DH PARAMETERS-----\n([A-Za-z0-9+/=\n]+)-----END DH PARAMETERS-----\s*", re.DOTALL)
EULER_GAMMA = 0.5772156649
SIEVE_PRIMES = ((512, 311), (1024, 719), (2048, 2657), (4096, 8161))
"""The largest prime by which openssl divides a candidate of that many bits before it tests further."""
PROBE_SECONDS = 3.0


@dataclass(frozen=True)
class Parameters:
    """The prime and the generator."""

    prime: int
    generator: int

    @property
    def bits(self) -> int:
        return self.prime.bit_length()


def parse_parameters(pem: bytes) -> Parameters | None:
    """Parse a PEM file; None if it is not complete."""
    found = PEM.fullmatch(pem)
    if found is None:
        return None
    try:
        whole = base64.b64decode(found[1].replace(b"\n", b""), validate=True)
        inside, rest = _take(whole, 0x30)
        prime, inside = _take(inside, 0x02)
        generator, _ = _take(inside, 0x02)
    except (binascii.Error, ValueError, IndexError):
        return None
    return None if rest else Parameters(int.from_bytes(prime, "big"), int.from_bytes(generator, "big"))


def _take(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the first element of some DER, and the rest."""
    if der[0] != tag:
        raise ValueError(tag)
    length, start = der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if len(der) < start + length:
        raise ValueError(length)
    return der[start : start + length], der[start + length :]


def dhparam_command(bits: int, out: Path) -> tuple[str, ...]:
    """Return the command that generates parameters, at the lowest priority."""
    return ("nice", "-n", "19", "openssl", "dhparam", "-out", str(out), str(bits))


def expected_candidates(bits: int) -> float:
    """Return how many candidates openssl tests on average; it prints a dot for each.

    A candidate p where no small prime divides p or (p-1)/2 has this chance that both are prime (Hardy and Littlewood).
    """
    largest = next(prime for most, prime in SIEVE_PRIMES if bits <= most)
    return (bits * math.log(2)) ** 2 / (math.log(largest) ** 2 * math.exp(2 * EULER_GAMMA))


@cache
def estimate_seconds(bits: int) -> float | None:
    """Estimate the average duration in seconds on this board by a short trial.

    Return None if openssl fails.
    """
    since, counted = time.monotonic(), 0
    last = since

    def count_dots(text: str) -> None:
        nonlocal counted, last
        counted, last = counted + text.count("."), time.monotonic()

    argv = dhparam_command(bits, Path("/dev/null"))
    result = commands.run(argv, on_text=count_dots, timeout=PROBE_SECONDS)
    if result.exit not in (0, 124):
        return None
    spent = last - since if counted else result.seconds
    return expected_candidates(bits) * spent / max(counted, 1)


def format_duration(seconds: float) -> str:
    """Format a duration: "40 s", "12 min", "3 h 50 min"."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
