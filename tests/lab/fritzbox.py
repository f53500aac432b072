"""Speak UPnP as a FRITZ!Box does: report any own address, accept every mapping."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Callable
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

from tests.lab import http_client
from tests.lab.network import ROUTER, HomeNetwork
from tests.lab.upnp import ENVELOPE, SERVICE, Mapping, UpnpRouter

PORT = 49000
GROUP = "239.255.255.250"
UUID = "uuid:75802409-bccb-40e7-8e6c-3431c4a1d2b0"
DEVICE = "urn:schemas-upnp-org:device:InternetGatewayDevice:1"
COMMON = "urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1"
TARGETS = {"upnp:rootdevice", "ssdp:all", DEVICE, SERVICE}
FOUND = (
    "HTTP/1.1 200 OK\r\nLOCATION: http://{router}:{port}/igddesc.xml\r\nSERVER: FRITZ!Box UPnP/1.0 AVM\r\n"
    "CACHE-CONTROL: max-age=1800\r\nEXT:\r\nST: {target}\r\nUSN: {uuid}::{target}\r\n\r\n"
)
DESCRIPTION = """<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion><device>
<deviceType>{device}</deviceType><friendlyName>FRITZ!Box 7590</friendlyName><manufacturer>AVM Berlin</manufacturer>
<modelName>FRITZ!Box 7590</modelName><UDN>{uuid}</UDN><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType><friendlyName>WAN</friendlyName><UDN>{uuid}-1</UDN>
<serviceList><service><serviceType>{common}</serviceType><serviceId>urn:upnp-org:serviceId:WANCommonIFC1</serviceId>
<controlURL>/igdupnp/control/WANCommonIFC1</controlURL><eventSubURL>/igdupnp/none</eventSubURL>
<SCPDURL>/igdicfgSCPD.xml</SCPDURL></service></serviceList><deviceList><device><deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType>
<friendlyName>WANConnection</friendlyName><UDN>{uuid}-2</UDN><serviceList><service><serviceType>{service}</serviceType>
<serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId><controlURL>{control}</controlURL>
<eventSubURL>/igdupnp/none</eventSubURL><SCPDURL>/igdconnSCPD.xml</SCPDURL></service></serviceList></device></deviceList>
</device></deviceList></device></root>
"""
FAULT = (
    "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>"
    '<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>{code}</errorCode>'
    "<errorDescription>{text}</errorDescription></UPnPError></detail></s:Fault>"
)


class FritzBox(UpnpRouter):
    """A small server in the router's namespace: SSDP, and SOAP on port 49000."""

    port = PORT
    control = "/igdupnp/control/WANIPConn1"

    def __init__(self, network: HomeNetwork, outside: Callable[[], str]) -> None:
        super().__init__(network)
        self._outside = outside
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, int], Mapping] = {}
        self._ssdp, soap = http_client.at(network.router.path, lambda: (_ssdp_socket(), _soap_socket()))
        self._http = _Http(self, soap)
        threading.Thread(target=self._http.serve_forever, name="fritzbox", daemon=True).start()
        threading.Thread(target=self._answer_searches, name="ssdp", daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

        self._ssdp.close()
        self._entries.clear()
        self._fill()

    def outside_changed(self) -> None:
        self._fill()

    def act(self, action: str, given: dict[str, str], peer: str) -> dict[str, str] | int:
        """Return the answer to a SOAP action, or its error number."""
        with self._lock:
            return self._act(action, given, peer)

    def _act(self, action: str, given: dict[str, str], peer: str) -> dict[str, str] | int:
        key = (given.get("NewProtocol", "").lower(), int(given.get("NewExternalPort", 0)))
        match action:
            case "GetExternalIPAddress":
                return {"NewExternalIPAddress": self._outside()}
            case "GetStatusInfo":
                return {
                    "NewConnectionStatus": "Connected",
                    "NewLastConnectionError": "ERROR_NONE",
                    "NewUptime": "9",
                }
            case "GetCommonLinkProperties":
                return {
                    "NewWANAccessType": "DSL",
                    "NewLayer1UpstreamMaxBitRate": "40000000",
                    "NewLayer1DownstreamMaxBitRate": "100000000",
                    "NewPhysicalLinkStatus": "Up",
                }
            case "GetConnectionTypeInfo":
                return {"NewConnectionType": "IP_Routed", "NewPossibleConnectionTypes": "IP_Routed"}
            case "AddPortMapping":
                return self._add(key, given, peer)
            case "DeletePortMapping":
                if key not in self._entries:
                    return 714
                del self._entries[key]
                self._fill()
                return {}
            case "GetSpecificPortMappingEntry":
                return _mapping(self._entries[key]) if key in self._entries else 714
            case "GetGenericPortMappingEntry":
                index = int(given["NewPortMappingIndex"])
                if index >= len(self._entries):
                    return 713
                return _mapping(list(self._entries.values())[index])
        return 401

    def _add(self, key: tuple[str, int], given: dict[str, str], peer: str) -> dict[str, str] | int:
        there = self._entries.get(key)
        client = given["NewInternalClient"]
        if there is not None and there.address != client:
            return 718
        if client != peer:
            return 606
        number, text = int(given["NewInternalPort"]), given["NewPortMappingDescription"]
        self._entries[key] = Mapping(*key, client, number, text, int(given["NewLeaseDuration"]))
        self._fill()
        return {}

    def _fill(self) -> None:
        rules = ["flush chain inet router upnp_prerouting"]
        for entry in self._entries.values():
            match = f"ip daddr {self._outside()} {entry.protocol} dport {entry.port}"
            rules.append(f"add rule inet router upnp_prerouting {match} dnat ip to {entry.address}:{entry.to_port}")
        self._network.router.check(("nft", "-f", "-"), input="\n".join(rules) + "\n")

    def _answer_searches(self) -> None:
        while True:
            try:
                data, peer = self._ssdp.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            wanted = re.search(r"^ST:\s*(\S+)", data.decode(errors="replace"), re.I | re.M)
            if data.startswith(b"M-SEARCH") and wanted and wanted[1] in TARGETS:
                target = DEVICE if wanted[1] == "ssdp:all" else wanted[1]
                told = FOUND.format(router=ROUTER, port=PORT, target=target, uuid=UUID)
                self._ssdp.sendto(told.encode(), peer)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, box: FritzBox, listening: socket.socket) -> None:
        self.box = box
        super().__init__((ROUTER, PORT), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening


class _Handler(BaseHTTPRequestHandler):
    server: _Http

    def do_GET(self) -> None:
        if self.path != "/igddesc.xml":
            self._send(404, "")
            return
        self._send(
            200, DESCRIPTION.format(device=DEVICE, service=SERVICE, common=COMMON, uuid=UUID, control=FritzBox.control)
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        service, _, action = self.headers.get("SOAPAction", "").strip('"').rpartition("#")
        given = {name: unescape(value) for name, value in re.findall(r"<(New\w+)[^>]*>([^<]*)</", body)}
        told = self.server.box.act(action, given, self.client_address[0])
        if isinstance(told, int):
            self._send(500, ENVELOPE.format(FAULT.format(code=told, text="refused")))
            return
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())
        self._send(200, ENVELOPE.format(f'<u:{action}Response xmlns:u="{service}">{inner}</u:{action}Response>'))

    def _send(self, status: int, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", 'text/xml; charset="utf-8"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Discard the message."""


def _mapping(entry: Mapping) -> dict[str, str]:
    return {
        "NewRemoteHost": "",
        "NewExternalPort": str(entry.port),
        "NewProtocol": entry.protocol.upper(),
        "NewInternalPort": str(entry.to_port),
        "NewInternalClient": entry.address,
        "NewEnabled": "1",
        "NewPortMappingDescription": entry.description,
        "NewLeaseDuration": str(entry.seconds),
    }


def _ssdp_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((GROUP, 1900))
    joined = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(ROUTER))
    made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
    # Wakes the waiting thread, so that it ends.
    made.settimeout(0.2)
    return made


def _soap_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((ROUTER, PORT))
    made.listen(16)
    return made
