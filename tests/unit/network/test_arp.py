from piwizard.network import arp

US, THEM = bytes.fromhex("dca632010203"), bytes.fromhex("0896d7000001")
WANTED, OTHER = bytes((192, 168, 1, 50)), bytes((192, 168, 1, 51))


def reply(card=THEM, address=WANTED):
    return arp.FRAME.pack(US, card, arp.ETHERTYPE_ARP, 1, 0x0800, 6, 4, 2, card, address, US, bytes(4))


def test_probe_claims_no_address():
    frame = arp.probe_frame(US, WANTED)
    assert len(frame) == 42
    assert frame[:6] == b"\xff" * 6
    assert frame[28:32] == bytes(4)
    assert frame[38:42] == WANTED


def test_reply_names_the_mac():
    assert arp.parse_reply(reply(), WANTED, US) == "08:96:d7:00:00:01"
    assert arp.parse_reply(reply() + bytes(18), WANTED, US) == "08:96:d7:00:00:01"


def test_other_frames_are_ignored():
    assert arp.parse_reply(reply(address=OTHER), WANTED, US) is None
    assert arp.parse_reply(reply(card=US), WANTED, US) is None
    assert arp.parse_reply(arp.probe_frame(THEM, WANTED), WANTED, US) is None
    assert arp.parse_reply(b"\xff" * 20, WANTED, US) is None
