"""Speak UPnP with the router as machines on the LAN do: SOAP from the laptop."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from xml.sax.saxutils import escape

from tests.lab import http_client
from tests.lab.network import LAPTOP, ROUTER, HomeNetwork

SERVICE = "urn:schemas-upnp-org:service:WANIPConnection:1"
ENVELOPE = (
    '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>{}</s:Body></s:Envelope>\r\n'
)


@dataclass(frozen=True)
class Mapping:
    """A port mapping by UPnP."""

    protocol: str
    port: int
    address: str
    to_port: int
    description: str
    seconds: int
    """Seconds until it expires; 0 for never."""


class SoapFault(Exception):
    """A SOAP error with UPnP's number."""


class UpnpRouter:
    """A running UPnP server. `port` and `control` are its SOAP endpoint."""

    port: int
    control: str

    def __init__(self, network: HomeNetwork) -> None:
        self._network = network

    def stop(self) -> None:
        raise NotImplementedError

    def outside_changed(self) -> None:
        """Report a changed WAN address or device."""

    def mappings(self) -> list[Mapping]:
        """Return the mappings that the router reports, entry by entry."""
        found: list[Mapping] = []
        while True:
            try:
                told = self.soap("GetGenericPortMappingEntry", NewPortMappingIndex=str(len(found)))
            except SoapFault:
                return found
            found.append(
                Mapping(
                    told["NewProtocol"].lower(),
                    int(told["NewExternalPort"]),
                    told["NewInternalClient"],
                    int(told["NewInternalPort"]),
                    told["NewPortMappingDescription"],
                    int(told["NewLeaseDuration"]),
                )
            )

    def claim(self, port: int, description: str) -> None:
        """Map a port to the laptop, requested by the laptop."""
        self.soap(
            "AddPortMapping",
            NewRemoteHost="",
            NewExternalPort=str(port),
            NewProtocol="TCP",
            NewInternalPort=str(port),
            NewInternalClient=LAPTOP,
            NewEnabled="1",
            NewPortMappingDescription=description,
            NewLeaseDuration="0",
        )

    def soap(self, action: str, **arguments: str) -> dict[str, str]:
        """Send one request from the laptop."""
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in arguments.items())
        body = ENVELOPE.format(f'<u:{action} xmlns:u="{SERVICE}">{inner}</u:{action}>').encode()
        headers = {"SOAPAction": f'"{SERVICE}#{action}"', "Content-Type": 'text/xml; charset="utf-8"'}
        laptop: Path = self._network.laptop.path
        answer = http_client.get(
            laptop, ROUTER, self.control, host=f"{ROUTER}:{self.port}", port=self.port, headers=headers, method="POST",
            body=body,
        )  # fmt: skip
        if answer.status != 200:
            code = re.search(r"<errorCode>(\d+)</errorCode>", answer.text)
            raise SoapFault(f"{action}: {code[1] if code else answer.text}")
        return {name: unescape(value) for name, value in re.findall(r"<(New\w+)[^>]*>([^<]*)</", answer.text)}
