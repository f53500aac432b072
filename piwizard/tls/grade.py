"""Predict the SSL Labs grade of a server, with the reasons.

Source: SSL Labs' rating guide. Points for protocols, key exchange and ciphers give a letter; faults cap it.
"""

from __future__ import annotations

from collections.abc import Iterator

from piwizard.system.lazy_dataclass import dataclass

OLD_PROTOCOLS = ("TLS 1.0", "TLS 1.1")
PROTOCOL_POINTS = {"TLS 1.0": 90, "TLS 1.1": 95, "TLS 1.2": 100, "TLS 1.3": 100}
GRADES = ("A+", "A", "A-", "B", "C", "D", "E", "F", "M", "T")
"""Best first. M: wrong domain, T: not trusted."""
MIN_POINTS = ((80, "A"), (65, "B"), (50, "C"), (35, "D"), (20, "E"))
MIN_HSTS_SECONDS = 180 * 86400
RSA_EQUIVALENT_BITS = {256: 3072, 384: 7680, 521: 15360}
"""Bits of an elliptic curve, and of an RSA key of the same strength."""


@dataclass(frozen=True)
class Suite:
    """A cipher suite.

    `bits`: key length of the cipher. `forward`: forward secrecy, which protects recorded traffic if the key leaks.
    `aead`: authenticated encryption.
    """

    name: str
    bits: int
    forward: bool
    aead: bool

    @property
    def insecure(self) -> bool:
        """Return whether it has no encryption or no authentication, or is export grade."""
        return self.bits < 56 or self.name.startswith(("NULL", "ADH", "AECDH", "EXP")) or "NULL" in self.name

    @property
    def broken(self) -> bool:
        """Return whether practical attacks are known."""
        return "RC4" in self.name or "DES" in self.name


@dataclass(frozen=True)
class Observed:
    """The TLS settings that a server offers.

    `untrusted` and `mismatched` say what is wrong with the certificate, or are "". `hsts` is the max-age in seconds of
    the HSTS header (browsers then use only HTTPS), or None. `dh` is the number of bits of the Diffie-Hellman
    parameters, or None if no suite uses them.
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
    """A grade with its `points` of 100 and the `reasons` why it is not better."""

    letter: str
    points: int
    reasons: tuple[str, ...]


def predict_grade(seen: Observed) -> Grade:
    """Return the grade: the letter of the points, capped by faults."""
    points = _points(seen)
    letter = next((letter for least, letter in MIN_POINTS if points >= least), "F")
    faults = list(_faults(seen))
    if letter == "A":
        letter = "A+"
        faults += _faults_below_a_plus(seen)
    else:
        faults.append((letter, f"{points} points of 100"))
    worst = max((cap for cap, _ in faults), key=GRADES.index, default=letter)
    reasons = tuple(reason for _, reason in sorted(faults, key=lambda fault: -GRADES.index(fault[0])))
    best = f"{seen.protocols[-1]}, {points} points, HSTS for {(seen.hsts or 0) // 86400} days" if not faults else ""
    return Grade(max(letter, worst, key=GRADES.index), points, reasons or (best,))


def _points(seen: Observed) -> int:
    """Return the points: protocols count 30 %, key exchange 30 %, ciphers 40 %, each the mean of best and worst."""
    if not seen.protocols or not seen.suites:
        return 0
    protocols = [PROTOCOL_POINTS[name] for name in seen.protocols]
    ciphers = [100 if suite.bits >= 256 else 80 if suite.bits >= 128 else 20 for suite in seen.suites]
    strength = min(_rsa_strength(seen), seen.dh or 1 << 20)
    exchange = 100 if strength >= 4096 else 90 if strength >= 2048 else 80 if strength >= 1024 else 20
    return round(0.3 * _mean_of_extremes(protocols) + 0.3 * exchange + 0.4 * _mean_of_extremes(ciphers))


def _mean_of_extremes(points: list[int]) -> float:
    return (min(points) + max(points)) / 2


def _rsa_strength(seen: Observed) -> int:
    """Return the bits of an RSA key as strong as the server's key."""
    if seen.key == "RSA":
        return seen.key_bits
    return max((bits for curve, bits in RSA_EQUIVALENT_BITS.items() if curve <= seen.key_bits), default=1024)


def _faults(seen: Observed) -> Iterator[tuple[str, str]]:
    """Yield each fault, after the best letter that it allows."""
    if seen.untrusted:
        yield "T", f"the certificate is not trusted: {seen.untrusted}"
    if seen.mismatched:
        yield "M", f"the certificate is not valid for {seen.mismatched}"
    if any(word in seen.signature.lower() for word in ("md5", "sha1")):
        yield "F", f"the certificate is signed with {seen.signature}"
    strength = _rsa_strength(seen)
    if strength < 2048:
        yield "F" if strength < 1024 else "B", f"the certificate's key has only {seen.key_bits} bits ({seen.key})"
    if seen.dh is not None and seen.dh < 2048:
        yield "F" if seen.dh < 1024 else "B", f"Diffie-Hellman parameters of only {seen.dh} bits"
    if insecure := [suite.name for suite in seen.suites if suite.insecure]:
        yield "F", f"suites without protection: {', '.join(insecure)}"
    if broken := [suite.name for suite in seen.suites if suite.broken and not suite.insecure]:
        yield "C", f"weak suites: {', '.join(broken)}"
    if not {"TLS 1.2", "TLS 1.3"} & set(seen.protocols):
        yield "C", "neither TLS 1.2 nor TLS 1.3 is offered"
    if old := [name for name in seen.protocols if name in OLD_PROTOCOLS]:
        yield "B", f"{' and '.join(old)} {'are' if len(old) > 1 else 'is'} still offered"
    if not any(suite.forward for suite in seen.suites):
        yield "B", "no suite with forward secrecy"
    if not any(suite.aead for suite in seen.suites):
        yield "B", "no suite with authenticated encryption (AEAD)"


def _faults_below_a_plus(seen: Observed) -> Iterator[tuple[str, str]]:
    if "TLS 1.3" not in seen.protocols:
        yield "A-", "TLS 1.3 is not offered"
    if seen.hsts is None:
        yield "A", "no HSTS, the header that makes browsers use only HTTPS"
    elif seen.hsts < MIN_HSTS_SECONDS:
        days = seen.hsts // 86400
        yield "A", f"HSTS for {days} day{'s' * (days != 1)}; A+ requires {MIN_HSTS_SECONDS // 86400} (tls.hsts)"
