"""What SIPCC keeps of a description, and the errors it collects on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Attribute(NamedTuple):
    """An attribute SIPCC recognised and kept.

    Attributes:
        name: its name as SIPCC spells it.
        line: the line it stands on, from 1.
        value: what was read of it; the type depends on the name. It is shared: not to be changed.
    """

    name: str
    line: int
    value: object = None


@dataclass(slots=True)
class Connection:
    """A c= line.

    Attributes:
        network: ``IN``, or None for a type that is not supported.
        address_type: ``IP4`` or ``IP6``, or None for another.
        address: the address without TTL and count.
    """

    network: str | None = None
    address_type: str | None = None
    address: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether SIPCC counts the line as a connection line at all."""
        return bool(self.network and self.address_type and self.address)


@dataclass(slots=True)
class Level:
    """The session level, or one media level; the attributes in their order under their names."""

    attributes: dict[str, list[Attribute]] = field(default_factory=dict)
    connection: Connection | None = None
    information_seen: bool = False

    def add(self, attribute: Attribute) -> None:
        """Keep an attribute."""
        known = self.attributes.get(attribute.name)
        if known is None:
            self.attributes[attribute.name] = [attribute]
        else:
            known.append(attribute)

    def all(self, name: str) -> Sequence[Attribute]:
        """Return the attributes of a name in their order."""
        return self.attributes.get(name, ())

    def first(self, name: str) -> Attribute | None:
        """Return the first attribute of a name."""
        known = self.attributes.get(name)
        return known[0] if known else None


@dataclass(slots=True)
class MediaLevel(Level):
    """A media section.

    Attributes:
        line: the line of its m= line.
        media: the media type, None if SIPCC does not know it.
        port: the port as a signed number of 32 bits.
        port_count: the number of ports; None if the line gives none.
        transport: the protocol in SIPCC's spelling, None if it does not know it.
        payload_types: the numeric formats, each cut to 16 bits.
        sctp_port: the number that stands for the format of ``DTLS/SCTP``.
        is_data_channel: the format is ``webrtc-datachannel``.
    """

    line: int = 0
    media: str | None = None
    port: int = 0
    port_count: int | None = None
    transport: str | None = None
    payload_types: list[int] = field(default_factory=list)
    sctp_port: int = 0
    is_data_channel: bool = False


@dataclass(slots=True)
class Parsing:
    """A parse under way: the description so far, the line it is at, the errors collected.

    Attributes:
        line: the number of the line being read, from 1.
        errors: (line, text) in the order they were found; warnings are among them.
    """

    session: Level = field(default_factory=Level)
    media: list[MediaLevel] = field(default_factory=list)
    line: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)
    owner_name: str = ""
    has_owner: bool = False
    owner_network: str | None = None
    owner_address_type: str | None = None
    session_name: str = ""
    uri_seen: bool = False
    has_time: bool = False

    def error(self, message: str) -> None:
        """Note an error at the line being read.

        SIPCC puts the name of the parse, which Firefox leaves empty, and a space before each.
        """
        self.errors.append((self.line, " " + message))

    def warn(self, message: str) -> None:
        """Note an error SIPCC itself calls a warning: the parse goes on."""
        self.error("Warning: " + message)

    @property
    def level(self) -> Level:
        """The level lines now belong to."""
        return self.media[-1] if self.media else self.session
