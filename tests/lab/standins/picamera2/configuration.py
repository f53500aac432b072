"""Stand in for picamera2's configurations."""

from picamera2 import CameraConfiguration, StreamConfiguration  # noqa: F401


class SensorConfiguration(dict):
    """Stand in for a sensor's configuration."""
