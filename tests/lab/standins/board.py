"""Stand in for Blinka's pins of a Raspberry Pi."""


class Pin:
    """Stand in for one pin."""

    def __init__(self, number):
        self.id = number

    def __repr__(self):
        return f"D{self.id}"


for _number in range(28):
    globals()[f"D{_number}"] = Pin(_number)
SDA, SCL, MOSI, MISO, SCLK, CE0, CE1, TX, RX = map(Pin, (2, 3, 10, 9, 11, 8, 7, 14, 15))


def I2C():
    import busio

    return busio.I2C(SCL, SDA)
