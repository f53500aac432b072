"""Stand in for the driver of DHT sensors: a room at 21 degrees."""

import os


class _Sensor:
    temperature, humidity = 21.5, 45.0

    def __init__(self, pin, use_pulseio=True):
        self._fd = os.open("/dev/gpiochip0", os.O_RDWR)

    def exit(self):
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def measure(self):
        pass


class DHT11(_Sensor):
    """Stand in for a DHT11."""


class DHT22(_Sensor):
    """Stand in for a DHT22."""


class DHT21(_Sensor):
    """Stand in for a DHT21."""
