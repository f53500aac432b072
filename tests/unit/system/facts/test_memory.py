import pytest

from piwizard.system.facts import MemoryFacts
from piwizard.system.facts.memory import parse_meminfo, read_memory


@pytest.mark.parametrize(
    ("name", "total", "available", "swap", "nominal"),
    [
        ("pi4-trixie", 3794, 3322, 2047, 4096),
        ("zero-w-bookworm", 426, 304, 99, 512),
        ("pi3-bookworm-dhcpcd", 921, 685, 99, 1024),
        ("pi1-buster", 432, 322, 99, 512),
    ],
)
def test_memory_is_read(sample, name, total, available, swap, nominal):
    found = read_memory(sample(name))
    assert found == MemoryFacts(total, available, swap)
    assert found.nominal == nominal


def test_container_has_its_limit_of_memory(sample):
    assert read_memory(sample("docker-bookworm")).total == 1024


def test_container_without_a_limit_has_all_memory(altered):
    found = read_memory(altered("docker-bookworm", {"sys/fs/cgroup/memory.max": "max\n"}))
    assert found.total == 32002


def test_available_memory_is_estimated_on_old_kernels():
    text = "MemTotal:  447532 kB\nMemFree:  102400 kB\nCached:   204800 kB\nSwapTotal: 0 kB\n"
    assert parse_meminfo(text) == MemoryFacts(437, 300, 0)


def test_unreadable_memory_is_zero():
    assert parse_meminfo("") == MemoryFacts(0, 0, 0)
