"""What the kernel knows of its own clock, asked by adjtimex(2)."""

from __future__ import annotations

import ctypes


def kernel_error() -> int | None:
    """The kernel's bound on the error of this machine's clock, in microseconds; None where it won't say."""

    class Timex(ctypes.Structure):
        _fields_ = (
            ("modes", ctypes.c_uint),
            ("offset", ctypes.c_long),
            ("freq", ctypes.c_long),
            ("maxerror", ctypes.c_long),
            ("rest", ctypes.c_byte * 512),
        )

    answer = Timex()
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    if adjtimex is None or adjtimex(ctypes.byref(answer)) < 0:
        return None
    return int(answer.maxerror)
