"""Stand in for picamera2: a camera with one still picture."""

import base64
import os
import threading

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////"
    "////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxD/2Q=="
)
SIZE = (640, 480)
AREA = (0, 0, 3280, 2464)


class MappedArray:
    """Stand in for a picture's pixels."""

    def __init__(self, request, stream):
        self.array = None

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        pass


class CompletedRequest:
    """Stand in for one picture with its values."""

    def get_metadata(self):
        return Picamera2.METADATA

    def save(self, stream, target, **words):
        _save(target)

    def release(self):
        pass


class _Settings(dict):
    """Stand in for a configuration, whose values are attributes, too."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    __setattr__ = dict.__setitem__


class CameraConfiguration(_Settings):
    """Stand in for a camera's configuration."""


class StreamConfiguration(_Settings):
    """Stand in for a stream's configuration."""


class Controls(_Settings):
    """Stand in for a camera's controls."""


def _save(target):
    if hasattr(target, "write"):
        target.write(JPEG)
    else:
        with open(target, "wb") as file:
            file.write(JPEG)


class Picamera2:
    """Stand in for a camera that one process may open."""

    DEBUG, INFO, WARNING, ERROR, CRITICAL = 10, 20, 30, 40, 50
    METADATA = {
        "ExposureTime": 10000,
        "AnalogueGain": 1.0,
        "DigitalGain": 1.0,
        "ColourGains": (1.0, 1.0),
        "ColourTemperature": 5000,
        "LensPosition": 1.0,
        "Lux": 100.0,
        "ScalerCrop": AREA,
        "SensorTimestamp": 0,
    }
    camera_controls = {
        "ExposureTime": (75, 11766829, 20000),
        "AnalogueGain": (1.0, 10.6, 1.0),
        "Brightness": (-1.0, 1.0, 0.0),
        "Contrast": (0.0, 32.0, 1.0),
        "Saturation": (0.0, 32.0, 1.0),
        "Sharpness": (0.0, 16.0, 1.0),
        "ScalerCrop": ((0, 0, 64, 64), AREA, AREA),
        "AeEnable": (False, True, True),
        "AwbEnable": (False, True, None),
        "AwbMode": (0, 7, 0),
    }
    camera_properties = {
        "Model": "imx219",
        "UnitCellSize": (1120, 1120),
        "Location": 2,
        "Rotation": 180,
        "PixelArraySize": (3280, 2464),
        "PixelArrayActiveAreas": [AREA],
        "ColorFilterArrangement": 2,
        "ScalerCropMaximum": AREA,
        "SystemDevices": (20749,),
        "SensorSensitivity": 1.0,
    }
    sensor_modes = [
        {
            "format": "SRGGB10_CSI2P",
            "unpacked": "SRGGB10",
            "bit_depth": 10,
            "size": SIZE,
            "fps": 30.0,
            "crop_limits": AREA,
            "exposure_limits": (75, 11766829, 20000),
        }
    ]
    sensor_resolution = (3280, 2464)
    sensor_format = "SBGGR10_CSI2P"

    @staticmethod
    def global_camera_info():
        camera = {
            "Model": "imx219",
            "Location": 2,
            "Rotation": 180,
            "Id": "/base/soc/imx219@10",
            "Num": 0,
        }
        return [camera]

    @staticmethod
    def set_logging(*options, **words):
        pass

    def __init__(self, camera_num=0, verbose_console=None, tuning=None, **words):
        try:
            self._nodes = [os.open(node, os.O_RDWR) for node in ("/dev/video0", "/dev/media0", "/dev/dma_heap/system")]
        except OSError as reason:
            raise RuntimeError("Failed to open the camera: Permission denied") from reason
        self.camera_config = {}
        self.controls = Controls()
        self.started = False
        self.helpers = self
        self._recording = None
        self.pre_callback = self.post_callback = None

    def _configuration(self, main=None, **words):
        main = {"format": "XBGR8888", "size": SIZE, "stride": 2560, "framesize": 1228800} | (main or {})
        raw = {"format": "SBGGR10_CSI2P", "size": SIZE}
        fixed = {"use_case": "video", "main": main, "lores": None, "raw": raw, "controls": {}, "queue": True,
                 "buffer_count": 4, "sensor": {"output_size": SIZE, "bit_depth": 10}, "transform": None,
                 "colour_space": None, "display": "main", "encode": "main"}  # fmt: skip
        return CameraConfiguration(fixed | {name: value for name, value in words.items() if value is not None})

    create_still_configuration = create_video_configuration = create_preview_configuration = _configuration

    def configure(self, configuration=None):
        self.camera_config = configuration or self._configuration()

    def camera_configuration(self):
        return self.camera_config

    def stream_configuration(self, name="main"):
        return self.camera_config[name]

    def set_controls(self, values):
        pass

    def start(self, *options, **words):
        self.started = True

    def stop(self):
        self.started = False

    def close(self):
        while self._nodes:
            os.close(self._nodes.pop())

    def start_recording(self, encoder, output, **words):
        stop = threading.Event()
        self._recording = stop
        self.started = True

        def record():
            while not stop.wait(0.1):
                getattr(output, "outputframe", lambda frame: None)(JPEG)

        threading.Thread(target=record, daemon=True).start()

    def start_encoder(self, encoder, output=None, **words):
        self.start_recording(encoder, output or getattr(encoder, "output", None))

    def stop_recording(self):
        if self._recording:
            self._recording.set()
        self.started = False

    stop_encoder = stop_recording

    def capture_metadata(self, *options):
        return dict(self.METADATA)

    def capture_file(self, target, *options, **words):
        _save(target)

    switch_mode_and_capture_file = start_and_capture_file = capture_file

    def capture_array(self, name="main", **words):
        import numpy  # only where an app asks for it

        return numpy.zeros((SIZE[1], SIZE[0], 3), dtype=numpy.uint8)

    def capture_request(self, *options):
        return CompletedRequest()
