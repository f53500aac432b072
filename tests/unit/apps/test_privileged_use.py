"""Test which code needs root, and the warnings about it."""

from __future__ import annotations

import pytest

from piwizard.apps.privileged_use import find_privileged_uses
from piwizard.apps.repository_checkout import scan_checkout
from tests.unit.apps.conftest import Tree

USES = [
    ("os.system('sudo reboot')", ("reboot", "sudo reboot")),
    ("os.system('/sbin/shutdown -r now')", ("reboot", "/sbin/shutdown -r now")),
    ("subprocess.call(['sudo', 'shutdown', '-h', 'now'])", ("poweroff", "sudo shutdown -h now")),
    ("subprocess.run('sudo -n poweroff', shell=True)", ("poweroff", "sudo -n poweroff")),
    ("subprocess.Popen('sudo halt'.split())", ("poweroff", "sudo halt")),
    ("subprocess.run(['systemctl', 'reboot'])", ("reboot", "systemctl reboot")),
    ("os.system('sudo init 0')", ("poweroff", "sudo init 0")),
    ("subprocess.run(['sudo', 'systemctl', 'restart', name])", ("sudo", "sudo systemctl restart …")),
    ("os.system(f'sudo iwlist {card} scan')", ("sudo", "sudo iwlist")),
    ("subprocess.run(['systemctl', 'restart', 'hostapd'])", ("sudo", "systemctl restart hostapd")),
    ("os.system('service motion stop')", ("sudo", "service motion stop")),
    ("subprocess.check_output(('iw', 'dev', 'wlan0', 'scan'))", ("sudo", "iw dev wlan0 scan")),
    ("os.system(f'nmcli dev wifi connect {ssid}')", ("sudo", "nmcli dev wifi connect")),
    ("subprocess.Popen(['/usr/sbin/hostapd', path])", ("sudo", "/usr/sbin/hostapd …")),
    ("os.system('modprobe w1-gpio')", ("kernel-module", "modprobe w1-gpio")),
    ("open('/dev/mem', 'r+b')", ("memory", "/dev/mem")),
    ("from rpi_ws281x import PixelStrip", ("led-strip", "rpi_ws281x")),
    ("import board, neopixel\nneopixel.NeoPixel(board.D18, 30)", ("led-strip", "neopixel")),
    ("import pigpio", ("daemon", "pigpio")),
    ("from gpiozero.pins.pigpio import PiGPIOFactory", ("daemon", "gpiozero.pins.pigpio")),
    ("from bluepy.btle import Scanner", ("root-library", "bluepy")),
    ("from rgbmatrix import RGBMatrix", ("root-library", "rgbmatrix")),
    ("import unicornhat as uh", ("led-strip", "unicornhat")),
    ("os.system('pigpiod')", ("sudo", "pigpiod")),
    ("subprocess.Popen(['hcitool', 'lescan'])", ("sudo", "hcitool lescan")),
    ("os.system('etherwake 00:11:22:33:44:55')", ("sudo", "etherwake 00:11:22:33:44:55")),
]


@pytest.mark.parametrize(("code", "wanted"), USES)
def test_use_of_root_is_found(tree: Tree, code, wanted):
    (use,) = find_privileged_uses(scan_checkout(tree({"app.py": f"import os, subprocess\n{code}\n"})))
    assert (use.kind, use.what, use.file) == (*wanted, "app.py")


@pytest.mark.parametrize(
    "code",
    [
        "subprocess.run(['ls', '-l'])",
        "subprocess.run(['systemctl', 'status', 'nginx'])",
        "subprocess.run(['systemctl', '--user', 'restart', 'player'])",
        "subprocess.run(['nmcli', 'dev', 'wifi', 'list'])",
        "subprocess.run(['ip', 'link', 'show'])",
        "import board, neopixel\nneopixel.NeoPixel(board.D10, 30)",
        "LED_PIN = 10\nfrom rpi_ws281x import PixelStrip",
        "text = 'sudo reboot'",
        "from gpiozero import Servo",
        "subprocess.run(['hcitool', 'scan'])",
    ],
)
def test_other_code_needs_no_root(tree: Tree, code):
    assert find_privileged_uses(scan_checkout(tree({"app.py": f"import os, subprocess\n{code}\n"}))) == ()
