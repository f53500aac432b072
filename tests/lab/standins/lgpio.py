"""Stand in for lgpio: levels in memory, a chip that is opened, and the pipe that lgpio creates at import."""

import os
import tempfile

SET_ACTIVE_LOW, SET_OPEN_DRAIN, SET_OPEN_SOURCE = 4, 8, 16
SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 32, 64, 128
RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
LOW, HIGH, TIMEOUT = 0, 1, 2
_levels: dict[int, int] = {}


class error(Exception):
    """Stand in for lgpio's exception."""


def _create_pipe():
    path = tempfile.mktemp(prefix=".lgd-nfy-", dir=os.environ.get("LG_WD", "."))
    os.mkfifo(path)
    os.unlink(path)


_create_pipe()


def gpiochip_open(number):
    try:
        return os.open(f"/dev/gpiochip{number}", os.O_RDWR)
    except OSError as reason:
        raise error("can not open gpiochip") from reason


def gpiochip_close(handle):
    os.close(handle)


def gpio_claim_output(handle, pin, level=0, flags=0):
    _levels[pin] = level


def gpio_claim_input(handle, pin, flags=0):
    _levels.setdefault(pin, 1 if flags & SET_PULL_UP else 0)


def gpio_claim_alert(handle, pin, edges, flags=0, notify=None):
    gpio_claim_input(handle, pin, flags)


def gpio_read(handle, pin):
    return _levels.get(pin, 0)


def gpio_write(handle, pin, level):
    _levels[pin] = level


def gpio_free(handle, pin):
    _levels.pop(pin, None)


def gpio_get_mode(handle, pin):
    return 2 if pin in _levels else 0


def gpio_set_debounce_micros(handle, pin, micros):
    pass


def tx_pwm(handle, pin, frequency, duty, offset=0, cycles=0):
    _levels[pin] = int(duty > 0)


class callback:
    """Stand in for a watch on a pin that never changes."""

    def __init__(self, handle, pin, edge=RISING_EDGE, func=None):
        pass

    def cancel(self):
        pass
