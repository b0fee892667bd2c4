"""Capture files to datagrams, and frames to capture files.

>>> with open_capture("call.pcapng") as capture:  # doctest: +SKIP
...     for datagram in capture:
...         print(datagram.frame, datagram.src, datagram.dst, len(datagram.payload))
"""

from rtckit.capture.build import build_udp_packet
from rtckit.capture.datagram import Datagram
from rtckit.capture.frame import Frame, Interface, LinkType
from rtckit.capture.icmp import IcmpError
from rtckit.capture.pcap import PcapReader, read_pcap
from rtckit.capture.pcapng import PcapngReader, read_pcapng
from rtckit.capture.reader import Capture, open_capture
from rtckit.capture.write import PcapngWriter, PcapWriter, write_pcap, write_pcapng

__all__ = [
    "Capture",
    "Datagram",
    "Frame",
    "IcmpError",
    "Interface",
    "LinkType",
    "PcapReader",
    "PcapWriter",
    "PcapngReader",
    "PcapngWriter",
    "build_udp_packet",
    "open_capture",
    "read_pcap",
    "read_pcapng",
    "write_pcap",
    "write_pcapng",
]
