"""Opens a capture file and yields the datagrams in it.

One pass, in bounded memory: frames are read in chunks, their addresses, ports and payload picked
out, fragments and TCP streams put together. What is damaged, cut or of no interest is counted in
``statistics`` and, where it may mislead, told in ``problems``; only a file that is no capture at
all is an error.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from rtckit.capture.compressed import Source, open_source
from rtckit.capture.datagram import Datagram
from rtckit.capture.detect import FileFormat, find_format
from rtckit.capture.frame import Frame, Interface, LinkType, Record, frames_of, link_type_name
from rtckit.capture.icmp import IcmpError, decode_icmp_error
from rtckit.capture.ip import ICMP, ICMPV6, TCP, UDP, FragmentReassembler, IpPacket, decode_ip
from rtckit.capture.link import ARP, IPV4, IPV6, find_network, is_supported
from rtckit.capture.pcap import PcapReader
from rtckit.capture.pcapng import PcapngReader
from rtckit.capture.problems import ProblemList
from rtckit.capture.tcp import TcpSegment, TcpStreams, parse_tcp_header
from rtckit.capture.window import Window
from rtckit.core.address import Address, address_from_bytes
from rtckit.core.errors import ParseError, UnreadableInput
from rtckit.core.findings import Problem

__all__ = ["Capture", "open_capture"]

_MAX_ICMP_ERRORS = 1000
_MAX_FLOWS_CACHED = 1 << 14


# The usual frame, in one go: EtherType; version and header length; total length; flags and fragment
# offset; protocol; addresses and ports; UDP length.
_IP4_UDP = {
    LinkType.ETHERNET: struct.Struct("!12xHBxHxxHxBxx12sHxx"),
    LinkType.LINUX_SLL: struct.Struct("!14xHBxHxxHxBxx12sHxx"),
    LinkType.LINUX_SLL2: struct.Struct("!H18xBxHxxHxBxx12sHxx"),
}
# The same for IPv6 without extension headers: EtherType; version; payload length; next header.
_IP6_UDP = {
    LinkType.ETHERNET: struct.Struct("!12xHB3xHBx36sHxx"),
    LinkType.LINUX_SLL: struct.Struct("!14xHB3xHBx36sHxx"),
    LinkType.LINUX_SLL2: struct.Struct("!H18xB3xHBx36sHxx"),
}
_SHORTCUTS: dict[int, tuple[struct.Struct, struct.Struct]] = {
    link_type: (_IP4_UDP[link_type], _IP6_UDP[link_type]) for link_type in _IP4_UDP
}


class Capture:
    """A capture being read. Iterate it once, for :class:`Datagram`; close it, or use ``with``.

    ``name``, ``format`` (``pcap`` or ``pcapng``) and ``compression`` (empty for none) are known
    from the start. These grow while reading: ``interfaces``; ``frames``, the number of frames
    read; ``problems``, bounded; ``truncated``, whether the file ends in the middle; ``secrets``,
    the key logs in it (NSS format, as bytes); ``icmp_errors``, at most 1000; and ``statistics``,
    which counts frames by what became of them:

    ``udp``, ``tcp_segments``, ``icmp``, ``arp``, ``other_ip`` (other protocols over IP),
    ``other_network`` (no IP), ``fragments``, ``unreadable`` (damaged or cut inside their headers),
    ``unsupported`` (of a link type rtckit does not read); and besides ``cut`` (datagrams shortened
    by the snap length), ``fragments_refused``, ``packets_incomplete`` (fragments missing), and
    those of :class:`rtckit.capture.tcp.TcpStreams`.
    """

    def __init__(self, file: BinaryIO, name: str, *, owned: bool = False) -> None:
        self.name = name
        self._file = file
        self._owned = owned
        self._problems = ProblemList()
        self.statistics: Counter[str] = Counter()
        self.icmp_errors: list[IcmpError] = []
        self._fragments = FragmentReassembler()
        self._streams = TcpStreams(self._problems, self.statistics)
        self._flows: dict[bytes, tuple[Address, Address]] = {}
        fault = ""
        try:
            self._source: Source
            self._source, self.compression = open_source(file)
            window = Window(self._source)
            if not window.reach(64):
                fault = self._source.fault and f"; {self._source.fault}"
            found = find_format(window.data, within=self.compression)
            reader = PcapReader if found is FileFormat.PCAP else PcapngReader
            self._reader: PcapReader | PcapngReader = reader(window, self._problems)
        except UnreadableInput as error:
            self.close()
            raise UnreadableInput(f"{name}: {error}{fault}") from None
        except BaseException:
            self.close()
            raise
        self.format: str = self._reader.format
        self._datagrams = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Datagram]:
        return self._datagrams

    def close(self) -> None:
        """Close the file, if it was opened here."""
        if self._owned:
            self._file.close()

    @property
    def frames(self) -> int:
        """How many frames were read so far."""
        return self._reader.number

    @property
    def interfaces(self) -> list[Interface]:
        """The interfaces described so far."""
        return self._reader.interfaces

    @property
    def problems(self) -> list[Problem]:
        """What could not be read so far; some of each kind are listed."""
        return self._problems

    @property
    def secrets(self) -> list[bytes]:
        """The key logs embedded in the file so far."""
        return self._reader.secrets

    @property
    def truncated(self) -> bool:
        """Whether the file turned out to end in the middle of a frame."""
        return self._reader.truncated

    def read_frames(self) -> Iterator[Frame]:
        """The frames instead of the datagrams; for copying, and instead of iterating."""
        yield from frames_of(self._reader.records())
        self._finish()

    def _read(self) -> Iterator[Datagram]:
        statistics, flows = self.statistics, self._flows
        new = tuple.__new__
        known = -1  # the link type the short cuts are for
        shortcut = False
        unpack4 = unpack6 = _IP4_UDP[LinkType.ETHERNET].unpack_from
        size4 = size6 = 0
        for record in self._reader.records():
            number, time_ns, link_type, buffer, start, end, _, interface = record
            if link_type != known:
                known = link_type
                shortcut = link_type in _SHORTCUTS
                if shortcut:
                    header4, header6 = _SHORTCUTS[link_type]
                    unpack4, size4 = header4.unpack_from, header4.size
                    unpack6, size6 = header6.unpack_from, header6.size
            if shortcut:
                body = start + size4
                if body <= end:
                    kind, version, total, fragment, protocol, flow, udp_length = unpack4(
                        buffer, start
                    )
                    if (
                        kind == IPV4
                        and version == 0x45
                        and protocol == UDP
                        and not fragment & 0x3FFF
                        and udp_length + 20 == total
                        and 8 <= udp_length <= end - body + 8
                    ):
                        pair = flows.get(flow) or self._addresses(flow)
                        statistics["udp"] += 1
                        udp_length -= 8
                        yield new(
                            Datagram,
                            (
                                number,
                                time_ns,
                                "udp",
                                pair[0],
                                pair[1],
                                buffer[body : body + udp_length],
                                udp_length,
                                interface,
                            ),
                        )
                        continue
                    body = start + size6
                    if kind == IPV6 and body <= end:
                        kind, version, total, protocol, flow, udp_length = unpack6(buffer, start)
                        if (
                            version >> 4 == 6
                            and protocol == UDP
                            and udp_length == total
                            and 8 <= udp_length <= end - body + 8
                        ):
                            pair = flows.get(flow) or self._addresses(flow)
                            statistics["udp"] += 1
                            udp_length -= 8
                            yield new(
                                Datagram,
                                (
                                    number,
                                    time_ns,
                                    "udp",
                                    pair[0],
                                    pair[1],
                                    buffer[body : body + udp_length],
                                    udp_length,
                                    interface,
                                ),
                            )
                            continue
            yield from self._read_frame(record)
        yield from self._streams.finish()
        self._finish()

    def _addresses(self, flow: bytes) -> tuple[Address, Address]:
        """Source and destination from their bytes as they stand in a packet, ports last."""
        size = (len(flow) - 4) // 2
        pair = (
            address_from_bytes(flow[:size], int.from_bytes(flow[-4:-2], "big")),
            address_from_bytes(flow[size : 2 * size], int.from_bytes(flow[-2:], "big")),
        )
        if len(self._flows) >= _MAX_FLOWS_CACHED:
            self._flows.clear()
        self._flows[flow] = pair
        return pair

    def _read_frame(self, record: Record) -> Iterable[Datagram]:
        """Any frame, the long way."""
        number, time_ns, link_type, buffer, start, end, length, interface = record
        if not is_supported(link_type):
            self.statistics["unsupported"] += 1
            self._problems.note_once(
                f"link type {link_type}",
                f"frames of {link_type_name(link_type)} are not read",
                frame=number,
            )
            return ()
        data = buffer[start:end]
        try:
            network = find_network(link_type, data)
        except ParseError as error:
            self._note_unreadable(error.message, number, error.offset, cut=length > len(data))
            return ()
        if network.ethertype not in (IPV4, IPV6):
            self.statistics["arp" if network.ethertype == ARP else "other_network"] += 1
            return ()
        packet, problems = decode_ip(data[network.offset :], length - network.offset)
        for problem in problems:
            offset = network.offset + (problem.offset or 0)
            if packet is None:
                self._note_unreadable(problem.message, number, offset, cut=length > len(data))
            else:
                self._problems.note("ip", problem.message, frame=number, offset=offset)
        if packet is None:
            return ()
        if packet.fragment is not None:
            self.statistics["fragments"] += 1
            packet = self._fragments.add(packet, time_ns, interface)
            if packet is None:
                return ()
        return self._read_packet(packet, number, time_ns, interface)

    def _read_packet(
        self, packet: IpPacket, number: int, time_ns: int, interface: int
    ) -> Iterable[Datagram]:
        if packet.protocol == UDP:
            return self._read_udp(packet, number, time_ns, interface)
        if packet.protocol == TCP:
            return self._read_tcp(packet, number, time_ns, interface)
        if packet.protocol in (ICMP, ICMPV6):
            self.statistics["icmp"] += 1
            if len(self.icmp_errors) < _MAX_ICMP_ERRORS:
                error = decode_icmp_error(packet.payload, packet.source, number, time_ns)
                if error is not None:
                    self.icmp_errors.append(error)
        else:
            self.statistics["other_ip"] += 1
        return ()

    def _read_udp(
        self, packet: IpPacket, number: int, time_ns: int, interface: int
    ) -> Iterable[Datagram]:
        """RFC 768. The checksum is not looked at: offload leaves it undone in captures."""
        payload = packet.payload
        if len(payload) < 8:
            cut = packet.length >= 8
            self._note_unreadable("UDP header cut short", number, len(payload), cut=cut)
            return ()
        length = int.from_bytes(payload[4:6], "big")
        if not length:
            length = packet.length  # a jumbogram (RFC 2675, 4), or segmentation offload
        elif not 8 <= length <= packet.length:
            self._problems.note(
                "udp",
                f"UDP length {length} in an IP payload of {packet.length} bytes",
                frame=number,
                expected="8 bytes or more, and no more than IP carries",
            )
            length = packet.length
        if len(payload) < length:
            self._note_cut(number)
        self.statistics["udp"] += 1
        source, destination = self._addresses(packet.source + packet.destination + payload[:4])
        body = payload[8:length]
        return (Datagram(number, time_ns, "udp", source, destination, body, length - 8, interface),)

    def _read_tcp(
        self, packet: IpPacket, number: int, time_ns: int, interface: int
    ) -> Iterable[Datagram]:
        try:
            header = parse_tcp_header(packet.payload)
        except ParseError as error:
            cut = packet.length >= 20
            self._note_unreadable(error.message, number, error.offset, cut=cut)
            return ()
        self.statistics["tcp_segments"] += 1
        payload = packet.payload[header.length :]
        length = max(packet.length - header.length, 0)
        if len(payload) < length:
            self._note_cut(number)
        source, destination = self._addresses(
            packet.source + packet.destination + packet.payload[:4]
        )
        return self._streams.add(
            TcpSegment(
                source,
                destination,
                header.sequence,
                header.flags,
                payload,
                length,
                number,
                time_ns,
                interface,
            )
        )

    def _note_cut(self, number: int) -> None:
        self.statistics["cut"] += 1
        self._problems.note_once(
            "snap length",
            "frames are cut by the capture's snap length: sizes are right, contents are not whole",
            frame=number,
        )

    def _note_unreadable(self, message: str, number: int, offset: int | None, *, cut: bool) -> None:
        self.statistics["unreadable"] += 1
        if cut:
            self._note_cut(number)
        else:
            self._problems.note("unreadable", message, frame=number, offset=offset)

    def _finish(self) -> None:
        fault = self._source.fault
        if fault:
            self._reader.truncated = self._reader.truncated or self._source.cut
            self._problems.note("source", fault)
        self._fragments.finish()
        refused, incomplete = self._fragments.refused, self._fragments.incomplete
        if refused:
            self.statistics["fragments_refused"] = refused
        if incomplete:
            self.statistics["packets_incomplete"] = incomplete
            self._problems.note_once(
                "fragments", f"{incomplete} fragmented packets lack fragments; they are not read"
            )


def open_capture(path: Path | str | BinaryIO) -> Capture:
    """Open a pcap or pcapng file, plain or compressed, by name or as an open binary file.

    A file that was passed open is read from where it stands, need not be seekable, and is not
    closed. ``UnreadableInput`` says what was found instead of a capture.
    """
    if isinstance(path, (str, Path)):
        try:
            file = Path(path).open("rb")  # noqa: SIM115 (the capture closes it)
        except OSError as error:
            raise UnreadableInput(f"{path}: {error.strerror or error}") from None
        return Capture(file, str(path), owned=True)
    name = getattr(path, "name", None)
    return Capture(path, name if isinstance(name, str) else "(stream)")
