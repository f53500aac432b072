"""Set up your Flask app on a Raspberry Pi and serve it over HTTPS."""

__version__ = "0.1.0"
