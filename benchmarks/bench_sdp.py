"""How fast session descriptions are read and written, beside aiortc's and sdp-transform's parsers.

    python benchmarks/bench_sdp.py [--rounds 15]

Three descriptions in a browser's manner: one of 5 kB (audio, video, data), one of 150 sections as a
conference server makes them, and one that is a single 5 MB line. aiortc reads every value it knows
when it parses; sdp-transform (measured where it is installed) does too; rtckit reads values on
demand. So rtckit has three rows: the document and its sections, that and every line found by name,
and every view of every section. Only rtckit writes back the bytes it read.

The libraries alternate round by round, so that a busy machine slows all, and the best round of each
counts. Ends with 1 when a target is missed.
"""

import argparse
import sys
import timeit
from collections.abc import Callable
from typing import Any

from aiortc.sdp import SessionDescription

from rtckit.sdp import Document, parse

try:
    import sdp_transform
except ImportError:
    sdp_transform = None

SMALL_TARGET_US = 200
"""Reading a 5 kB offer into lines and sections, on a machine that does nothing else."""
WORK_TARGET = 1.0
"""Times as fast as aiortc, for a caller who looks up lines by name."""

FINGERPRINT = ":".join(f"{(7 * n + 1) % 256:02X}" for n in range(32))
TRANSPORT = [
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=candidate:1646124266 1 udp 2122194687 192.0.2.1 39686 typ host generation 0 network-id 1",
    "a=candidate:3845554458 1 udp 2122265343 2001:db8::1 50321 typ host generation 0 network-id 2",
    "a=ice-ufrag:TPzB",
    "a=ice-pwd:koYSZnit2h6iKgCDFZXOewSR",
    "a=ice-options:trickle",
    f"a=fingerprint:sha-256 {FINGERPRINT}",
    "a=setup:actpass",
]
EXTENSIONS = "toffset ssrc-audio-level sdes:mid sdes:rtp-stream-id sdes:repaired-rtp-stream-id"
H264 = "level-asymmetry-allowed=1;packetization-mode={};profile-level-id={}"
VIDEO = [
    (96, "VP8", ""),
    (98, "VP9", "profile-id=0"),
    (100, "VP9", "profile-id=2"),
    *((102 + 2 * n, "H264", H264.format(n % 2, f"{42 + n:x}e01f")) for n in range(6)),
    (45, "AV1", "level-idx=5;profile=0;tier=0"),
]


def section(kind: str, mid: int) -> list[str]:
    """One media section, with the lines a browser writes."""
    if kind == "application":
        head = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", *TRANSPORT, f"a=mid:{mid}"]
        return [*head, "a=sctp-port:5000", "a=max-message-size:262144"]
    codecs: list[tuple[int, str, str]] = []
    if kind == "audio":
        codecs = [(111, "opus/48000/2", "minptime=10;useinbandfec=1"), (0, "PCMU/8000", "")]
    else:
        for number, name, parameters in VIDEO:
            codecs += [
                (number, f"{name}/90000", parameters),
                (number + 1, "rtx/90000", f"apt={number}"),
            ]
    formats = " ".join(str(number) for number, _, _ in codecs)
    lines = [f"m={kind} 9 UDP/TLS/RTP/SAVPF {formats}", *TRANSPORT, f"a=mid:{mid}"]
    lines += [
        f"a=extmap:{number} urn:ietf:params:rtp-hdrext:{name}"
        for number, name in enumerate(EXTENSIONS.split(), 1)
    ]
    lines += ["a=sendrecv", f"a=msid:stream{mid} track{mid}", "a=rtcp-mux", "a=rtcp-rsize"]
    for number, encoding, parameters in codecs:
        lines.append(f"a=rtpmap:{number} {encoding}")
        if not encoding.startswith("rtx"):
            feedback = ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
            lines += [f"a=rtcp-fb:{number} {item}" for item in feedback]
        if parameters:
            lines.append(f"a=fmtp:{number} {parameters}")
    ssrc = 1000 + 2 * mid
    lines.append(f"a=ssrc-group:FID {ssrc} {ssrc + 1}")
    return [*lines, f"a=ssrc:{ssrc} cname:{mid}", f"a=ssrc:{ssrc + 1} cname:{mid}"]


def description(kinds: list[str]) -> str:
    """An offer with these media sections."""
    mids = " ".join(str(number) for number in range(len(kinds)))
    lines = ["v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines += [f"a=group:BUNDLE {mids}", "a=extmap-allow-mixed", "a=msid-semantic: WMS"]
    for mid, kind in enumerate(kinds):
        lines += section(kind, mid)
    return "\r\n".join(lines) + "\r\n"


def read_lines(text: str) -> None:
    """Every section, its attributes by name."""
    for part in parse(text).sections:
        part.has("mid")


def read_values(text: str) -> list[Any]:
    """Every value of every section."""
    document: Document = parse(text)
    return [
        (media.candidates, media.codecs, media.extmap, media.ssrcs, media.problems)
        for media in document.media
    ]


def best(works: dict[str, Callable[[], object]], rounds: int, number: int) -> dict[str, float]:
    """Microseconds of each, the least of ``rounds`` in which they take turns."""
    least = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            spent = timeit.timeit(work, number=number) / number * 1e6
            least[name] = min(least[name], spent)
    return least


def measure(name: str, text: str, rounds: int, number: int) -> dict[str, float]:
    """Time every row for one description and print it."""
    works: dict[str, Callable[[], object]] = {
        "rtckit parse": lambda: parse(text),
        "rtckit parse + write": lambda: parse(text).write(),
        "rtckit lines by name": lambda: read_lines(text),
        "rtckit every value": lambda: read_values(text),
        "aiortc parse": lambda: SessionDescription.parse(text),
    }
    if sdp_transform is not None:
        works["sdp-transform parse"] = lambda: sdp_transform.parse(text)
        works["sdp-transform parse + write"] = lambda: sdp_transform.write(
            sdp_transform.parse(text)
        )
    spent = best(works, rounds, number)
    kilobytes = len(text) / 1000
    print(f"{name}: {kilobytes:.1f} kB, {text.count(chr(10)):,} lines")
    for work, microseconds in spent.items():
        ratio = spent["aiortc parse"] / microseconds
        print(f"  {work:<28} {microseconds:10.0f} µs   {ratio:6.2f} x aiortc")
    return spent


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--rounds", type=int, default=15)
    rounds = options.parse_args().rounds
    small = measure("browser offer", description(["audio", "video", "application"]), rounds, 50)
    kinds = ["audio", "video", "video"] * 50 + ["application"]
    large = measure("conference offer", description(kinds), max(3, rounds // 5), 1)
    met = [
        report("browser offer, parse", small["rtckit parse"], SMALL_TARGET_US),
        ratio("browser offer, lines by name", small, "rtckit lines by name"),
        ratio("conference offer, lines by name", large, "rtckit lines by name"),
    ]
    line = "v=0\r\na=x:" + "y" * 5_000_000
    spent = best({"": lambda: parse(line).problems}, 3, 1)[""]
    met.append(report("a line of 5 MB, every problem", spent, 2_000_000))
    return 0 if all(met) else 1


def report(name: str, microseconds: float, target: float) -> bool:
    """Print one line; whether the target is met."""
    met = microseconds < target
    print(
        f"{'ok    ' if met else 'MISSED'} {name:<40} {microseconds:9.0f} µs (under {target:,.0f})"
    )
    return met


def ratio(name: str, spent: dict[str, float], work: str) -> bool:
    """Print one line; whether rtckit is faster than aiortc by the target."""
    times = spent["aiortc parse"] / spent[work]
    met = times >= WORK_TARGET
    print(
        f"{'ok    ' if met else 'MISSED'} {name:<40} {times:9.1f} x aiortc (at least {WORK_TARGET})"
    )
    return met


if __name__ == "__main__":
    sys.exit(main())
