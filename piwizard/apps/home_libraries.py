"""Python packages for the home network or the system bus, and their use."""

from __future__ import annotations

import re

from piwizard.apps.version_specs import normalized_name

MQTT = "connects to an MQTT broker"
DISCOVERY = "searches for devices in your home network"
DEVICES = "controls devices in your home network"
SCAN = "scans your home network"
WAKE = "wakes other computers"
FILES = "uses files of another machine at home"
SYSTEM_BUS = "talks to system services over D-Bus"

_NAMES: dict[str, tuple[str, ...]] = {
    MQTT: ("paho", "paho-mqtt", "hbmqtt", "amqtt", "gmqtt", "umqtt"),
    DISCOVERY: ("netdisco", "miniupnpc", "ssdpy", "aiodiscover", "wsdiscovery", "upnpclient", "upnpy"),
    DEVICES: (
        "adb-shell", "aioesphomeapi", "aiolifx", "aiounifi", "amcrest", "androidtv", "asyncua", "bac0", "bacpypes",
        "bacpypes3", "brother", "denonavr", "escpos", "evohomeclient", "fritzconnection", "hahomematic", "huesdk",
        "librouteros", "lifxlan", "nanoleafapi", "octorest", "opcua", "phue", "plugwise", "puresnmp", "pyads", "pyatv",
        "pydaikin", "pydeconz", "pyenphase", "pyfritzhome", "pyhomematic", "pyhs100", "pyipp", "pylgtv", "pyp100",
        "pytradfri", "pywebostv", "pywemo", "pywizlight", "reolink-aio", "reolinkapi", "rokuecp", "routeros-api", "rxv",
        "sacn", "samsungctl", "samsungtvws", "shellypy", "snap7", "soco", "tinytuya", "xknx", "yeelight",
    ),
    SCAN: ("nmap", "nmap3", "python3-nmap", "scapy", "getmac", "arpreq"),
    WAKE: ("wakeonlan", "wol", "pywol"),
    FILES: ("smbprotocol", "smbclient", "pysmb", "impacket", "libnfs"),
    SYSTEM_BUS: ("avahi", "dasbus", "jeepney", "networkmanager", "pydbus", "sdbus", "txdbus"),
}  # fmt: skip
"""Modules and distributions, with names normalized as on PyPI."""
_PARTS: dict[str, str] = {
    **dict.fromkeys(("mqtt", "mqtts"), MQTT),
    **dict.fromkeys(("dlna", "mdns", "ssdp", "upnp", "zeroconf"), DISCOVERY),
    **dict.fromkeys(
        (
            "bacnet", "broadlink", "chromecast", "deconz", "esphome", "fritz", "fritzbox", "hass", "homeassistant",
            "homematic", "hue", "kasa", "knx", "lifx", "meross", "miio", "modbus", "onvif", "roku", "samsungtv",
            "shelly", "snmp", "sonos", "tapo", "tasmota", "tradfri", "tuya", "unifi",
            "webostv", "wemo", "wled", "yeelight",
        ),
        DEVICES,
    ),
    **dict.fromkeys(("samba", "smb"), FILES),
    "dbus": SYSTEM_BUS,
}  # fmt: skip
"""Telling parts of names: python-kasa, pychromecast, aioshelly, flask-mqtt, dbus-next."""
_KNOWN = {name: why for why, names in _NAMES.items() for name in names}
_BEFORE = re.compile(r"^(?:py|aio|async)(?=[a-z]{3})")
_AFTER = re.compile(r"(?:\d+|api|client|lib|tcp)$")


def home_network_use_of(name: str) -> str | None:
    """Return what an app does with a module or distribution, to follow "it"."""
    plain = normalized_name(name)
    if plain in _KNOWN:
        return _KNOWN[plain]
    for part in plain.split("-"):
        short = _BEFORE.sub("", part)
        for one in (part, short, _AFTER.sub("", short)):
            if one in _PARTS:
                return _PARTS[one]
    return None
