"""The card of an emulated Raspberry Pi 3: Debian for ARM64 with the device nodes, groups and rules of the real board.

    Debian's packages (arm64) ── card image, kernel, initramfs, device tree ── QEMU's -M raspi3b

Made once (about twenty minutes, most of them the foreign packages' own scripts under qemu-user) and kept in the cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from piwizard.sandbox.sandbox_init import SandboxInit
from piwizard.system import commands
from tests.lab import sources
from tests.lab.cache import cached

PROGRAMS = {"fdtput": "device-tree-compiler", "mkfs.vfat": "dosfstools", "mkfs.ext4": "e2fsprogs", "sfdisk": "fdisk"}
"""The programs that make the card, with the Debian packages that have them, besides those of the lab."""
QEMU = ("qemu-system-arm", "qemu-user-static")
"""Taken from trixie: bookworm's QEMU has no I2C and no SPI on this board."""
PACKAGES = (
    *("systemd", "systemd-sysv", "libpam-systemd", "dbus", "udev", "kmod", "procps", "iproute2", "iputils-ping"),
    *("linux-sysctl-defaults", "netbase", "sudo", "openssh-server", "python3", "python3-venv", "git", "curl", "wget"),
    *("ca-certificates", "locales", "less", "nano", "cron", "tzdata", "network-manager", "systemd-timesyncd"),
    *("linux-image-arm64", "initramfs-tools", "zstd", "polkitd", "i2c-tools", "gpiod", "v4l-utils"),
)
GROUPS = ("gpio", "i2c", "spi")
MEMBER_OF = "adm,dialout,cdrom,sudo,audio,video,plugdev,games,users,input,render,netdev,gpio,i2c,spi"
"""The groups of Raspberry Pi OS's first user."""
USER, PASSWORD = "pi", "raspberry"
INITRAMFS = """
mkdir -p "$1/etc/initramfs-tools/conf.d"
echo MODULES=list > "$1/etc/initramfs-tools/conf.d/pi"
printf 'bcm2835\\nsdhci_iproc\\nmmc_block\\next4\\ncdc_ether\\ndwc2\\n' > "$1/etc/initramfs-tools/modules"
"""
"""Run before the kernel is configured: only this board's modules. Its network card hangs if its driver comes later."""
UDEV = """\
SUBSYSTEM=="input", GROUP="input", MODE="0660"
SUBSYSTEM=="i2c-dev", GROUP="i2c", MODE="0660"
SUBSYSTEM=="spidev", GROUP="spi", MODE="0660"
SUBSYSTEM=="gpio", GROUP="gpio", MODE="0660"
"""
NETWORK = """\
[connection]
id=eth0
type=ethernet
[ipv4]
method=manual
address1=10.0.2.15/24,10.0.2.2
dns=10.0.2.3;
"""
FILES = {
    "etc/hostname": "raspberrypi\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n",
    "etc/machine-id": "",
    "etc/fstab": "/dev/mmcblk0p2 / ext4 defaults,noatime 0 1\n",
    "etc/modules-load.d/raspi.conf": "i2c-dev\n",
    "etc/modprobe.d/emulated.conf": "".join(
        f"blacklist {name}\n" for name in ("vc4", "bcm2835_v4l2", "snd_bcm2835", "vchiq", "cdc_subset")
    ),
    "etc/udev/rules.d/99-com.rules": UDEV,
    "etc/NetworkManager/system-connections/eth0.nmconnection": NETWORK,
    "etc/ssh/sshd_config.d/root.conf": "PermitRootLogin yes\n",
}
CARD_BYTES, BOOT_SECTOR, ROOT_SECTOR = 4 << 30, 8192, 532480
"""The card's size is a power of two, as QEMU wants it."""
SPI, BUSES = "/soc/spi@7e204000", ("7e205000", "7e804000", "7e805000")
AARCH64 = rb"\x7fELF\x02\x01\x01" + rb"\x00" * 9 + rb"\x02\x00\xb7\x00"
MASK = rb"\xff" * 7 + rb"\x00" + rb"\xff" * 8 + rb"\xfe\xff\xff\xff"
BINFMT = Path("/proc/sys/fs/binfmt_misc")
NAME = "piwizard-lab-aarch64"


def missing() -> str:
    """Return the Debian packages that the card needs and that are not installed; empty if none."""
    absent = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return " ".join(absent)


def card() -> Path:
    """Return the folder with `qemu` (unpacked), `vmlinuz`, `initrd.img`, `pi3b.dtb` and `sd.img`."""
    parts = [Path(__file__).read_bytes(), str(sources.archives()).encode(), str(sources.pip_settings()).encode()]
    parts += [file.read_bytes() for file in sources.certificates()]
    return cached("emulated", "pi3", hashlib.sha256(b"\0".join(parts)).hexdigest()[:12], _build)


def _build(folder: Path) -> None:
    folder.mkdir(parents=True)
    lifeline = SandboxInit()
    try:
        _unpack_qemu(lifeline, folder / "qemu")
        root = folder / "root"
        with _foreign_programs(folder / "qemu/usr/bin/qemu-aarch64-static"):
            lifeline.check(
                (
                    "mmdebstrap", "--variant=minbase", "--mode=root", "--architectures=arm64",
                    "--skip=cleanup/apt,check/qemu", f"--include={','.join(PACKAGES)}",
                    f"--essential-hook={INITRAMFS}", '--aptopt=Acquire::Languages "none"',
                    "trixie", str(root), *sources.archives().lines("trixie"),
                )
            )  # fmt: skip
            _configure(root)
        _device_tree(root, folder / "pi3b.dtb")
        _make_card(root, folder)
        shutil.rmtree(root)
    finally:
        lifeline.cut()


def _unpack_qemu(lifeline: SandboxInit, folder: Path) -> None:
    """Unpack QEMU with its libraries: it runs from there and is not installed."""
    lines = sources.archives().lines("trixie")
    argv = ("mmdebstrap", "--variant=extract", "--mode=root", f"--include={','.join(QEMU)}")
    lifeline.check((*argv, "trixie", str(folder), *lines))
    for package in (folder / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()


@contextlib.contextmanager
def _foreign_programs(interpreter: Path) -> Iterator[None]:
    """Let the kernel run ARM64 programs meanwhile, also in a chroot (F: it keeps the interpreter open)."""
    mounted = (BINFMT / "register").exists()
    if not mounted:
        subprocess.run(("mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)), check=True)
    entry = b":".join((b"", NAME.encode(), b"M", b"", AARCH64, MASK, str(interpreter).encode(), b"FPOC"))
    if not (BINFMT / NAME).exists():
        (BINFMT / "register").write_bytes(entry)
    try:
        yield
    finally:
        (BINFMT / NAME).write_text("-1")
        if not mounted:
            subprocess.run(("umount", str(BINFMT)), check=True)


def _configure(root: Path) -> None:
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).unlink(missing_ok=True)
        (root / name).write_text(content)
    (root / "etc/NetworkManager/system-connections/eth0.nmconnection").chmod(0o600)
    for group in GROUPS:
        _inside(root, ("groupadd", "--force", "--system", group))
    _inside(root, ("useradd", "--create-home", "--shell=/bin/bash", f"--groups={MEMBER_OF}", USER))
    _inside(root, ("chpasswd",), f"{USER}:{PASSWORD}\nroot:{PASSWORD}\n")
    for certificate in sources.certificates():
        shutil.copy(certificate, root / "usr/local/share/ca-certificates")
    _inside(root, ("update-ca-certificates",))
    settings = {"cert": "/etc/ssl/certs/ca-certificates.crt"} | sources.pip_settings()
    (root / "etc/pip.conf").write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()))
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()


def _inside(root: Path, argv: tuple[str, ...], text: str | None = None) -> None:
    result = commands.run(("chroot", str(root), *argv), input=text)
    assert result.ok, f"{argv}: {result.last_lines}"


def _device_tree(root: Path, made: Path) -> None:
    """Debian's device tree, with what the firmware of a Pi adds, SPI, and fixed numbers of the I2C buses."""
    (source,) = root.glob("usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb")
    shutil.copy(source, made)
    _put(made, "/", "model", "Raspberry Pi 3 Model B Rev 1.2")
    _put(made, "/", "serial-number", "00000000a1b2c3d4")
    _put(made, "/system", "linux,revision", "a02082", kind="x")
    _put(made, SPI, "status", "okay")
    for number in (0, 1):
        device = f"{SPI}/spidev@{number}"
        _put(made, device, "compatible", "rohm,dh2228fv")  # Debian's kernel refuses "spidev" itself
        _put(made, device, "reg", str(number), kind="i")
        _put(made, device, "spi-max-frequency", "125000000", kind="i")
    _put(made, "/soc/serial@7e201000/bluetooth", "status", "disabled")  # frees /dev/ttyAMA0
    for number, address in enumerate(BUSES):
        _put(made, "/aliases", f"i2c{number}", f"/soc/i2c@{address}")
    _put(made, "/aliases", "mmc0", "/soc/mmc@7e202000")


def _put(tree: Path, node: str, name: str, value: str, *, kind: str = "s") -> None:
    subprocess.run(("fdtput", "-p", "-t", kind, str(tree), node, name, value), check=True)


def _make_card(root: Path, folder: Path) -> None:
    for name in ("vmlinuz", "initrd.img"):
        (found,) = (root / "boot").glob(f"{name}-*")
        shutil.copy(found, folder / name)
    image = folder / "sd.img"
    with image.open("wb") as file:
        file.truncate(CARD_BYTES)
    parts = f"label: dos\nstart={BOOT_SECTOR}, size=524288, type=c, bootable\nstart={ROOT_SECTOR}, type=83\n"
    subprocess.run(("sfdisk", "-q", str(image)), input=parts, text=True, check=True)
    subprocess.run(("mkfs.vfat", "-F", "32", "-n", "BOOTFS", "--offset", str(BOOT_SECTOR), str(image), "262144"),
                   check=True, capture_output=True)  # fmt: skip
    size = f"{(CARD_BYTES - ROOT_SECTOR * 512) // 1024}k"
    offset = f"offset={ROOT_SECTOR * 512}"
    subprocess.run(("mkfs.ext4", "-q", "-L", "rootfs", "-d", str(root), "-E", offset, str(image), size), check=True)
