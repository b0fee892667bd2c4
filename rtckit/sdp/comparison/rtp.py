"""Header extensions by URI, encodings by rid, sources by what they belong to."""

from collections.abc import Mapping
from typing import NamedTuple

from rtckit.sdp.comparison.change import Kind
from rtckit.sdp.comparison.codec_identity import CodecTable
from rtckit.sdp.comparison.matching import pair_up
from rtckit.sdp.comparison.recorder import Recorder
from rtckit.sdp.lines import Span
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import ExtMap, Rid, SimulcastStream
from rtckit.sdp.section import Section

__all__ = [
    "compare_encodings",
    "compare_extensions",
    "compare_sources",
    "compare_streams",
    "extension_name",
]

_ENCRYPTED = "urn:ietf:params:rtp-hdrext:encrypt"
_TRANSPORT_WIDE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
_EXTENSION_USES = {
    "mid": "packets no longer name their section; a bundle goes by SSRC and payload type",
    "rtp-stream-id": "simulcast layers can no longer be told apart by rid",
    "repaired-rtp-stream-id": "retransmissions no longer name the layer they repair",
    "transport-wide-cc": "no transport-wide congestion control",
    "abs-send-time": "no absolute send times for the receiver's bandwidth estimate",
    "ssrc-audio-level": "no audio levels in packets: active-speaker detection must decode",
    "video-orientation": "rotation is no longer signalled; the sender must turn the picture",
}


def extension_name(uri: str) -> str:
    """The last part of a header extension's URI, which is what people call it."""
    if uri == _TRANSPORT_WIDE:
        return "transport-wide-cc"
    for separator in ("#", "/", ":"):
        _, found, tail = uri.rpartition(separator)
        if found and tail:
            return tail
    return uri


def compare_extensions(recorder: Recorder, x: Section, y: Section) -> None:
    """Compare header extensions by URI (RFC 8285, 5 and 6)."""
    left, right = x.extmap, y.extmap
    if left == right:
        return
    pairs = pair_up(
        left, right, lambda item: (*_identity(item), item.id, item.direction), _identity
    )
    for one, other in pairs:
        item = one or other
        assert item is not None
        leaf = f"extmap[{item.uri}{' ' + item.attributes if item.uri == _ENCRYPTED else ''}]"
        name = extension_name(item.uri)
        places = (one.span if one else None, other.span if other else None)
        if one is None or other is None:
            why = _EXTENSION_USES.get(name) if other is None else None
            said = f"{name} can no longer be sent" if other is None else f"{name} can be sent"
            shown = f"{item.id}{'/' + item.direction if item.direction else ''} {item.uri}"
            recorder.add(
                leaf,
                shown if one else None,
                shown if other else None,
                places,
                f"{said}: {why}" if why else said,
            )
            continue
        impact = (
            f"{name} travels under another id: an id must not be remapped in a session "
            "(RFC 8285, 6)"
        )
        recorder.compare(f"{leaf}.id", one.id, other.id, places, impact)
        before, after = one.direction or "sendrecv", other.direction or "sendrecv"
        impact = f"who may send {name}"
        recorder.compare(f"{leaf}.direction", before, after, places, impact)
        recorder.compare(
            f"{leaf}.attributes", one.attributes or None, other.attributes or None, places
        )
    means_a = {item.id: item for item in left}
    means_b = {item.id: item for item in right}
    for number, was in means_a.items():
        now = means_b.get(number)
        if now is not None and _identity(now) != _identity(was):
            impact = (
                f"id {number} now means {extension_name(now.uri)}: packets in flight will be "
                "misread; an id must not be remapped in a session (RFC 8285, 6)"
            )
            recorder.add(f"extmap_ids.{number}", was.uri, now.uri, (was.span, now.span), impact)


def _identity(item: ExtMap) -> tuple[str, str]:
    return item.uri, item.attributes if item.uri == _ENCRYPTED else ""


def compare_encodings(recorder: Recorder, x: MediaSection, y: MediaSection) -> None:
    """Compare rids by id, and the simulcast lines over them."""
    if x.rids or y.rids:
        a, b = CodecTable(x), CodecTable(y)
        for one, other in pair_up(
            x.rids, y.rids, lambda rid: (rid.id, rid.direction), lambda rid: rid.id
        ):
            _compare_rid(recorder, one, other, a, b)
    _compare_simulcast(recorder, x, y)


def _compare_rid(
    recorder: Recorder, one: Rid | None, other: Rid | None, a: CodecTable, b: CodecTable
) -> None:
    rid = one or other
    assert rid is not None
    leaf = f"rids.{rid.id}"
    places = (one.span if one else None, other.span if other else None)
    if one is None or other is None:
        said = "no longer restricted or named" if other is None else "named"
        recorder.add(
            leaf,
            _show_rid(one, a) if one else None,
            _show_rid(other, b) if other else None,
            places,
            f"encoding {rid.id} {said}",
        )
        return
    impact = f"encoding {rid.id} goes the other way"
    recorder.compare(f"{leaf}.direction", one.direction, other.direction, places, impact)
    before = [a.meaning(number) for number in one.payload_types]
    after = [b.meaning(number) for number in other.payload_types]
    impact = "the codecs this encoding may use, the first preferred (RFC 8851, 4)"
    recorder.compare(f"{leaf}.codecs", before or None, after or None, places, impact)
    for name in sorted({*one.restrictions, *other.restrictions}):
        recorder.compare(
            f"{leaf}.{name}",
            _restriction(one.restrictions, name),
            _restriction(other.restrictions, name),
            places,
            f"a limit on encoding {rid.id}",
        )


def _restriction(found: Mapping[str, str | None], name: str) -> str | None:
    return (found[name] or "") if name in found else None


def _show_rid(rid: Rid, table: CodecTable) -> str:
    parts = [rid.direction, *(table.meaning(number) for number in rid.payload_types)]
    parts += [
        name if value is None else f"{name}={value}" for name, value in rid.restrictions.items()
    ]
    return " ".join(parts)


_Streams = tuple[tuple[SimulcastStream, ...], ...]


def _compare_simulcast(recorder: Recorder, x: MediaSection, y: MediaSection) -> None:
    one, other = x.simulcast, y.simulcast
    if one is None and other is None:
        return
    places = (one.span if one else None, other.span if other else None)
    if one is None or other is None:
        impact = (
            "simulcast is gone: one encoding is sent instead of several"
            if other is None
            else "several encodings of the same media at the same time (simulcast)"
        )
        recorder.add(
            "simulcast", one.text if one else None, other.text if other else None, places, impact
        )
        return
    for direction, before, after in (
        ("send", one.send, other.send),
        ("recv", one.recv, other.recv),
    ):
        leaf = f"simulcast.{direction}"
        layers_a, layers_b = _layers(before), _layers(after)
        for rid in [rid for rid in layers_a if rid not in layers_b]:
            recorder.add(f"{leaf}.{rid}", rid, None, places, f"simulcast layer {rid} removed")
        for rid in [rid for rid in layers_b if rid not in layers_a]:
            recorder.add(f"{leaf}.{rid}", None, rid, places, f"simulcast layer {rid} added")
        for rid, paused in layers_a.items():
            if rid in layers_b and layers_b[rid] != paused:
                said = "resumed" if paused else "paused"
                recorder.add(
                    f"{leaf}.{rid}.paused",
                    "paused" if paused else "active",
                    "active" if paused else "paused",
                    places,
                    f"simulcast layer {rid} {said}",
                )
        common = {rid for rid in layers_a if rid in layers_b}
        shape_a, shape_b = _shape(before, common), _shape(after, common)
        if shape_a != shape_b:
            order = "the first layer is the most preferred (RFC 8853, 5.2)"
            recorder.add(leaf, shape_a, shape_b, places, order, kind=Kind.MOVED)


def _layers(streams: _Streams) -> dict[str, bool]:
    return {stream.rid: stream.paused for alternatives in streams for stream in alternatives}


def _shape(streams: _Streams, common: set[str]) -> str:
    """The streams and alternatives both sides have, in their order."""
    kept = (",".join(s.rid for s in stream if s.rid in common) for stream in streams)
    return ";".join(filter(None, kept))


def compare_streams(recorder: Recorder, x: MediaSection, y: MediaSection) -> None:
    """Compare msids: ids are new in every session, whether there are any is what counts."""
    before = [(item.stream, item.track) for item in x.msids]
    after = [(item.stream, item.track) for item in y.msids]
    if sorted(before, key=str) == sorted(after, key=str):
        return
    places = (x.msids[0].span if x.msids else None, y.msids[0].span if y.msids else None)
    impact = "names of streams and tracks, as the far end sees them"
    if len(before) != len(after):
        impact = (
            "the far end's track belongs to other MediaStreams"
            if after
            else "the far end's track belongs to no MediaStream"
        )
    expected = _sends(x) != _sends(y)
    recorder.compare(
        "msid",
        "; ".join(f"{stream} {track or ''}".strip() for stream, track in before) or None,
        "; ".join(f"{stream} {track or ''}".strip() for stream, track in after) or None,
        places,
        impact,
        volatile=expected or len(before) == len(after),
    )


def _sends(media: MediaSection) -> bool:
    return media.direction in ("sendrecv", "sendonly")


_NAMES_OF_A_SOURCE = ("cname", "msid", "mslabel", "label")


def compare_sources(recorder: Recorder, x: MediaSection, y: MediaSection) -> None:
    """Compare sources by what they belong to; their numbers are drawn anew each time."""
    if x.ssrcs == y.ssrcs and x.ssrc_groups == y.ssrc_groups:
        return
    expected = _sends(x) != _sends(y)
    pairs = pair_up(
        _sources(x),
        _sources(y),
        lambda item: item.number,
        lambda item: (item.names, item.role),
        lambda item: item.role,
        lambda item: True,
    )
    places = (_source_place(x), _source_place(y))
    if len(x.ssrcs) != len(y.ssrcs):
        if not y.ssrcs:
            impact = "sources are no longer announced: packets are known by mid and rid"
        elif not x.ssrcs:
            impact = "sources are announced"
        else:
            impact = "another number of sources: layers, retransmissions or tracks came or went"
        counts = (len(x.ssrcs) or None, len(y.ssrcs) or None)
        recorder.compare("ssrcs", *counts, places, impact, volatile=expected)
    for one, other in pairs:
        if one is None or other is None:
            continue
        leaf = f"ssrcs[{one.number}]"
        impact = "another number for the same source"
        recorder.compare(f"{leaf}.ssrc", one.number, other.number, places, impact, volatile=True)
        before, after = x.ssrcs[one.number], y.ssrcs[other.number]
        for name in sorted({*before, *after}):
            recorder.compare(
                f"{leaf}.{name}",
                before.get(name),
                after.get(name),
                places,
                "names of the source, as the far end sees them" if name in _NAMES else "",
                volatile=name in _NAMES,
            )
    _compare_groups(recorder, x, y, places, expected)


_NAMES = ("cname", "msid", "mslabel", "label")


class _Source(NamedTuple):
    """A source: its number, the names it goes by, and its places in the groups."""

    number: int
    names: tuple[str | None, str | None]
    role: str


def _sources(media: MediaSection) -> list[_Source]:
    roles: dict[int, list[str]] = {}
    for group in media.ssrc_groups:
        for index, ssrc in enumerate(group.ssrcs):
            roles.setdefault(ssrc, []).append(f"{group.semantics} {index}")
    return [
        _Source(
            ssrc,
            (found.get("msid"), found.get("cname")),
            ", ".join(sorted(roles.get(ssrc, ()))),
        )
        for ssrc, found in media.ssrcs.items()
    ]


def _compare_groups(
    recorder: Recorder,
    x: MediaSection,
    y: MediaSection,
    places: tuple[Span | None, Span | None],
    expected: bool,
) -> None:
    before, after = (
        sorted(f"{group.semantics} of {len(group.ssrcs)}" for group in media.ssrc_groups)
        for media in (x, y)
    )
    if before == after:
        return
    had, has = ({item.split()[0] for item in groups} for groups in (before, after))
    if "FID" in had ^ has:
        impact = "a source for retransmissions" if "FID" in has else "no source for retransmissions"
    elif "SIM" in had ^ has:
        impact = "simulcast by SSRC is " + ("on" if "SIM" in has else "gone")
    else:
        impact = "sources belong together otherwise"
    shown = (", ".join(before) or None, ", ".join(after) or None)
    recorder.compare("ssrc_groups", *shown, places, impact, volatile=expected)


def _source_place(media: MediaSection) -> Span | None:
    attribute = media.find("ssrc") or media.find("ssrc-group")
    return attribute.span if attribute else None
