"""Stand in for picamera2's outputs."""


class FileOutput:
    """Stand in for an output to a file or an object with `write`."""

    def __init__(self, file=None, *options, **words):
        self.fileoutput = file

    def outputframe(self, frame, *options):
        if hasattr(self.fileoutput, "write"):
            self.fileoutput.write(frame)

    def start(self):
        pass

    stop = start


class CircularOutput(FileOutput):
    """Stand in for a buffer of the last seconds."""


class FfmpegOutput(FileOutput):
    """Stand in for an output to ffmpeg."""
