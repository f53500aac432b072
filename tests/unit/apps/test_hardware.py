"""Test which code uses the hardware of a Pi, and which only looks like it."""

from __future__ import annotations

import pytest

from piwizard.apps.hardware import find_hardware
from piwizard.apps.hardware_catalogue import BY_NAME, LIBRARIES, PROGRAMS
from piwizard.system.devices import DEVICE_CLASSES
from tests.unit.apps.conftest import Tree

USES = [
    ("from gpiozero import LED", ("gpio",)),
    ("import RPi.GPIO as GPIO", ("gpio",)),
    ("try:\n    import RPi.GPIO as GPIO\nexcept ImportError:\n    GPIO = None", ("gpio",)),
    ("import lgpio", ("gpio",)),
    ("import gpiod", ("gpio",)),
    ("import pigpio", ("gpio",)),
    ("import adafruit_dht", ("gpio",)),
    ("import smbus", ("i2c",)),
    ("from smbus2 import SMBus, i2c_msg", ("i2c",)),
    ("import bme280", ("i2c",)),
    ("import board\ni2c = board.I2C()", ("gpio", "i2c")),
    ("import board, busio\nspi = busio.SPI(board.SCK)", ("gpio", "spi")),
    ("import adafruit_ina219", ("gpio", "i2c")),
    ("import spidev", ("spi",)),
    ("from mfrc522 import SimpleMFRC522", ("gpio", "spi")),
    ("from luma.oled.device import ssd1306", ("gpio", "i2c", "spi")),
    ("from w1thermsensor import W1ThermSensor", ("1-wire",)),
    ("import glob\nglob.glob('/sys/bus/w1/devices/28*')", ("1-wire",)),
    ("import serial\nport = serial.Serial('/dev/ttyACM0', 9600)", ("serial",)),
    ("PORT = '/dev/serial0'", ("serial",)),
    ("from picamera2 import Picamera2", ("camera",)),
    ("import cv2\ncamera = cv2.VideoCapture(0)", ("camera",)),
    ("from cv2 import VideoCapture\nVideoCapture(0)", ("camera",)),
    ("import os\nos.system('raspistill -o static/now.jpg')", ("camera",)),
    ("import subprocess\nsubprocess.run(['libcamera-still', '-o', name])", ("camera",)),
    ("import subprocess\nsubprocess.run(f'rpicam-still -o {name}', shell=True)", ("camera",)),
    ("import os\nos.popen('vcgencmd measure_temp').readline()", ("firmware",)),
    ("import subprocess\nsubprocess.check_output(['/usr/bin/vcgencmd', 'measure_temp'])", ("firmware",)),
    ("import alsaaudio", ("audio",)),
    ("import subprocess\nsubprocess.Popen('aplay bell.wav'.split())", ("audio",)),
    ("from evdev import InputDevice", ("input",)),
    ("import usb.core", ("usb",)),
    ("from sense_hat import SenseHat", ("i2c", "input", "display")),
    ("with open('/sys/class/gpio/export', 'w') as file: file.write('17')", ("gpio",)),
    ("DEVICE = '/dev/i2c-1'", ("i2c",)),
    ("open('/dev/spidev0.0')", ("spi",)),
    ("from escpos.printer import Usb", ("usb", "serial")),
    ("from rtlsdr import RtlSdr", ("usb",)),
    ("import nfc\nnfc.ContactlessFrontend('usb')", ("usb", "serial")),
    ("from pn532 import PN532_SPI", ("gpio", "i2c", "spi")),
    ("from adafruit_motorkit import MotorKit", ("gpio", "i2c")),
    ("import adafruit_rgb_display.st7789", ("gpio", "spi")),
    ("import piplates.RELAYplate as RELAY", ("gpio", "spi")),
    ("from pijuice import PiJuice", ("i2c",)),
    ("from buildhat import Motor", ("gpio", "serial")),
    ("import os\nos.system('omxplayer song.mp3')", ("audio",)),
    ("from bleak import BleakScanner", ("bluetooth",)),
    ("import bluetooth", ("bluetooth",)),
    ("from bluepy.btle import Peripheral", ("bluetooth",)),
    ("from gattlib import DiscoveryService", ("bluetooth",)),
    ("import socket\nsocket.socket(socket.AF_BLUETOOTH, socket.SOCK_STREAM, 3)", ("bluetooth",)),
    ("from socket import AF_BLUETOOTH, socket\nsocket(AF_BLUETOOTH)", ("bluetooth",)),
    ("import subprocess\nsubprocess.run(['bluetoothctl', 'devices'])", ("bluetooth",)),
    ("import dbus\nbus.get_object('org.bluez', '/org/bluez/hci0')", ("bluetooth",)),
    ("import serial\nserial.Serial('/dev/rfcomm0')", ("serial", "bluetooth")),
]


def kinds(tree):
    return {kind for use in find_hardware(tree) for kind in use.kinds}


@pytest.mark.parametrize(("code", "wanted"), USES)
def test_hardware_is_found_in_code(tree: Tree, code, wanted):
    assert kinds(tree({"app.py": f"{code}\n"})) == set(wanted)


@pytest.mark.parametrize(
    "code",
    [
        "from flask import Flask",
        '"""Reads /dev/i2c-1 when it runs on a Pi."""',
        "import cv2\ncv2.imread('cat.jpg')",
        "log('no /dev here')",
        "import subprocess\nsubprocess.run(['git', 'pull'])",
        "from board import Board",
    ],
)
def test_plain_code_uses_no_hardware(tree: Tree, code):
    assert kinds(tree({"app.py": f"{code}\n", "board.py": "class Board: pass\n"})) == set()


def test_use_names_file_and_line(tree: Tree):
    (use,) = find_hardware(tree({"app.py": "import os\n\nimport smbus2\n"}))
    assert use.text == "it imports smbus2 (app.py:3)"
    assert use.library == "smbus2"


def test_hardware_is_found_in_requirements(tree: Tree):
    root = tree({"app.py": "import lamp\n", "requirements.txt": "flask\nRPi.GPIO==0.7.1\n", "lamp.py": ""})
    (use,) = find_hardware(root)
    assert (use.kinds, use.library, use.text) == (("gpio",), "RPi.GPIO", "it requires rpi-gpio (requirements.txt:2)")


def test_hardware_is_found_in_a_unit_of_the_repository(tree: Tree):
    unit = "[Service]\nSupplementaryGroups=i2c dialout\nDeviceAllow=/dev/snd rw\n# Group=gpio\n"
    found = find_hardware(tree({"app.py": "", "deploy/lamp.service": unit}))
    assert {kind for use in found for kind in use.kinds} == {"i2c", "serial", "audio"}
    assert found[0].text == "it runs in the group i2c (deploy/lamp.service:2)"


def test_own_module_with_the_name_of_a_library_is_read_instead(tree: Tree):
    stand_in = "import os\ndef setup(pin): os.close(os.open('/dev/gpiomem', os.O_RDWR))\n"
    root = tree({"app.py": "import RPi.GPIO as GPIO\n", "RPi/__init__.py": "", "RPi/GPIO.py": stand_in})
    assert [(use.library, use.device) for use in find_hardware(root)] == [("", "/dev/gpiomem")]


def test_program_names_the_package_that_it_is_in(tree: Tree):
    root = tree({"app.py": "import os\nos.system('fswebcam now.jpg')\n"})
    assert [(use.package, use.kinds) for use in find_hardware(root)] == [("fswebcam", ("camera",))]


def test_catalogue_names_known_classes_and_libraries():
    known = set(DEVICE_CLASSES)
    assert all(set(library.kinds) <= known for library in LIBRARIES)
    assert all(set(uses) <= known for uses, _ in PROGRAMS.values())
    assert all(set(library.needs) <= BY_NAME.keys() for library in LIBRARIES)
    names = [name for library in LIBRARIES for name in library.distributions]
    assert len(names) == len(set(names))
