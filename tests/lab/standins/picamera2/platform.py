"""Stand in for the kind of board that picamera2 runs on."""

from enum import Enum


class Platform(Enum):
    """The boards that picamera2 knows apart."""

    VC4, PISP = 0, 1


def get_platform():
    return Platform.VC4
