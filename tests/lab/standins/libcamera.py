"""Stand in for the Python module of libcamera."""


class Transform:
    """Stand in for a flip of the picture."""

    def __init__(self, hflip=0, vflip=0, **words):
        self.hflip, self.vflip = hflip, vflip


class Size:
    """Stand in for a size in pixels."""

    def __init__(self, width=0, height=0):
        self.width, self.height = width, height


class Rectangle:
    """Stand in for a part of the picture."""

    def __init__(self, *sides):
        self.x, self.y, self.width, self.height = sides or (0, 0, 0, 0)

    def to_tuple(self):
        return self.x, self.y, self.width, self.height


class _Names:
    """Has an attribute of any name, such as controls.AfModeEnum.Auto."""

    def __init__(self, name=""):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Names(name)

    def __call__(self, *values):
        return self

    def __int__(self):
        return 0

    def __repr__(self):
        return self._name


controls = _Names("controls")
ColorSpace = _Names("ColorSpace")
