"""ICE, DTLS and where media goes, compared as they hold for a section.

A bundled section without lines of its own goes by those of the tagged section (RFC 9143, 7.1.3), a
section without by those of the session level.
"""

from rtckit.core.text import mask
from rtckit.sdp.comparison.impact import fingerprint_impact, ice_impact, port_impact, setup_impact
from rtckit.sdp.comparison.recorder import Recorder, place_of
from rtckit.sdp.document import Document
from rtckit.sdp.fields import Connection
from rtckit.sdp.lines import Span
from rtckit.sdp.media import MediaSection
from rtckit.sdp.section import Section

__all__ = ["compare_destination", "compare_transport", "holder"]


def holder(document: Document, section: Section, name: str) -> Section:
    """The section whose ``name`` lines hold for ``section``: its own, or the tagged section's."""
    if isinstance(section, MediaSection) and place_of(section, name) is None:
        return document.transport_of(section)
    return section


def compare_transport(
    recorder: Recorder, a: Document, b: Document, x: Section, y: Section, *, same_session: bool
) -> None:
    """Compare ICE credentials and options, fingerprints and roles."""
    _compare_ice(recorder, a, b, x, y, same_session)
    _compare_dtls(recorder, a, b, x, y, same_session)


def _compare_ice(
    recorder: Recorder, a: Document, b: Document, x: Section, y: Section, same_session: bool
) -> None:
    p, q = holder(a, x, "ice-ufrag"), holder(b, y, "ice-ufrag")
    r, s = holder(a, x, "ice-pwd"), holder(b, y, "ice-pwd")
    before, after = (p.ice_ufrag, r.ice_pwd), (q.ice_ufrag, s.ice_pwd)
    if before != after:
        impact = ice_impact(
            before[0] != after[0],
            before[1] != after[1],
            had=any(before),
            has=any(after),
            same_session=same_session,
        )
        # The password that stayed says nothing; the one that changed must not be shown.
        places = (place_of(p, "ice-ufrag", "ice-pwd"), place_of(q, "ice-ufrag", "ice-pwd"))
        recorder.add("ice", _credentials(*before), _credentials(*after), places, impact)
    p, q = holder(a, x, "ice-options"), holder(b, y, "ice-options")
    recorder.compare_sets(
        "ice_options",
        p.ice_options,
        q.ice_options,
        (place_of(p, "ice-options"), place_of(q, "ice-options")),
        _options_impact,
    )
    if x.end_of_candidates != y.end_of_candidates:
        recorder.flag(
            "end_of_candidates",
            x,
            y,
            x.end_of_candidates,
            y.end_of_candidates,
            "no more candidates will follow: checks may fail without waiting",
            "more candidates may follow",
        )


def _credentials(ufrag: str | None, password: str | None) -> str | None:
    if ufrag is None and password is None:
        return None
    shown = "no password" if password is None else f"password {mask(password)}"
    return f"{'no ufrag' if ufrag is None else f'ufrag {ufrag}'}, {shown}"


def _options_impact(gone: list[str], new: list[str]) -> str:
    said = []
    if "trickle" in gone:
        said.append("no trickle: the candidates here must be all there are (RFC 8840)")
    if "trickle" in new:
        said.append("more candidates may follow one by one (RFC 8840)")
    if "renomination" in {*gone, *new}:
        state = "is off" if "renomination" in gone else "is on"
        said.append(f"choosing another pair later (renomination) {state}")
    return "; ".join(said) or "other ICE options"


def _compare_dtls(
    recorder: Recorder, a: Document, b: Document, x: Section, y: Section, same_session: bool
) -> None:
    p, q = holder(a, x, "fingerprint"), holder(b, y, "fingerprint")
    before = [f"{item.hash_function} {item.value}" for item in p.fingerprints]
    after = [f"{item.hash_function} {item.value}" for item in q.fingerprints]
    if set(before) != set(after):
        recorder.compare_sets(
            "fingerprints",
            before,
            after,
            (place_of(p, "fingerprint"), place_of(q, "fingerprint")),
            lambda gone, new: fingerprint_impact(before, after, same_session=same_session),
        )
    p, q = holder(a, x, "setup"), holder(b, y, "setup")
    if p.setup != q.setup:
        places = (place_of(p, "setup"), place_of(q, "setup"))
        impact = setup_impact(p.setup, q.setup)
        recorder.compare("setup", p.setup, q.setup, places, impact)
    p, q = holder(a, x, "tls-id"), holder(b, y, "tls-id")
    places = (place_of(p, "tls-id", "dtls-id"), place_of(q, "tls-id", "dtls-id"))
    impact = "asks for a new DTLS association (RFC 8842, 3.1)"
    recorder.compare("tls_id", p.tls_id, q.tls_id, places, impact)


def compare_destination(recorder: Recorder, x: MediaSection, y: MediaSection) -> None:
    """Compare ports and addresses outside ICE: ``m=``, ``c=`` and ``a=rtcp``."""
    spans = (x.media_line.span, y.media_line.span)
    recorder.compare("port", x.port, y.port, spans, port_impact(x, y) if x.port != y.port else "")
    recorder.compare("ports", x.media_line.ports, y.media_line.ports, spans, "layered multicast")
    ice = x.ice_ufrag is not None and y.ice_ufrag is not None
    before, after = _addresses(x), _addresses(y)
    if before != after:
        impact = (
            "only the default destination: with ICE the candidates say where media goes"
            if ice
            else "media must be sent to the new address"
        )
        places = (_connection_place(x), _connection_place(y))
        recorder.compare("connection", before, after, places, impact)
    p, q = x.rtcp, y.rtcp
    said = (p and _rtcp(p.port, p.connection), q and _rtcp(q.port, q.connection))
    muxed = x.rtcp_mux and y.rtcp_mux
    impact = "of no use while RTCP shares the port of RTP" if muxed else "where RTCP must be sent"
    places = (p.span if p else None, q.span if q else None)
    recorder.compare("rtcp", *said, places, impact, volatile=muxed)


def _addresses(media: MediaSection) -> str | None:
    own = media.connections or ([media.connection] if media.connection else [])
    return ", ".join(_spell(item) for item in own) or None


def _spell(connection: Connection) -> str:
    parts = [connection.address]
    parts += [str(n) for n in (connection.ttl, connection.addresses) if n is not None]
    return f"{connection.nettype} {connection.addrtype} {'/'.join(parts)}"


def _rtcp(port: int, connection: Connection | None) -> str:
    return str(port) if connection is None else f"{port} {_spell(connection)}"


def _connection_place(media: MediaSection) -> Span | None:
    return media.connection.span if media.connection else None
