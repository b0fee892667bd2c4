"""Any bytes after a pcapng section header: the law of capture readers."""

from tests.fuzz.fuzz_pcap import check
from tests.strategies.capture import (
    block,
    enhanced,
    ethernet,
    interface,
    ip4,
    ip6,
    obsolete,
    option,
    secrets,
    section,
    simple,
    small_pcapng,
    udp,
)

__all__ = ["SEEDS", "check"]

_FRAME = ethernet(ip4(udp(b"payload")))

SEEDS = [
    small_pcapng(4),
    small_pcapng(4, ">"),
    section()
    + interface(resolution=9, offset_s=-5, more=option(2, b"eth0"))
    + enhanced(5, _FRAME, options=option(1, b"comment") + bytes(4))
    + secrets(b"CLIENT_RANDOM 1 2\n")
    + simple(_FRAME)
    + obsolete(7, _FRAME),
    section(">")
    + interface(101, ">", resolution=0x8A)
    + enhanced(9, ip6(udp(b"six")), ">")
    + block(5, bytes(12), ">")
    + section("<")
    + block(0x0BAD, bytes(8))
    + interface(1, "<", snap_length=40)
    + enhanced(9, _FRAME[:40], "<", length=len(_FRAME)),
]
