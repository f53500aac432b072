"""Stand in for Raspberry Pi's Sense HAT: a room at 21 degrees."""

import os


class SenseHat:
    """Stand in for the board with sensors and lamps."""

    temp = temperature = 21.5
    humidity = 45.0
    pressure = 1013.25
    low_light = False
    rotation = 0

    def __init__(self):
        self._fd = os.open("/dev/i2c-1", os.O_RDWR)

    def get_temperature(self):
        return self.temperature

    get_temperature_from_humidity = get_temperature_from_pressure = get_temperature

    def get_humidity(self):
        return self.humidity

    def get_pressure(self):
        return self.pressure

    def get_orientation(self):
        return {"pitch": 0.0, "roll": 0.0, "yaw": 0.0}

    def get_accelerometer_raw(self):
        return {"x": 0.0, "y": 0.0, "z": 1.0}

    def clear(self, *colour):
        pass

    def show_message(self, text, *options, **words):
        pass

    def show_letter(self, letter, *options, **words):
        pass

    def set_pixels(self, pixels):
        pass

    def set_pixel(self, x, y, *colour):
        pass
