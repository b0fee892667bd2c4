"""Capture files to datagrams, and frames to capture files.

>>> with open_capture("call.pcapng") as capture:  # doctest: +SKIP
...     for datagram in capture:
...         print(datagram.frame, datagram.src, datagram.dst, len(datagram.payload))
"""

from rtckit.capture.build import build_udp_packet
from rtckit.capture.datagram import Datagram
from rtckit.capture.frame import Frame, Interface, LinkType
from rtckit.capture.icmp import IcmpError
from rtckit.capture.reader import Capture, open_capture
from rtckit.capture.write import PcapngWriter, PcapWriter, write_pcap, write_pcapng

__all__ = [
    "Capture",
    "Datagram",
    "Frame",
    "IcmpError",
    "Interface",
    "LinkType",
    "PcapWriter",
    "PcapngWriter",
    "build_udp_packet",
    "open_capture",
    "write_pcap",
    "write_pcapng",
]
