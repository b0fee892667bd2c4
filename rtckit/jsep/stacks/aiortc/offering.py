"""The offer aiortc writes."""

from rtckit.jsep.stacks.aiortc.codecs import preferred_codecs
from rtckit.jsep.stacks.aiortc.connection import Connection, none_has_no
from rtckit.jsep.stacks.aiortc.records import Read
from rtckit.jsep.stacks.aiortc.sections import sctp_part, transceiver_part

__all__ = ["create_offer"]


def create_offer(connection: Connection) -> Read:
    """The offer: the sections there are, then those of new transceivers and of data channels.

    It changes the transceivers: codecs and header extensions are again those aiortc offers, also
    for an answer made afterwards, and each gets its index. Sections are never rejected or used
    again, and every section asks the other side to choose the DTLS role.

    Raises:
        InvalidStateError: closed.
        AttributeError: a section of the last descriptions has nothing left behind it.
    """
    connection.assert_open()
    for transceiver in connection.transceivers:
        transceiver.codecs = preferred_codecs(
            list(connection.codecs_of(transceiver.kind)), transceiver.preferred
        )
        transceiver.extensions = connection.extensions_of(transceiver.kind)
    mids = set(connection.seen_mids)
    description = connection.new_description()
    _add_known(connection, description)
    for transceiver in connection.transceivers:
        if transceiver.mid is None and not transceiver.stopped:
            transceiver.level = len(description.media)
            mid = _new_mid(mids)
            description.media.append(
                transceiver_part(connection, transceiver, transceiver.direction, mid)
            )
    sctp = connection.sctp
    if sctp is not None and sctp.mid is None:
        sctp.level = len(description.media)
        description.media.append(sctp_part(connection, sctp, _new_mid(mids)))
    description.groups.append(("BUNDLE", [part.mid for part in description.media]))
    return description


def _add_known(connection: Connection, description: Read) -> None:
    """The sections of the descriptions in force; the local one is looked at first."""
    local = connection.local.media if connection.local is not None else []
    remote = connection.remote.media if connection.remote is not None else []
    for index in range(max(len(local), len(remote))):
        known = local[index] if index < len(local) else remote[index]
        if known.is_media:
            transceiver = connection.by_mid(known.mid)
            if transceiver is None:
                raise none_has_no("_set_mline_index")
            transceiver.level = index
            description.media.append(
                transceiver_part(connection, transceiver, transceiver.direction, known.mid)
            )
        elif known.kind == "application":
            # Set before it is known whether there is SCTP at all.
            if connection.sctp is not None:
                connection.sctp.level = index
            description.media.append(sctp_part(connection, connection.sctp, known.mid))


def _new_mid(mids: set[str | None]) -> str:
    """The lowest number no section ever had as its mid."""
    number = 0
    while str(number) in mids:
        number += 1
    mids.add(str(number))
    return str(number)
