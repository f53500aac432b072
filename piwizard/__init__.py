"""From a fresh Raspberry Pi to your own Flask app on the Internet, over HTTPS."""

__version__ = "0.1.0"
