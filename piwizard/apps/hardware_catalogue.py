"""List the Python libraries and programs for a Pi's hardware.

Each says which devices it uses, and where it comes from.
"""

from __future__ import annotations

from dataclasses import replace

from piwizard.apps.version_specs import normalized_name
from piwizard.system.lazy_dataclass import dataclass

BUS_KINDS = ("gpio", "i2c", "spi")


@dataclass(frozen=True)
class HardwareLibrary:
    """A Python library for hardware.

    `modules` are top-level modules, `distributions` its normalized names on PyPI, `kinds` the device classes that it
    uses. If one of the Debian packages `debian` is available, it takes the place of pip's: these libraries belong to
    the system (`bound`: even if the app pins another version), or pip cannot install them on every Pi. `compiled`: pip
    has to compile it, with the Debian packages `build` besides a compiler. `also` are Debian packages that it needs in
    any case, `needs` other libraries of this table that it loads by itself. `pip` is what pip installs if the code
    lists no packages ("": not known). `gone` says why it no longer works on any system that piwizard supports.
    """

    name: str
    modules: tuple[str, ...]
    distributions: tuple[str, ...]
    kinds: tuple[str, ...]
    debian: tuple[str, ...] = ()
    bound: bool = False
    compiled: bool = False
    build: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    pip: str = ""
    gone: str = ""


def _library(
    name: str,
    *kinds: str,
    modules: str = "",
    distributions: str = "",
    debian: str = "",
    bound: bool = False,
    compiled: bool = False,
    build: str = "",
    also: str = "",
    needs: str = "",
    pip: str | None = None,
) -> HardwareLibrary:
    """Return a library whose module and distribution are called like it."""
    listed = tuple(map(normalized_name, (distributions or name).split()))
    return HardwareLibrary(
        name,
        tuple((modules or name).split()),
        listed,
        kinds,
        tuple(debian.split()),
        bound,
        compiled,
        tuple(build.split()),
        tuple(also.split()),
        tuple(needs.split()),
        listed[0] if pip is None else pip,
    )


RPI_GPIO = "python3-rpi-lgpio python3-rpi.gpio"
LIBRARIES: tuple[HardwareLibrary, ...] = (
    _library("gpiozero", "gpio", needs="lgpio"),
    _library("lgpio", "gpio", debian="python3-lgpio", bound=True, compiled=True, build="swig"),
    _library(
        "RPi.GPIO",
        "gpio",
        modules="RPi",
        distributions="RPi.GPIO rpi-gpio2",
        debian=RPI_GPIO,
        bound=True,
        compiled=True,
    ),
    replace(_library("rpi-lgpio", "gpio", debian=RPI_GPIO, bound=True, needs="lgpio"), modules=()),
    _library("gpiod", "gpio"),
    _library("pigpio", "gpio"),
    _library("wiringpi", *BUS_KINDS, compiled=True),
    _library(
        "Blinka",
        "gpio",
        modules="board busio digitalio microcontroller pwmio adafruit_blinka",
        distributions="adafruit-blinka",
        needs="gpiod",
    ),
    replace(
        _library("Adafruit_DHT", "gpio", compiled=True, pip=""),
        gone="is no longer maintained and does not recognize most Pis and systems of today, so that it does not "
        "install there. Its successor is the package adafruit-circuitpython-dht with the module adafruit_dht: the "
        "app's code must be changed to it",
    ),
    _library(
        "NeoPixel",
        "gpio",
        modules="neopixel rpi_ws281x",
        distributions="rpi-ws281x adafruit-circuitpython-neopixel",
        compiled=True,
    ),
    _library(
        "NeoPixel-SPI",
        "gpio",
        "spi",
        modules="neopixel_spi",
        distributions="adafruit-circuitpython-neopixel-spi",
        needs="Blinka",
    ),
    _library("adafruit_dht", "gpio", distributions="adafruit-circuitpython-dht", needs="Blinka"),
    _library("adafruit_hcsr04", "gpio", distributions="adafruit-circuitpython-hcsr04", needs="Blinka"),
    _library(
        "adafruit_mcp3xxx",
        "gpio",
        "spi",
        modules="adafruit_mcp3xxx adafruit_max31855 adafruit_max31856 adafruit_max31865",
        distributions="adafruit-circuitpython-mcp3xxx adafruit-circuitpython-max31855 "
        "adafruit-circuitpython-max31856 adafruit-circuitpython-max31865",
        needs="Blinka",
    ),
    _library("pi5neo", "spi", needs="spidev"),
    _library("dht11", "gpio", needs="RPi.GPIO"),
    _library("hx711", "gpio", needs="RPi.GPIO"),
    _library("rpi_rf", "gpio", needs="RPi.GPIO"),
    _library("pigpio_dht", "gpio"),
    _library("rpi_hardware_pwm", "gpio"),
    _library("RPLCD", "gpio", "i2c"),
    _library("inky", *BUS_KINDS),
    _library("automationhat", *BUS_KINDS, needs="RPi.GPIO"),
    _library("explorerhat", "gpio", "i2c", needs="RPi.GPIO"),
    _library("blinkt", "gpio", needs="RPi.GPIO"),
    _library("phatbeat", "gpio", needs="RPi.GPIO"),
    _library("rainbowhat", *BUS_KINDS, needs="RPi.GPIO"),
    _library("unicornhathd", "spi", needs="spidev"),
    _library("scrollphathd", "i2c"),
    _library("sn3218", "i2c"),
    _library("pantilthat", "i2c"),
    _library("enviroplus", *BUS_KINDS),
    _library("pms5003", "gpio", "serial"),
    _library("pifacedigitalio", "spi"),
    _library("tm1637", "gpio", distributions="raspberrypi-tm1637", needs="RPi.GPIO"),
    _library("buildhat", "gpio", "serial"),
    _library("piplates", "gpio", "spi", distributions="pi-plates", needs="spidev RPi.GPIO", pip=""),
    _library("unicornhat", "gpio", compiled=True),
    _library("displayhatmini", "gpio", "spi", needs="RPi.GPIO spidev"),
    _library("microdotphat", "i2c"),
    _library("st7735", *BUS_KINDS, modules="st7735 ST7735"),
    _library("pn532", *BUS_KINDS, needs="RPi.GPIO spidev", pip=""),
    _library("py532lib", "i2c", pip=""),
    _library("pijuice", "i2c", debian="pijuice-base", bound=True, pip=""),
    _library(
        "adafruit_rgb_display",
        "gpio",
        "spi",
        modules="adafruit_rgb_display adafruit_epd adafruit_rfm9x adafruit_rfm69 adafruit_dotstar adafruit_ws2801",
        distributions="adafruit-circuitpython-rgb-display adafruit-circuitpython-epd adafruit-circuitpython-rfm9x "
        "adafruit-circuitpython-rfm69 adafruit-circuitpython-dotstar adafruit-circuitpython-ws2801",
        needs="Blinka",
    ),
    _library("rpi_lcd", "i2c", distributions="rpi-lcd"),
    _library("Adafruit_GPIO", *BUS_KINDS, distributions="adafruit-gpio", needs="RPi.GPIO", pip=""),
    _library("Adafruit_MCP3008", *BUS_KINDS, distributions="adafruit-mcp3008", needs="RPi.GPIO", pip=""),
    _library("Adafruit_CharLCD", *BUS_KINDS, distributions="adafruit-charlcd", needs="RPi.GPIO", pip=""),
    _library("st7789", *BUS_KINDS, modules="st7789 ST7789"),
    _library("smbus", "i2c", debian="python3-smbus", compiled=True),
    _library("smbus2", "i2c"),
    _library("smbus3", "i2c"),
    _library("bme280", "i2c", distributions="RPi.bme280 pimoroni-bme280", pip=""),
    _library("bme680", "i2c"),
    _library("ltr559", "i2c"),
    _library("ms5837", "i2c", pip=""),
    _library("mpu6050", "i2c", distributions="mpu6050-raspberrypi"),
    _library("VL53L0X", "i2c", pip=""),
    _library("VL53L1X", "i2c", modules="VL53L1X", distributions="VL53L1X", pip=""),
    _library("max30102", "i2c", pip=""),
    _library("PCF8574", "i2c", pip=""),
    _library("Adafruit_ADS1x15", "i2c", pip=""),
    _library("Adafruit_BMP", "i2c", pip=""),
    _library("Adafruit_PCA9685", "i2c", pip=""),
    _library("Adafruit_SSD1306", *BUS_KINDS, pip=""),
    _library("luma", *BUS_KINDS, distributions="luma-core luma-oled luma-lcd luma-led-matrix", pip=""),
    _library(
        "bluez",
        "bluetooth",
        modules="bluetooth",
        distributions="pybluez",
        debian="python3-bluez",
        compiled=True,
        build="libbluetooth-dev",
        also="bluez",
        pip="",
    ),
    _library("bleak", "bluetooth", also="bluez"),
    _library("bluezero", "bluetooth", also="bluez", pip=""),
    _library("bluedot", "bluetooth", also="bluez"),
    _library("bluepy", "bluetooth", compiled=True, build="make pkg-config libglib2.0-dev", also="bluez"),
    _library("gattlib", "bluetooth", also="bluez", pip=""),
    _library("pygatt", "bluetooth", also="bluez"),
    _library("btlewrap", "bluetooth", also="bluez", pip=""),
    _library("miflora", "bluetooth", also="bluez", pip=""),
    _library(
        "ruuvitag_sensor", "bluetooth", modules="ruuvitag_sensor", distributions="ruuvitag-sensor", also="bluez", pip=""
    ),
    _library("bthome_ble", "bluetooth", distributions="bthome-ble", also="bluez", pip=""),
    _library("switchbot", "bluetooth", distributions="pyswitchbot", also="bluez", pip=""),
    _library(
        "sense_hat",
        "i2c",
        "input",
        "display",
        modules="sense_hat RTIMU",
        distributions="sense-hat rtimulib",
        debian="python3-sense-hat",
        bound=True,
    ),
    _library("spidev", "spi", debian="python3-spidev", compiled=True),
    _library("mfrc522", "gpio", "spi", modules="mfrc522 MFRC522", needs="spidev RPi.GPIO"),
    _library("pi-rc522", "gpio", "spi", modules="pirc522", needs="spidev RPi.GPIO"),
    _library("w1thermsensor", "1-wire"),
    _library(
        "pyserial",
        "serial",
        modules="serial serial_asyncio serial_asyncio_fast",
        distributions="pyserial pyserial-asyncio pyserial-asyncio-fast",
    ),
    _library("minimalmodbus", "serial"),
    _library("pynmea2", "serial"),
    _library("pyfirmata", "serial"),
    _library("pyfirmata2", "serial"),
    _library("pyubx2", "serial"),
    _library(
        "picamera2",
        "camera",
        debian="python3-picamera2",
        bound=True,
        compiled=True,
        build="libcap-dev",
        needs="libcamera",
        pip="",
    ),
    _library(
        "libcamera", "camera", distributions="libcamera rpi-libcamera", debian="python3-libcamera", bound=True, pip=""
    ),
    _library(
        "pykms",
        "display",
        modules="pykms kms",
        distributions="pykms rpi-kms",
        debian="python3-kms++",
        bound=True,
        pip="",
    ),
    replace(
        _library("picamera", "camera", pip=""),
        gone="worked only with the camera system of Raspberry Pi OS before Bookworm, which is no longer there. Its "
        "successor is picamera2: the app's code must be changed to it",
    ),
    *(
        replace(
            _library(name, kind, pip=""),
            modules=(),
            distributions=(),
            gone=f"is no longer part of Raspberry Pi OS. Its successor is {successor}: the app's code must be changed "
            "to it",
        )
        for name, kind, successor in (
            ("raspistill", "camera", "rpicam-still"),
            ("raspivid", "camera", "rpicam-vid"),
            ("raspiyuv", "camera", "rpicam-raw"),
            ("omxplayer", "audio", "mpv"),
            ("tvservice", "display", "wlr-randr"),
        )
    ),
    _library("v4l2", "camera", modules="v4l2", distributions="v4l2 v4l2-python3", pip=""),
    _library("linuxpy", "camera", modules="linuxpy v4l2py", distributions="linuxpy v4l2py"),
    _library("pyaudio", "audio", debian="python3-pyaudio", compiled=True, build="portaudio19-dev"),
    _library(
        "pyalsaaudio", "audio", modules="alsaaudio", debian="python3-alsaaudio", compiled=True, build="libasound2-dev"
    ),
    _library("sounddevice", "audio", also="libportaudio2"),
    _library("pyttsx3", "audio", also="espeak"),
    _library("python-vlc", "audio", modules="vlc", also="libvlc5 vlc-plugin-base"),
    _library("simpleaudio", "audio", compiled=True, build="libasound2-dev"),
    _library("playsound", "audio"),
    _library("pygame", "audio"),
    _library("soundcard", "audio", also="libpulse0"),
    _library("evdev", "input", debian="python3-evdev", compiled=True),
    _library("inputs", "input"),
    _library("pyusb", "usb", modules="usb", also="libusb-1.0-0"),
    _library("libusb1", "usb", modules="usb1", also="libusb-1.0-0"),
    _library("hidapi", "usb", modules="hid", distributions="hidapi hid"),
    _library("gphoto2", "usb"),
    _library("pyrtlsdr", "usb", modules="rtlsdr"),
    _library("nfcpy", "usb", "serial", modules="nfc", also="libusb-1.0-0"),
    _library("python-escpos", "usb", "serial", modules="escpos", also="libusb-1.0-0"),
    _library(
        "OpenCV",
        modules="cv2",
        distributions="opencv-python-headless opencv-python opencv-contrib-python opencv-contrib-python-headless",
    ),
)
"""OpenCV alone uses no hardware: `cv2.VideoCapture` does."""
BY_NAME = {library.name: library for library in LIBRARIES}
BY_MODULE = {module: library for library in LIBRARIES for module in library.modules}
BY_DISTRIBUTION = {name: library for library in LIBRARIES for name in library.distributions}
LOADS = {"imutils.video.pivideostream": "picamera", "gpiozero.pins.pigpio": "pigpio"}
"""Modules of other libraries that load one of this table by themselves."""
CIRCUITPYTHON = HardwareLibrary("a CircuitPython driver", (), (), ("gpio", "i2c"), needs=("Blinka",))
"""Any module adafruit_… or distribution adafruit-circuitpython-… that is not in the table."""
CIRCUITPYTHON_DRIVERS = frozenset({
    "ads1x15", "adxl34x", "ahtx0", "amg88xx", "apds9960", "as7341", "bh1750",
    "bme280", "bme680", "bmp280", "bmp3xx", "bno055", "ccs811",
    "character_lcd", "dht", "dotstar", "drv2605", "ds1307", "ds3231", "ens160", "epd", "fingerprint", "gps", "hcsr04",
    "ht16k33", "htu21d", "ina219", "ina260", "lis3dh", "lps35hw", "lsm6ds", "lsm9ds1", "ltr390", "max1704x", "max31855",
    "max31856", "max31865", "mcp230xx", "mcp3xxx", "mcp4725", "mcp4728", "mcp9808", "mlx90614", "mlx90640", "mma8451",
    "motor", "motorkit", "mpl3115a2", "mpr121", "mpu6050", "nau7802", "pca9685", "pcf8523", "pcf8574", "pcf8591",
    "pm25", "pn532", "rfm69", "rfm9x", "rgb_display", "scd30", "scd4x", "seesaw", "servokit", "sgp30", "sgp40",
    "sht31d", "sht4x", "shtc3", "si7021", "ssd1306", "tcs34725", "tsl2561", "tsl2591", "us100", "veml6075", "veml7700",
    "vl53l0x", "vl53l1x", "vl6180x", "ws2801",
})  # fmt: skip
"""Modules adafruit_NAME whose package is adafruit-circuitpython-NAME."""
HARDWARE_PACKAGES = frozenset(
    (*(one.pip for one in LIBRARIES if one.pip), *(f"adafruit-circuitpython-{one}" for one in CIRCUITPYTHON_DRIVERS))
)
"""All packages that `package_of_module` may return."""

CALLS = {
    "VideoCapture": ("camera",),
    "I2C": ("i2c",),
    "STEMMA_I2C": ("i2c",),
    "SPI": ("spi",),
    "UART": ("serial",),
    "i2c": ("i2c",),
    "spi": ("spi",),
}
"""Functions of cv2, board, busio and luma that open devices."""
PROGRAMS: dict[str, tuple[tuple[str, ...], str]] = {
    **dict.fromkeys(("rpicam-still", "rpicam-vid", "rpicam-jpeg", "rpicam-hello"), (("camera",), "rpicam-apps-lite")),
    **dict.fromkeys(
        ("libcamera-still", "libcamera-vid", "libcamera-jpeg", "raspistill", "raspivid", "raspiyuv"), (("camera",), "")
    ),
    "omxplayer": (("audio",), ""),
    "tvservice": (("display",), ""),
    **dict.fromkeys(("iwlist", "iwconfig"), ((), "wireless-tools")),
    "cec-client": ((), "cec-utils"),
    "uhubctl": (("usb",), "uhubctl"),
    "fswebcam": (("camera",), "fswebcam"),
    "v4l2-ctl": (("camera",), "v4l-utils"),
    "vcgencmd": (("firmware",), ""),
    **dict.fromkeys(("pinctrl", "raspi-gpio", "gpio"), (("gpio",), "")),
    **dict.fromkeys(("gpioset", "gpioget", "gpiomon", "gpioinfo"), (("gpio",), "gpiod")),
    **dict.fromkeys(("i2cget", "i2cset", "i2cdetect", "i2cdump"), (("i2c",), "i2c-tools")),
    **dict.fromkeys(("aplay", "arecord", "amixer", "alsamixer"), (("audio",), "alsa-utils")),
    "mpg123": (("audio",), "mpg123"),
    "mpg321": (("audio",), "mpg321"),
    "mplayer": (("audio",), "mplayer"),
    "mpc": ((), "mpc"),
    "mpv": (("audio",), "mpv"),
    "sox": (("audio",), "sox"),
    **dict.fromkeys(("vlc", "cvlc"), (("audio",), "vlc-bin")),
    "flite": (("audio",), "flite"),
    "pico2wave": ((), "libttspico-utils"),
    "irsend": ((), "lirc"),
    **dict.fromkeys(("mosquitto_pub", "mosquitto_sub"), ((), "mosquitto-clients")),
    "wakeonlan": ((), "wakeonlan"),
    **dict.fromkeys(("convert", "mogrify"), ((), "imagemagick")),
    "arp-scan": ((), "arp-scan"),
    "nmap": ((), "nmap"),
    "iw": ((), "iw"),
    "sqlite3": ((), "sqlite3"),
    "yt-dlp": ((), "yt-dlp"),
    "rtl_433": (("usb",), "rtl-433"),
    "espeak": (("audio",), "espeak"),
    "espeak-ng": (("audio",), "espeak-ng"),
    "gphoto2": (("usb",), "gphoto2"),
    "lsusb": (("usb",), "usbutils"),
    **dict.fromkeys(("bluetoothctl", "hcitool", "gatttool", "rfcomm", "sdptool", "l2ping"), (("bluetooth",), "bluez")),
    "ffmpeg": ((), "ffmpeg"),
}
"""Programs that code starts: the device classes that they use, and the Debian package that they are in."""


def package_of_module(module: str) -> str:
    """Return what pip installs for a top-level module; "" if that is not known."""
    driver = module.removeprefix("adafruit_")
    if driver != module and driver in CIRCUITPYTHON_DRIVERS:
        return f"adafruit-circuitpython-{normalized_name(driver)}"
    return BY_MODULE[module].pip if module in BY_MODULE else ""


def library_of_module(module: str) -> HardwareLibrary | None:
    """Return the library that a top-level module belongs to."""
    return BY_MODULE.get(module) or (CIRCUITPYTHON if module.startswith("adafruit_") else None)


def library_of_distribution(name: str) -> HardwareLibrary | None:
    """Return the library that a distribution, by its normalized name, belongs to."""
    return BY_DISTRIBUTION.get(name) or (CIRCUITPYTHON if name.startswith("adafruit-circuitpython-") else None)
