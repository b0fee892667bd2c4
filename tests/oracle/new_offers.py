"""Makes new offers with other transceiver and codec sets, the same for the same seed.

Three sorts: written from nothing by `tests.oracle.new_codecs`, made by a browser with other
transceivers (``data/makers.json.gz``), and made by a browser with formats, feedback, extensions
and directions taken away or moved. Most are such that a browser takes them.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.oracle import recorded
from tests.oracle.new_codecs import Codec, Numbers, audio_codecs, extensions, video_codecs
from tests.oracle.new_remixes import remix

__all__ = ["MAKERS", "TRANSCEIVER_SETS", "new_offers", "write_offer"]

MAKERS = "makers"

_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


def _set(text: str, channel: bool = False, simulcast: bool = False) -> dict[str, Any]:
    """Transceivers: ``a`` audio, ``v`` video, then the first letter but one of the direction."""
    directions = {"b": "sendrecv", "s": "sendonly", "r": "recvonly", "i": "inactive"}
    kinds = {"a": "audio", "v": "video"}
    pairs = [[kinds[pair[0]], directions[pair[1]]] for pair in text.split()]
    return {"kinds": pairs, "channel": channel, "simulcast": simulcast}


TRANSCEIVER_SETS: dict[str, dict[str, Any]] = {
    "video": _set("vb"),
    "video-inactive": _set("vi"),
    "audio-send": _set("as"),
    "audio-receive-channel": _set("ar", True),
    "video-first": _set("vb ab"),
    "receive-only": _set("ar vr"),
    "three-videos": _set("vb vs vr", True),
    "four-audios": _set("ab as ar ai"),
    "mixed": _set("ab vb ar vr", True),
    "six": _set("ab vb as vs ar vr"),
    "twelve": _set("ab vb ab vb ar vr ar vr as vs ai vi", True),
    "simulcast-call": _set("ab vb", True, True),
    "simulcast-twice": _set("vs vs", False, True),
    "simulcast-and-receive": _set("vb vr ar", False, True),
    "all-inactive": _set("ai vi vi ai"),
    "screen": _set("ab vb vs", True),
}
"""What the browsers were asked to offer."""

_IDENTITIES = ("audio{n}", "a-{n}", "sdparta_{n}", "mid{n}", "{n}", "{n}", "{n}", "m_{n}", "10{n}")
_RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
_FINGERPRINT = ":".join(f"{n * 37 % 256:02X}" for n in range(32))
_SHORT_FINGERPRINT = ":".join(f"{n * 91 % 256:02X}" for n in range(20))
_SETUPS = ("actpass",) * 30 + ("active", "active", "passive", "passive", "")
_FOREIGN = (
    *("a=tool:libfoo 1.2", "a=x-plan:unified", "a=ice-options:trickle", "a=ice-options:ice2"),
    *("a=ice-options:renomination trickle", "a=recvonly", "a=charset:x"),
    *("a=msid-semantic: WMS", "a=msid-semantic: WMS *", "a=msid-semantic:WMS s t", "a=identity:AA"),
)
_FOREIGN_MEDIA = (
    *("a=ptime:20", "a=maxptime:60", "a=x-google-flag:c"),
    *("a=framerate:30", "a=content:slides", "a=label:3", "a=rtcp-xr:rcvr-rtt=all"),
    *("a=rtcp:9 IN IP4 0.0.0.0", "a=end-of-candidates", "a=imageattr:* send [x=640,y=480] recv *"),
    *("a=rtcp-mux-only", "a=candidate:1 1 udp 2113937151 192.0.2.7 40000 typ host generation 0"),
)
_BANDWIDTH = ("b=AS:500", "b=TIAS:640000", "b=AS:0", "b=AS:30", "b=CT:1000", "b=RS:0")
_RESTRICTIONS = (
    *("",) * 3,
    *("max-width=1280;max-height=720", "max-fps=30", "max-br=500000", "max-fs=3600", "max-pps=9"),
    *("pt={pt}", "pt={pt};max-width=640", "depend=h", "max-bpp=1.5"),
)


def new_offers(number: int, seed: int) -> dict[str, str]:
    """Return so many offers by name; a name tells the sort."""
    generator = random.Random(seed)
    made: dict[str, str] = recorded.read(MAKERS)
    makers = sorted(made)
    generator.shuffle(makers)
    whole = [name for name in makers if generator.random() < 0.5][: number // 10]
    offers = {f"{name}/{seed}-whole": made[name] for name in whole}
    while len(offers) < number:
        if generator.random() < 0.25:
            base = generator.choice(makers)
            text, name = remix(made[base], generator), f"{base}/{seed}-{len(offers):04}-remix"
        else:
            writer = write_offer(generator)
            text, name = writer.text, f"{writer.kinds}/{seed}-{len(offers):04}"
        if text not in offers.values():
            offers[name] = text
    return offers


@dataclass
class Section:
    """A section to be written."""

    kind: str
    mid: str
    direction: str = "sendrecv"
    rejected: bool = False
    bundle_only: bool = False
    port: int = 9
    tag: bool = False
    groups: set[int] = field(default_factory=set)


@dataclass
class Offer:
    """An offer under way: what holds for all of it, and the lines written so far."""

    generator: random.Random
    sections: list[Section] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    codecs: dict[str, list[Codec]] = field(default_factory=dict)
    extension_ids: dict[str, int] = field(default_factory=dict)
    free_ids: list[int] = field(default_factory=list)
    session_security: bool = False
    shared_transport: bool = True
    setup: str = "actpass"
    mixed: bool = False
    sources: bool = False
    security: list[str] = field(default_factory=list)
    counted: int = 0

    @property
    def text(self) -> str:
        """The whole text."""
        return "\r\n".join(self.lines) + "\r\n"

    @property
    def kinds(self) -> str:
        """The sections in letters: ``avd``."""
        return "".join(each.kind[0] for each in self.sections)

    def chance(self, part: float) -> bool:
        return self.generator.random() < part

    def count(self) -> int:
        """A number no other line of this offer has; chance values are made of it.

        They need not look random, and take less room where they do not.
        """
        self.counted += 1
        return self.counted

    def text_of(self, length: int) -> str:
        """Letters as ICE has them."""
        number = f"{self.count():04x}"
        return ("Ab+/" * 8)[: length - 4] + number

    def uuid(self) -> str:
        """A UUID of version 4."""
        return f"{self.count():08x}-5d2d-4c94-8b64-5f4d69000ee6"

    def source(self) -> int:
        """A synchronization source."""
        return 2998156864 + self.count()


def write_offer(generator: random.Random) -> Offer:
    """Write an offer from nothing."""
    offer = Offer(generator)
    numbers = Numbers(generator)
    offer.codecs = {
        "audio": audio_codecs(generator, numbers),
        "video": video_codecs(generator, numbers),
    }
    offer.free_ids = list(range(1, 15))
    offer.mixed = offer.chance(0.4)
    if offer.mixed and offer.chance(0.15):
        offer.free_ids = [*range(1, 15), *range(16, 60)]
    if offer.chance(0.5):
        generator.shuffle(offer.free_ids)
    offer.session_security = offer.chance(0.2)
    offer.setup = generator.choice(_SETUPS)
    offer.sources = offer.chance(0.5)
    _lay_out(offer)
    groups = _bundle(offer)
    _write_session(offer, groups)
    for section in offer.sections:
        if section.kind == "application":
            _write_data(offer, section)
        else:
            _write_media(offer, section)
    return offer


def _lay_out(offer: Offer) -> None:
    generator = offer.generator
    count = generator.choice((1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 10, 12))
    kinds = generator.choices(("audio", "video"), k=count)
    if offer.chance(0.4):
        kinds.insert(generator.randint(0, len(kinds)), "application")
    style = generator.choice(_IDENTITIES)
    for index, kind in enumerate(kinds):
        section = Section(kind, style.format(n=index))
        if kind != "application":
            section.direction = generator.choice((*_DIRECTIONS, "sendrecv", "sendonly", "sendrecv"))
        if index and offer.chance(0.08):
            section.rejected, section.port = True, 0
        offer.sections.append(section)
    if offer.chance(0.15):
        generator.shuffle(offer.sections)


def _bundle(offer: Offer) -> list[list[str]]:
    """The BUNDLE groups, and which sections are in one."""
    generator = offer.generator
    way = generator.random()
    able = [each for each in offer.sections if not each.rejected or offer.chance(0.1)]
    if way < 0.1:
        groups = []
    elif way < 0.75 or len(able) < 3:
        groups = [able]
    elif way < 0.9:
        kept = [each for each in able if offer.chance(0.6)]
        groups = [kept] if kept else []
    else:
        cut = generator.randint(1, len(able) - 1)
        groups = [able[:cut], able[cut:]]
    for number, group in enumerate(groups):
        if offer.chance(0.08):
            generator.shuffle(group)
        for place, section in enumerate(group):
            section.groups.add(number)
            section.tag = place == 0
    if len(groups) == 1 and offer.chance(0.12):
        for section in groups[0][1:]:
            if not section.rejected:
                section.bundle_only, section.port = True, 0
    offer.shared_transport = bool(groups) and offer.chance(0.9)
    return [[each.mid for each in group] for group in groups if group]


def _security(offer: Offer) -> Iterable[str]:
    ufrag = offer.generator.choice((4, 8, 16))
    yield f"a=ice-ufrag:{offer.text_of(ufrag)}"
    yield f"a=ice-pwd:{offer.text_of(24)}"
    way = offer.generator.random()
    if way < 0.02:
        yield f"a=fingerprint:sha-1 {_SHORT_FINGERPRINT}"
    yield f"a=fingerprint:{'SHA-256' if way > 0.97 else 'sha-256'} {_FINGERPRINT}"
    if offer.setup:
        yield f"a=setup:{offer.setup}"


def _write_session(offer: Offer, groups: list[list[str]]) -> None:
    generator = offer.generator
    user = generator.choice(("-", "-", "mozilla...THIS_IS_SDPARTA-99.0", "root", "sip.example"))
    lines = [
        "v=0",
        f"o={user} {4611731400430051336 + generator.getrandbits(10)} 2 IN IP4 127.0.0.1",
        "s=-",
    ]
    lines += [each for each in ("i=a title", "c=IN IP4 0.0.0.0", "b=AS:2000") if offer.chance(0.04)]
    lines.append("t=0 0")
    lines += [f"a=group:BUNDLE {' '.join(mids)}" for mids in groups]
    if offer.chance(0.03) and len(offer.sections) > 1:
        lines.append(f"a=group:LS {offer.sections[0].mid} {offer.sections[1].mid}")
    if offer.mixed and offer.chance(0.7):
        lines.append("a=extmap-allow-mixed")
    if offer.chance(0.04):
        lines.append("a=ice-lite")
    lines += [each for each in _FOREIGN if offer.chance(0.06)]
    if offer.session_security:
        lines += _security(offer)
    offer.lines += lines


def _transport_lines(offer: Offer, section: Section) -> list[str]:
    if offer.session_security:
        return []
    if not offer.shared_transport or not section.groups:
        lines = list(_security(offer))
    else:
        if not offer.security:
            offer.security = list(_security(offer))
        lines = offer.security
    if offer.chance(0.6):
        lines = [*lines[:2], "a=ice-options:trickle", *lines[2:]]
    if section.bundle_only and offer.chance(0.4):
        return []
    return lines


def _write_data(offer: Offer, section: Section) -> None:
    generator = offer.generator
    old = offer.chance(0.2)
    port = generator.choice((5000, 5000, 5000, 5001, 6000))
    if old:
        head = f"m=application {section.port} DTLS/SCTP {port}"
    else:
        protocol = "UDP/DTLS/SCTP" if offer.chance(0.9) else "TCP/DTLS/SCTP"
        head = f"m=application {section.port} {protocol} webrtc-datachannel"
    lines = [head, "c=IN IP4 0.0.0.0", f"a=mid:{section.mid}"]
    lines += ["a=bundle-only"] if section.bundle_only else []
    lines += _transport_lines(offer, section)
    if offer.chance(0.4):
        lines.append("a=sendrecv")
    if old:
        lines.append(f"a=sctpmap:{port} webrtc-datachannel {generator.choice((256, 1024))}")
    else:
        lines.append(f"a=sctp-port:{port}")
    if offer.chance(0.8):
        size = generator.choice((262144, 262144, 1073741823, 65536, 0, 16384, 100000))
        lines.append(f"a=max-message-size:{size}")
    offer.lines += lines


def _write_media(offer: Offer, section: Section) -> None:
    generator = offer.generator
    codecs = _chosen_codecs(offer, section.kind)
    way = generator.random()
    protocol = "UDP/TLS/RTP/SAVPF"
    if way > 0.93:
        protocol = generator.choice(("RTP/SAVPF", "TCP/DTLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"))
    formats = " ".join(str(each.payload_type) for each in codecs)
    lines = [f"m={section.kind} {section.port} {protocol} {formats}"]
    lines += ["i=camera"] if offer.chance(0.03) else []
    lines.append("c=IN IP4 0.0.0.0")
    lines += [each for each in _BANDWIDTH if offer.chance(0.03)]
    head = len(lines)
    lines += ["a=bundle-only"] if section.bundle_only else []
    lines += _transport_lines(offer, section)
    if offer.chance(0.98) or section.groups:
        lines.append(f"a=mid:{section.mid}")
    simulcast = section.kind == "video" and offer.chance(0.2)
    lines += _extension_lines(offer, section.kind, simulcast and offer.chance(0.95))
    if offer.mixed and offer.chance(0.3):
        lines.append("a=extmap-allow-mixed")
    if section.direction != "sendrecv" or offer.chance(0.9):
        lines.append(f"a={section.direction}")
    sends = section.direction in ("sendrecv", "sendonly")
    track = _track(offer) if sends else ""
    if track:
        lines.append(f"a=msid:{track}")
    if offer.chance(0.996):
        lines.append("a=rtcp-mux")
    if offer.chance(0.6 if section.kind == "video" else 0.3):
        lines.append("a=rtcp-rsize")
    for codec in codecs:
        lines += codec.lines()
    if offer.chance(0.08):
        words = generator.sample(("nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"), 2)
        lines += [f"a=rtcp-fb:* {each}" for each in words]
    lines += [each for each in _FOREIGN_MEDIA if offer.chance(0.04)]
    if simulcast:
        lines += _simulcast(offer, section, codecs)
    elif sends and offer.sources:
        lines += _source_lines(offer, section.kind, track, codecs)
    if offer.chance(0.15):
        lines[head:] = sorted(lines[head:], key=lambda line: line.partition(":")[0])
    offer.lines += lines


def _chosen_codecs(offer: Offer, kind: str) -> list[Codec]:
    """The codecs of a section: all, or some; those that hang on another mostly go with it."""
    codecs = list(offer.codecs[kind])
    way = offer.generator.random()
    if way < 0.6:
        return codecs
    gone = {each.payload_type for each in codecs if offer.chance(0.35)}
    if not offer.chance(0.02):
        gone |= {each.payload_type for each in codecs if each.of in gone}
    kept = [each for each in codecs if each.payload_type not in gone]
    if way > 0.85:
        offer.generator.shuffle(kept)
    return kept or codecs


def _extension_lines(offer: Offer, kind: str, with_rid: bool) -> list[str]:
    lines = []
    uris = extensions(offer.generator, kind)
    if with_rid:
        uris = [_RID, *(each for each in uris if each != _RID)]
    for uri in uris:
        if uri not in offer.extension_ids:
            if not offer.free_ids or (len(offer.free_ids) == 1 and uri != _RID):
                continue
            offer.extension_ids[uri] = offer.free_ids.pop(0)
        direction = ""
        if offer.chance(0.08):
            direction = "/" + offer.generator.choice(_DIRECTIONS)
        more = " vad=on" if uri.endswith("ssrc-audio-level") and offer.chance(0.15) else ""
        lines.append(f"a=extmap:{offer.extension_ids[uri]}{direction} {uri}{more}")
    return lines


def _track(offer: Offer) -> str:
    stream, track = offer.uuid(), offer.uuid()
    return offer.generator.choice(
        (
            f"{stream} {track}",
            f"- {track}",
            f"{{{stream}}} {{{track}}}",
            f"s t{len(offer.lines)}",
            stream,
            "",
        )
    )


def _simulcast(offer: Offer, section: Section, codecs: list[Codec]) -> list[str]:
    generator = offer.generator
    names = generator.choice((["q", "h", "f"], ["0", "1"], ["hi", "mid", "lo"], ["a"], ["1", "2"]))
    numbers = [each.payload_type for each in codecs if each.of is None]
    way = "recv" if section.direction == "recvonly" or offer.chance(0.25) else "send"
    lines = []
    for name in names:
        said = generator.choice(_RESTRICTIONS).format(pt=generator.choice(numbers or [96]))
        lines.append(f"a=rid:{name} {way}{' ' + said if said else ''}")
    shown = [f"~{name}" if offer.chance(0.08) else name for name in names]
    separator = ";" if offer.chance(0.92) else ","
    listed = separator.join(shown)
    if section.direction == "sendrecv" and offer.chance(0.1):
        back = "recv" if way == "send" else "send"
        lines.append(f"a=rid:z {back}")
        listed += f" {back} z"
    if offer.chance(0.92):
        lines.append(f"a=simulcast:{way} {listed}")
    return lines


def _source_lines(offer: Offer, kind: str, track: str, codecs: list[Codec]) -> list[str]:
    generator = offer.generator
    cname = offer.text_of(16)
    first = offer.source()
    sources, groups = [first], []
    if kind == "video":
        if offer.chance(0.08):
            layers = [first, offer.source(), offer.source()]
            groups.append("SIM " + " ".join(map(str, layers)))
            sources = layers
        if any(each.encoding.startswith("rtx") for each in codecs):
            for each in list(sources):
                sources.append(offer.source())
                groups.append(f"FID {each} {sources[-1]}")
        if any(each.encoding.startswith("flexfec") for each in codecs):
            sources.append(offer.source())
            groups.append(f"FEC-FR {first} {sources[-1]}")
    lines = [f"a=ssrc-group:{each}" for each in groups]
    old = len(track.split(" ")) == 2 and offer.chance(0.5)
    for source in sources:
        lines.append(f"a=ssrc:{source} cname:{cname}")
        if old:
            lines.append(f"a=ssrc:{source} msid:{track}")
            if generator.random() < 0.3:
                stream, name = track.split(" ")
                lines += [f"a=ssrc:{source} mslabel:{stream}", f"a=ssrc:{source} label:{name}"]
    return lines
