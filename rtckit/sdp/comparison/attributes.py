"""Everything the other comparisons do not read: other attributes and lines, and damaged ones."""

from collections import Counter

from rtckit.core.text import mask
from rtckit.sdp.comparison.codec_identity import CodecTable
from rtckit.sdp.comparison.recorder import Recorder, show_attribute
from rtckit.sdp.grammar import ATTRIBUTES, DIRECTIONS, LINE_TYPES
from rtckit.sdp.lines import BLANKS, Attribute, Line, Span, words
from rtckit.sdp.media import MediaSection
from rtckit.sdp.secrets import hide_secrets
from rtckit.sdp.section import Section

__all__ = ["compare_crypto", "compare_other_attributes", "compare_other_lines"]

_READ = frozenset(DIRECTIONS).union(
    """group ice-lite ice-ufrag ice-pwd ice-options candidate end-of-candidates fingerprint setup
    tls-id dtls-id crypto mid bundle-only msid rtpmap fmtp rtcp-fb rtcp rtcp-mux rtcp-mux-only
    rtcp-rsize extmap extmap-allow-mixed ssrc ssrc-group rid simulcast sctp-port sctpmap
    max-message-size msid-semantic""".split()  # noqa: SIM905
)
"""The attributes that have a comparison of their own."""

_RTP_ONLY = frozenset({"rtpmap", "fmtp", "rtcp-fb"})
_BY_PAYLOAD_TYPE = frozenset({"imageattr", "packetization", "depend", "framesize"})
"""Attributes whose value begins with a payload type."""


def compare_other_attributes(recorder: Recorder, x: Section, y: Section) -> None:
    """Compare, by name and value, the attributes no other comparison reads or could read."""
    left, right = _Others(x), _Others(y)
    if left.counted == right.counted:
        return
    names: dict[str, list[list[Attribute]]] = {}
    for side, (mine, theirs) in enumerate(((left, right), (right, left))):
        for key, attributes in mine.found.items():
            extra = len(attributes) - theirs.counted.get(key, 0)
            if extra > 0:
                both = names.setdefault(key[0], [[], []])
                both[side] += attributes[len(attributes) - extra :]
    for name, (gone, new) in names.items():
        impact = _impact(name)
        leaf = f"attributes.{name}"
        # One value for one is a change; anything else came or went.
        if len(gone) == 1 and len(new) == 1:
            one, other = gone[0], new[0]
            recorder.add(leaf, *_shown(one, other), (one.span, other.span), impact)
            continue
        for one in gone:
            recorder.add(leaf, show_attribute(one), None, (one.span, None), impact)
        for other in new:
            recorder.add(leaf, None, show_attribute(other), (None, other.span), impact)


def _shown(one: Attribute, other: Attribute) -> tuple[str, str]:
    return show_attribute(one), show_attribute(other)


def _impact(name: str) -> str:
    rule = ATTRIBUTES.get(name)
    if rule is None:
        return "an attribute that browsers do not know and ignore"
    return f"{rule.says} ({rule.reference})" if rule.reference else rule.says


class _Others:
    """The attributes of a section that have no comparison of their own, by name and value.

    Among them those that have one but could not be read, and format lines of payload types the
    media line does not name.
    """

    def __init__(self, section: Section) -> None:
        self.found: dict[tuple[str, str], list[Attribute]] = {}
        rtp = isinstance(section, MediaSection) and section.is_rtp
        formats = set(section.media_line.formats) if isinstance(section, MediaSection) else set()
        damaged = {problem.span.line for problem in section.problems}
        table: CodecTable | None = None
        for attribute in section.attributes:
            name = attribute.name
            if name in _READ:
                payload_type = (attribute.value or "").split(" ", 1)[0]
                unlisted = name in _RTP_ONLY and not (
                    rtp and (payload_type in formats or payload_type == "*")
                )
                if not unlisted and attribute.line not in damaged:
                    continue
                label = name[:40]
            else:
                label = (
                    name
                    if name in ATTRIBUTES
                    else show_attribute(Attribute(name, None, attribute.line))
                )
            value = (attribute.value or "").strip(BLANKS)
            if name in _BY_PAYLOAD_TYPE and isinstance(section, MediaSection):
                table = table or CodecTable(section)
                first, space, rest = value.partition(" ")
                value = table.meaning(first) + space + rest
            self.found.setdefault((label, value), []).append(attribute)
        self.counted = Counter({key: len(items) for key, items in self.found.items()})


def compare_crypto(recorder: Recorder, x: MediaSection, y: MediaSection) -> None:
    """Compare SDES keys in their order of preference (RFC 4568, 5.1.1); keys are masked."""
    before = [
        (item.tag, item.suite, item.key_parameters, item.session_parameters) for item in x.crypto
    ]
    after = [
        (item.tag, item.suite, item.key_parameters, item.session_parameters) for item in y.crypto
    ]
    if before == after:
        return
    places = (x.crypto[0].span if x.crypto else None, y.crypto[0].span if y.crypto else None)
    if not before:
        impact = "keys in the clear (SDES): browsers refuse or ignore them (RFC 8827, 6.5)"
    elif not after:
        impact = "no SDES keys any more"
    elif [item[1] for item in before] == [item[1] for item in after]:
        impact = "new SRTP keys: packets under the old ones can no longer be read"
    else:
        impact = "other SRTP suites or another order of preference"
    shown = [
        "; ".join(
            " ".join([tag, suite, f"key {mask(key)}", *parameters])
            for tag, suite, key, parameters in items
        )
        or None
        for items in (before, after)
    ]
    recorder.add("crypto", shown[0], shown[1], places, impact)


_COMPARED_LINES = frozenset("moca")


def compare_other_lines(recorder: Recorder, x: Section, y: Section) -> None:
    """Compare the lines other than attributes: name, bandwidth, timing, keys, stray text."""
    left, right = _lines(x), _lines(y)
    for letter in dict.fromkeys([*left, *right]):
        before, after = left.get(letter, []), right.get(letter, [])
        texts = [_normal(line) for line in before], [_normal(line) for line in after]
        if letter == "b":
            texts[0].sort()
            texts[1].sort()
        if texts[0] == texts[1]:
            continue
        known = LINE_TYPES.get(letter)
        leaf = known.name.replace(" ", "_").partition("_(")[0] if known else "stray_lines"
        places: tuple[Span | None, Span | None] = (
            before[0].span if before else None,
            after[0].span if after else None,
        )
        shown = [_show_lines(lines) for lines in (before, after)]
        recorder.add(leaf, shown[0], shown[1], places, _LINE_IMPACT.get(letter, ""))


_LINE_IMPACT = {
    "v": "only version 0 exists; Firefox refuses any other",
    "b": "the bandwidth the writer asks the peer to keep to (RFC 8866, 5.8)",
    "t": "when the session is active; 0 0 in WebRTC",
    "k": "a key in the clear, obsolete (RFC 8866, 5.12)",
    "": "lines that are no SDP: Chromium refuses the description, Firefox stops reading there",
}


def _lines(section: Section) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for letter, lines in section._by_type.items():
        if letter not in _COMPARED_LINES:
            found.setdefault(letter if letter in LINE_TYPES else "", []).extend(lines)
    if "o" in section._by_type and getattr(section, "origin", None) is None:
        found["o"] = section._by_type["o"]
    return found


def _normal(line: Line) -> str:
    return line.text if line.type == "s" else " ".join(words(line.text))


def _show_lines(lines: list[Line]) -> str | None:
    """The values; of a line that is no SDP the first word, for it may hold a password."""
    shown = []
    for line in lines[:20]:
        if line.type not in LINE_TYPES:
            word = line.text.replace(":", " ").replace("=", " ").split(maxsplit=1)
            shown.append(word[0] if word else "(blank line)")
        elif line.type == "k":
            method, _, key = line.value.partition(":")
            shown.append(f"{method}:{mask(key)}" if key else method)
        else:
            shown.append(hide_secrets(line.value))
    return "; ".join(shown) if lines else None
