"""The grade that SSL Labs would give, predicted from what a server offers, with the reasons.

By their rating guide: points for protocols, key exchange and cipher strength make a letter; faults cap it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

OLD = ("TLS 1.0", "TLS 1.1")
PROTOCOL_POINTS = {"TLS 1.0": 90, "TLS 1.1": 95, "TLS 1.2": 100, "TLS 1.3": 100}
ORDER = ("A+", "A", "A-", "B", "C", "D", "E", "F", "M", "T")
LETTERS = ((80, "A"), (65, "B"), (50, "C"), (35, "D"), (20, "E"))
HALF_A_YEAR = 180 * 86400
STRONGER = {256: 3072, 384: 7680, 521: 15360}
"""Bits of elliptic curves, and the RSA key that is as hard to break."""


@dataclass(frozen=True)
class Suite:
    """A cipher suite. `bits` of the cipher; `forward`: an old recording stays closed when the key gets out."""

    name: str
    bits: int
    forward: bool
    aead: bool

    @property
    def is_open(self) -> bool:
        """Whether it hides nothing, or proves nothing of who is at the other end, or was weak on purpose."""
        return self.bits < 56 or self.name.startswith(("NULL", "ADH", "AECDH", "EXP")) or "NULL" in self.name

    @property
    def broken(self) -> bool:
        """Whether it is known how to break it."""
        return "RC4" in self.name or "DES" in self.name


@dataclass(frozen=True)
class Observed:
    """What a server showed. `untrusted` and `mismatched` say what is wrong with the certificate, "" where nothing is.

    `hsts` is for how many seconds browsers shall keep to HTTPS, None where nothing is said of it; `dh` the bits of the
    Diffie-Hellman parameters, None where no suite uses them.
    """

    protocols: tuple[str, ...]
    suites: tuple[Suite, ...]
    key: str
    key_bits: int
    signature: str = ""
    untrusted: str = ""
    mismatched: str = ""
    hsts: int | None = None
    dh: int | None = None


@dataclass(frozen=True)
class Grade:
    """`points` of 100; `reasons` why it is not better, and where it is the best, why it is."""

    letter: str
    points: int
    reasons: tuple[str, ...]


def grade(seen: Observed) -> Grade:
    """The letter: that of the points, or the worst one that a fault allows."""
    points = _points(seen)
    letter = next((letter for least, letter in LETTERS if points >= least), "F")
    faults = list(_faults(seen))
    if letter == "A":
        letter = "A+"
        faults += _short_of_the_best(seen)
    else:
        faults.append((letter, f"{points} points of 100"))
    worst = max((cap for cap, _ in faults), key=ORDER.index, default=letter)
    reasons = tuple(why for _, why in sorted(faults, key=lambda fault: -ORDER.index(fault[0])))
    best = f"{seen.protocols[-1]}, {points} points, HSTS for {(seen.hsts or 0) // 86400} days" if not faults else ""
    return Grade(max(letter, worst, key=ORDER.index), points, reasons or (best,))


def _points(seen: Observed) -> int:
    """Protocols count for 30 of 100, the key exchange for 30, ciphers for 40; each is the mean of best and worst."""
    if not seen.protocols or not seen.suites:
        return 0
    protocols = [PROTOCOL_POINTS[name] for name in seen.protocols]
    ciphers = [100 if suite.bits >= 256 else 80 if suite.bits >= 128 else 20 for suite in seen.suites]
    strength = min(_strength(seen), seen.dh or 1 << 20)
    exchange = 100 if strength >= 4096 else 90 if strength >= 2048 else 80 if strength >= 1024 else 20
    return round(0.3 * _middle(protocols) + 0.3 * exchange + 0.4 * _middle(ciphers))


def _middle(points: list[int]) -> float:
    return (min(points) + max(points)) / 2


def _strength(seen: Observed) -> int:
    """The bits of the key, as RSA would need them."""
    if seen.key == "RSA":
        return seen.key_bits
    return max((bits for curve, bits in STRONGER.items() if curve <= seen.key_bits), default=1024)


def _faults(seen: Observed) -> Iterator[tuple[str, str]]:
    """The letters that faults allow at best, and the faults."""
    if seen.untrusted:
        yield "T", f"the certificate is not trusted: {seen.untrusted}"
    if seen.mismatched:
        yield "M", f"the certificate is for other names: {seen.mismatched}"
    if any(word in seen.signature.lower() for word in ("md5", "sha1")):
        yield "F", f"the certificate is signed with {seen.signature}"
    strength = _strength(seen)
    if strength < 2048:
        yield "F" if strength < 1024 else "B", f"the certificate's key has only {seen.key_bits} bits ({seen.key})"
    if seen.dh is not None and seen.dh < 2048:
        yield "F" if seen.dh < 1024 else "B", f"Diffie-Hellman parameters of only {seen.dh} bits"
    if opened := [suite.name for suite in seen.suites if suite.is_open]:
        yield "F", f"suites without protection: {', '.join(opened)}"
    if broken := [suite.name for suite in seen.suites if suite.broken and not suite.is_open]:
        yield "C", f"weak suites: {', '.join(broken)}"
    if not {"TLS 1.2", "TLS 1.3"} & set(seen.protocols):
        yield "C", "neither TLS 1.2 nor TLS 1.3 is offered"
    if old := [name for name in seen.protocols if name in OLD]:
        yield "B", f"{' and '.join(old)} {'are' if len(old) > 1 else 'is'} still offered"
    if not any(suite.forward for suite in seen.suites):
        yield "B", "no suite with forward secrecy"
    if not any(suite.aead for suite in seen.suites):
        yield "B", "no suite with authenticated encryption (AEAD)"


def _short_of_the_best(seen: Observed) -> Iterator[tuple[str, str]]:
    if "TLS 1.3" not in seen.protocols:
        yield "A-", "TLS 1.3 is not offered"
    if seen.hsts is None:
        yield "A", "no HSTS: browsers are not told to keep to HTTPS"
    elif seen.hsts < HALF_A_YEAR:
        yield "A", f"HSTS for {seen.hsts // 86400} days, and A+ wants {HALF_A_YEAR // 86400}"
