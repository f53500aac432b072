"""Test which code needs the home network, and which only looks like it."""

from __future__ import annotations

import time

import pytest

from piwizard.apps.home_network import find_home_network, home_network_in_answers
from piwizard.apps.private_addresses import is_private, private_address
from tests.unit.apps.conftest import Tree

NEEDS = [
    ("import paho.mqtt.client as mqtt", "MQTT"),
    ("from flask_mqtt import Mqtt", "MQTT"),
    ("from aiomqtt import Client", "MQTT"),
    ("from zeroconf import Zeroconf", "searches for devices"),
    ("from phue import Bridge", "controls devices"),
    ("import aioshelly", "controls devices"),
    ("from kasa import Discover", "controls devices"),
    ("import pychromecast", "controls devices"),
    ("import soco", "controls devices"),
    ("import pywemo", "controls devices"),
    ("from miio import Vacuum", "controls devices"),
    ("import tinytuya", "controls devices"),
    ("from roku import Roku", "controls devices"),
    ("from samsungtvws import SamsungTVWS", "controls devices"),
    ("import broadlink", "controls devices"),
    ("from pyhomematic import HMConnection", "controls devices"),
    ("from pymodbus.client import ModbusTcpClient", "controls devices"),
    ("import nmap", "scans"),
    ("from scapy.all import ARP", "scans"),
    ("def wake():\n    from wakeonlan import send_magic_packet", "wakes"),
    ("import dbus", "D-Bus"),
    ("from dbus_next.aio import MessageBus", "D-Bus"),
    ('LAMP = "192.168.1.50"', "192.168.1.50"),
    ('requests.get("http://10.0.0.7:8080/state")', "10.0.0.7"),
    ('URL = "http://user:secret@172.20.1.9/api"', "172.20.1.9"),
    ('requests.get(f"http://192.168.178.{number}/cm")', "192.168.178."),
    ('x = "http://192.168.1.%d/" % n', "192.168.1."),
    ('client.connect("homeassistant.local", 1883)', "homeassistant.local"),
    ('BASE = "http://nas.lan:5000"', "nas.lan"),
    ('BASE = "http://fritz.box"', "fritz.box"),
    ('URL = "http://[fd00::5]/"', "fd00::5"),
    ("s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)", "broadcasts"),
    ('s.sendto(data, ("<broadcast>", 9))', "broadcasts"),
    ('s.sendto(data, ("255.255.255.255", 9))', "255.255.255.255"),
    ("s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)", "multicast"),
    ('q = b"M-SEARCH * HTTP/1.1\\r\\n"', "SSDP"),
]
NOTHING = [
    "import requests\nrequests.get('https://api.openweathermap.org/')",
    "import huey\nimport smbus2",
    "app.run(host='192.168.1.10', port=80)",
    "app.run('192.168.1.10')",
    "app.config['SERVER_NAME'] = 'raspberrypi.local:5000'",
    "app.config.update(SERVER_NAME='raspberrypi.local')",
    "if request.remote_addr == '192.168.1.5':\n    pass",
    "if request.remote_addr.startswith('192.168.1.'):\n    pass",
    "if request.remote_addr in ('192.168.1.5', '10.0.0.1'):\n    pass",
    "TRUSTED = ipaddress.ip_network('192.168.0.0/16')",
    "TRUSTED_PROXIES = ['10.0.0.1']",
    "NETWORK = '10.0.0.0/8'",
    '"""It runs at http://192.168.1.10/."""',
    "HOST = '127.0.0.1'\nOTHER = '0.0.0.0'\nREDIS = 'redis://localhost:6379'",
    "MASK = '255.255.255.0'",
    "VERSION = 'v10.0.0.1-beta'",
    "app.config.from_object('settings.local')",
    "load_dotenv('.env.local')",
    "store = threading.local()",
    "AGENT = 'Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36'",
    "DNS = '8.8.8.8'",
    "MAC = 'ff:ff:ff:ff:ff:ff'",
]


@pytest.mark.parametrize(("code", "why"), NEEDS)
def test_home_network_use_is_found_with_reason_and_place(tree: Tree, code: str, why: str) -> None:
    root = tree({"app.py": f"import socket\n{code}\n"})
    (use, *_) = find_home_network(root)
    assert why in use.text
    assert use.text.endswith(f"(app.py:{2 + code.startswith('def')})")


@pytest.mark.parametrize("code", NOTHING)
def test_code_without_home_network_use_is_not_suspected(tree: Tree, code: str) -> None:
    assert find_home_network(tree({"app.py": f"{code}\n"})) == ()


def test_name_of_a_module_is_no_address(tree: Tree) -> None:
    files = {"lamp/__init__.py": "import logging\nlogging.getLogger('lamp.home')\n", "lamp/home.py": ""}
    assert find_home_network(tree(files)) == ()


def test_requirements_and_sample_settings_are_read(tree: Tree) -> None:
    root = tree({
        "app.py": "from flask import Flask\n",
        "requirements.txt": "flask\npaho-mqtt>=2  # the sensors\n",
        ".env.example": "# http://192.168.1.1\nHOST=192.168.1.10\nMQTT_HOST=192.168.1.20\nexport NAS_URL=http://nas.local/\n",
        "config.json": '{\n  "bridge": "192.168.1.30"\n}\n',
    })  # fmt: skip
    found = [use.text for use in find_home_network(root)]
    assert found == [
        "it connects to an MQTT broker (requirements.txt:2)",
        "it uses the address 192.168.1.20 (.env.example:3)",
        "it uses the address nas.local (.env.example:4)",
        "it uses the address 192.168.1.30 (config.json:2)",
    ]


def test_answers_name_the_variable_and_never_its_value() -> None:
    settings = {"BROKER": "mqtt://me:hush@192.168.1.9", "HOST": "192.168.1.10", "API": "https://example.org", "N": None}
    (use,) = home_network_in_answers(settings)
    assert use.text == "it gets a home network address in BROKER (app.env)"


def test_modules_of_the_app_itself_are_not_mistaken_for_libraries(tree: Tree) -> None:
    root = tree(
        {
            "app.py": "import hue\nimport sonos.api\nimport mqtt\n",
            "hue.py": "",
            "sonos/api.py": "",
            "mqtt/__init__.py": "",
        }
    )
    assert find_home_network(root) == ()


def test_only_what_needs_the_system_bus_asks_for_it(tree: Tree) -> None:
    root = tree({"app.py": "import paho.mqtt\nimport pydbus\n"})
    assert [use.dbus for use in find_home_network(root)] == [False, True]
    raw = tree({"app.py": 'sock.connect("/run/dbus/system_bus_socket")\n'})
    assert [use.dbus for use in find_home_network(raw)] == [True]


def test_hostile_texts_take_no_time(tree: Tree) -> None:
    texts = ["a" * 200_000, "1." * 100_000, "192.168.1." * 20_000, "fe80:" * 40_000, "-." * 100_000, "a.local" * 30_000]
    lines = "\n".join(f"x{number} = {text!r}" for number, text in enumerate(texts))
    root = tree({"app.py": lines, ".env.example": "\n".join(f"X={text[:1900]}" for text in texts * 300)})
    began = time.monotonic()
    find_home_network(root)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.1.1", "100.64.0.1", "224.0.0.251",
        "255.255.255.255", "fd12::1", "fe80::1", "ff02::fb", "64:ff9b::192.168.1.1", "::ffff:192.168.1.1",
    ],
)  # fmt: skip
def test_private_addresses_are_known(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "127.0.0.1", "::1", "0.0.0.0", "2a00::1", "172.32.0.1", "no", "64:ff9b::808:808"]
)
def test_other_addresses_are_not_private(address: str) -> None:
    assert not is_private(address)


def test_address_is_found_inside_an_error_message() -> None:
    assert private_address("192.168.1.1:80") == "192.168.1.1"
    assert private_address("10.0.0.0/8") is None


PUBLISH = "import paho.mqtt.publish as publish\n"
CLIENT = "import paho.mqtt.client as mqtt\nclient = mqtt.Client('lamp')\n"


@pytest.mark.parametrize(
    "code",
    [
        f"{CLIENT}client.connect('localhost', 1883, 60)",
        f"{CLIENT}BROKER = '127.0.0.1'\nclient.connect(BROKER)",
        f"{CLIENT}client.connect('broker.hivemq.com', 1883)",
        f"{CLIENT}import os\nclient.connect(os.environ.get('MQTT_HOST', 'localhost'))",
        f"{CLIENT}import sqlite3\nsqlite3.connect('a.db')\nclient.connect(host='localhost')",
        f"{PUBLISH}publish.single('lamp', 'on')",
        f"{PUBLISH}publish.single('lamp', 'on', hostname='localhost')",
        "from flask_mqtt import Mqtt\napp.config['MQTT_BROKER_URL'] = 'localhost'\nmqtt = Mqtt(app)",
        "import aiomqtt\naiomqtt.Client('test.mosquitto.org')",
    ],
)
def test_broker_outside_of_the_home_network_needs_no_access_to_it(tree: Tree, code: str) -> None:
    assert find_home_network(tree({"app.py": f"{code}\n"})) == ()


@pytest.mark.parametrize(
    "code",
    [
        f"{CLIENT}client.connect('192.168.1.10')",
        f"{CLIENT}client.connect('homeassistant')",
        f"{CLIENT}client.connect('mqtt.local')",
        f"{CLIENT}import sys\nclient.connect(sys.argv[1])",
        f"{CLIENT}client.connect('localhost')\nother = mqtt.Client()\nother.connect('192.168.1.10')",
        f"{CLIENT}",
        "from flask_mqtt import Mqtt\nmqtt = Mqtt(app)",
    ],
)
def test_broker_that_may_be_in_the_home_network_is_reported(tree: Tree, code: str) -> None:
    assert any("MQTT" in use.why for use in find_home_network(tree({"app.py": f"{code}\n"})))


def test_devices_at_this_pi_need_no_home_network(tree: Tree) -> None:
    files = {
        "app.py": "from escpos.printer import Usb\n",
        "meter.py": "from pymodbus.client import ModbusSerialClient\n",
    }
    assert find_home_network(tree(files)) == ()
    assert find_home_network(tree({"app.py": "from escpos.printer import Network, Usb\n", "meter.py": ""})) != ()
