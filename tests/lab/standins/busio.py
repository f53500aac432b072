"""Stand in for Blinka's buses."""

import os


class I2C:
    """Stand in for an I2C bus."""

    def __init__(self, scl, sda, frequency=100_000):
        self._fd = os.open("/dev/i2c-1", os.O_RDWR)

    def try_lock(self):
        return True

    def unlock(self):
        pass

    def scan(self):
        return [0x76]


class SPI:
    """Stand in for an SPI bus."""

    def __init__(self, clock, MOSI=None, MISO=None):
        self._fd = os.open("/dev/spidev0.0", os.O_RDWR)
