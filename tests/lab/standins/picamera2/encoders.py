"""Stand in for picamera2's encoders."""


class Encoder:
    """Stand in for any encoder."""

    def __init__(self, *options, **words):
        self.output = None


class JpegEncoder(Encoder):
    """Stand in for JPEG pictures in software."""


class MJPEGEncoder(Encoder):
    """Stand in for JPEG pictures in hardware."""


class H264Encoder(Encoder):
    """Stand in for H.264."""


class Quality:
    """Stand in for the qualities that a recording can have."""

    VERY_LOW, LOW, MEDIUM, HIGH, VERY_HIGH = range(5)
