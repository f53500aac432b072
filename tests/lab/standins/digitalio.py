"""Stand in for Blinka's pins as inputs and outputs."""

import os


class Direction:
    """The directions of a pin."""

    INPUT, OUTPUT = 0, 1


class Pull:
    """The pulls of a pin."""

    UP, DOWN = 1, 2


class DigitalInOut:
    """Stand in for a pin in use."""

    direction, value, pull = Direction.INPUT, False, None

    def __init__(self, pin):
        self._fd = os.open("/dev/gpiochip0", os.O_RDWR)

    def deinit(self):
        os.close(self._fd)

    def switch_to_output(self, value=False, **words):
        self.direction, self.value = Direction.OUTPUT, value

    def switch_to_input(self, pull=None):
        self.direction, self.pull = Direction.INPUT, pull
