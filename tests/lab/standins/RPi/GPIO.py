"""Stand in for RPi.GPIO, as rpi-lgpio provides it: over lgpio."""

import lgpio

VERSION = "0.7.2"
BOARD, BCM = 10, 11
OUT, IN = 0, 1
LOW, HIGH = 0, 1
PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22
RISING, FALLING, BOTH = 31, 32, 33
RPI_INFO = {"P1_REVISION": 3, "REVISION": "c03114", "TYPE": "Pi 4 Model B", "RAM": "4GB"}
_chip = None
_mode = None


def setmode(mode):
    global _mode, _chip
    _mode = mode
    if _chip is None:
        _chip = lgpio.gpiochip_open(0)


def getmode():
    return _mode


def setwarnings(on):
    pass


def setup(pins, direction, pull_up_down=PUD_OFF, initial=None):
    if _chip is None:
        raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BOARD) or GPIO.setmode(GPIO.BCM)")
    for pin in pins if isinstance(pins, list | tuple) else [pins]:
        if direction == OUT:
            lgpio.gpio_claim_output(_chip, pin, initial or 0)
        else:
            lgpio.gpio_claim_input(_chip, pin, lgpio.SET_PULL_UP if pull_up_down == PUD_UP else 0)


def input(pin):
    return lgpio.gpio_read(_chip, pin)


def output(pins, levels):
    for pin in pins if isinstance(pins, list | tuple) else [pins]:
        lgpio.gpio_write(_chip, pin, int(bool(levels)))


def add_event_detect(pin, edge, callback=None, bouncetime=None):
    pass


def remove_event_detect(pin):
    pass


def event_detected(pin):
    return False


def wait_for_edge(pin, edge, bouncetime=None, timeout=None):
    return None


def cleanup(pins=None):
    global _chip
    if _chip is not None and pins is None:
        lgpio.gpiochip_close(_chip)
        _chip = None


class PWM:
    """Stand in for pulses on a pin."""

    def __init__(self, pin, frequency):
        self._pin = pin

    def start(self, duty):
        lgpio.tx_pwm(_chip, self._pin, 0, duty)

    def ChangeDutyCycle(self, duty):
        lgpio.tx_pwm(_chip, self._pin, 0, duty)

    def ChangeFrequency(self, frequency):
        pass

    def stop(self):
        lgpio.tx_pwm(_chip, self._pin, 0, 0)
