"""Stand-ins for a Raspberry Pi's hardware: device nodes, groups, and the packages of Raspberry Pi OS.

Each node is another name of /dev/null, which every unit may open if it sees the node and belongs to its group. So the
lab shows whether a service gets its devices and groups; which device classes DeviceAllow= lets through, only the
emulated Pi shows. The modules in `standins/` open the node that the real ones open, and answer with fixed values.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from pathlib import Path

from piwizard.system import commands
from tests.lab import product
from tests.lab.images import Layer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

GROUPS = ("gpio", "i2c", "spi")
"""Groups of Raspberry Pi OS that Debian does not have."""
NODES = {
    "gpiochip0": "gpio",
    "gpiomem": "gpio",
    "i2c-1": "i2c",
    "spidev0.0": "spi",
    "spidev0.1": "spi",
    "video0": "video",
    "media0": "video",
    "vcio": "video",
    "vchiq": "video",
    "dma_heap/system": "video",
    "ttyAMA0": "dialout",
    "snd/controlC0": "audio",
    "input/event0": "input",
}
"""Nodes below /dev, and the group of each."""
MODULES = Path(__file__).with_name("standins")
VERSION = "99.0"
"""Higher than every real version, so that apt and pip choose the stand-in."""
DEBIAN = {
    "python3-lgpio": ("lgpio.py",),
    "python3-rpi-lgpio": ("RPi",),
    "python3-smbus": ("smbus.py",),
    "python3-spidev": ("spidev.py",),
    "python3-sense-hat": ("sense_hat",),
    "python3-libcamera": ("libcamera.py",),
    "python3-picamera2": ("picamera2",),
}
"""Packages of Debian or Raspberry Pi OS, and the modules that each has."""
DEPENDS = {"python3-rpi-lgpio": "python3-lgpio", "python3-picamera2": "python3-libcamera"}
WHEELS = {
    "adafruit_blinka": ("board.py", "busio.py", "digitalio.py"),
    "adafruit_circuitpython_dht": ("adafruit_dht.py",),
}
"""Packages of PyPI that run only on a board that they know."""
ARCHIVE = "/srv/standins"


def attached(lab: Lab, variant: str) -> Layer:
    """Return a layer with piwizard and this hardware; its nodes are there after each boot."""
    key = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(MODULES.rglob("*.py")):
        key.update(str(file.relative_to(MODULES)).encode() + file.read_bytes())
    return lab.layer(variant, "hardware", key.hexdigest(), attach, on=product.installed(lab, variant))


def attach(pi: Pi) -> None:
    """Give a booted Pi the groups, nodes and packages."""
    for group in GROUPS:
        pi.run(("groupadd", "--force", "--system", group))
    rules = [f"d /dev/{folder} 0755 root root" for folder in ("dma_heap", "snd", "input")]
    rules += [f"c /dev/{node} 0660 root {group} - 1:3" for node, group in NODES.items()]
    pi.write("/etc/tmpfiles.d/hardware.conf", "\n".join(rules) + "\n")
    pi.run(("systemd-tmpfiles", "--create", "hardware.conf"))
    with tempfile.TemporaryDirectory() as folder:
        _make_packages(Path(folder))
        pi.push(Path(folder), ARCHIVE)
    pi.run(("chmod", "-R", "a+rX", ARCHIVE))
    pi.write("/etc/apt/sources.list.d/standins.list", f"deb [trusted=yes] file:{ARCHIVE} ./\n")
    known = pi.run(("cat", "/etc/pip.conf"), check=False).output
    pi.write("/etc/pip.conf", f"{known}\n[install]\nfind-links = {ARCHIVE}\n")
    pi.run(("apt-get", "update"))


def _make_packages(folder: Path) -> None:
    """Write an archive for apt, and wheels, into a folder."""
    entries = []
    for name, modules in DEBIAN.items():
        control = (
            f"Package: {name}\nVersion: {VERSION}\nArchitecture: all\nMaintainer: The lab <lab@example.org>\n"
            f"Depends: {', '.join(filter(None, ('python3', DEPENDS.get(name))))}\nDescription: stand-in of the lab\n"
        )
        package = _make_package(folder, name, control, modules)
        content = package.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        entries.append(f"{control}Filename: ./{package.name}\nSize: {len(content)}\nSHA256: {digest}\n")
    (folder / "Packages").write_text("\n".join(entries))
    for name, modules in WHEELS.items():
        _make_wheel(folder, name, modules)


def _make_package(folder: Path, name: str, control: str, modules: tuple[str, ...]) -> Path:
    with tempfile.TemporaryDirectory() as below:
        tree = Path(below)
        tree.chmod(0o755)
        place = tree / "usr/lib/python3/dist-packages"
        for path, content in _files(modules):
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(content)
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN/control").write_text(control)
        package = folder / f"{name}.deb"
        result = commands.run(("dpkg-deb", "--root-owner-group", "--build", str(tree), str(package)))
        assert result.ok, result.last_lines
    return package


def _make_wheel(folder: Path, name: str, modules: tuple[str, ...]) -> None:
    about = f"{name}-{VERSION}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{VERSION}-py3-none-any.whl", "w") as wheel:
        for path, content in _files(modules):
            wheel.writestr(path, content)
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n")
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")


def _files(modules: tuple[str, ...]) -> list[tuple[str, bytes]]:
    """Return the files of some modules, with their paths below site-packages."""
    found = []
    for module in modules:
        path = MODULES / module
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [(str(file.relative_to(MODULES)), file.read_bytes()) for file in found]
