"""Stand in for smbus and smbus2: a bus whose chips answer with the same bytes always."""

import os


class SMBus:
    """Stand in for an I2C bus."""

    def __init__(self, bus=None, force=False):
        self.fd = None
        if bus is not None:
            self.open(bus)

    def open(self, bus):
        self.fd = os.open(bus if isinstance(bus, str) else f"/dev/i2c-{bus}", os.O_RDWR)

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        self.close()

    def write_quick(self, address):
        pass

    def write_byte(self, address, value):
        pass

    def write_byte_data(self, address, register, value):
        pass

    write_word_data = write_byte_data
    write_i2c_block_data = write_byte_data

    def read_byte(self, address):
        return 0x42

    def read_byte_data(self, address, register):
        return 0x42

    def read_word_data(self, address, register):
        return 0x4242

    def read_i2c_block_data(self, address, register, length):
        return [0x42] * length
