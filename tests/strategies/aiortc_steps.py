"""Sequences for one aiortc connection that meets descriptions of others, edited or not.

Where `tests.oracle.sequences` has two peers of a kind talk, here offers are those of browsers, with
sections dropped, doubled, renamed or regrouped, and answers are mirrors of the own offer.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

Operation: TypeAlias = dict[str, Any]

CAPTURES = Path(__file__).parents[2] / "captures"
POLICIES = ("balanced", "balanced", "max-compat", "max-bundle")
LENGTH = 14

_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_CODECS: Sequence[Sequence[str]] = (
    ["video/VP8"],
    ["video/H264"],
    ["video/H264", "video/VP8"],
    ["video/rtx"],
    ["audio/PCMU", "audio/opus"],
    ["audio/opus", "audio/opus"],
    ["audio/G722"],
    ["video/VP9"],
    ["VIDEO/vp8"],
    [],
)
_CANDIDATE = "candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host raddr 192.0.2.9 rport 9"


def base_offers() -> list[str]:
    """The offers of the shipped captures, without candidates that could be resolved or reached."""
    texts = []
    for path in sorted(CAPTURES.glob("*/offer.sdp")):
        lines = path.read_bytes().decode().split("\r\n")
        texts.append("\r\n".join(line for line in lines if not line.startswith("a=candidate:")))
    return texts


def edit(text: str, random: Random) -> str:
    """One change to the sections, groups, directions, roles, codecs or mids of a description."""
    head, *sections = text.split("\r\nm=")
    mids = [_mid(section) for section in sections]
    drawn = random.randrange(14)
    if not sections:
        return text
    at = random.randrange(len(sections))
    section = sections[at]
    if drawn == 0:
        random.shuffle(mids)
        head = _with_group(head, mids)
    elif drawn == 1:
        head = _with_group(head, mids[at:] + mids[:at])
    elif drawn == 2:
        head = _with_group(head, ["nobody", *mids])
    elif drawn == 3:
        head = _with_group(head, [])
    elif drawn == 4:
        del sections[at]
    elif drawn == 5:
        sections.append(section.replace(f"a=mid:{mids[at]}", f"a=mid:{len(sections)}"))
        head = _with_group(head, [*mids, str(len(mids))])
    elif drawn == 6:
        sections[at] = section.replace(
            f"a=mid:{mids[at]}", random.choice(("a=mid:", "a=mid", "x="))
        )
    elif drawn == 7:
        sections[at] = section.replace(f"a=mid:{mids[at]}", f"a=mid:{random.choice(mids)}")
    elif drawn == 8:
        role = random.choice(("active", "passive", "actpass"))
        for each in ("active", "passive", "actpass"):
            section = section.replace(f"a=setup:{each}\r\n", f"a=setup:{role}\r\n")
        sections[at] = section
    elif drawn == 9:
        for each in _DIRECTIONS:
            section = section.replace(
                f"\r\na={each}\r\n", f"\r\na={random.choice(_DIRECTIONS)}\r\n"
            )
        sections[at] = section
    elif drawn == 10:
        section = section.replace("UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000")
        sections[at] = section.replace("opus/48000/2", "OPUS/48000/1").replace(" VP8/", " vp8/")
    elif drawn == 11:
        sections[at] = section.replace("audio ", "video ", 1) if at else f"text{section[5:]}"
    elif drawn == 12:
        sections[at] = section.replace("a=msid:", "a=msid: ").replace("a=rtcp:", "a=rtcp:1")
    else:
        random.shuffle(sections)
    return "\r\nm=".join([head, *sections])


def _mid(section: str) -> str:
    found = [line[6:] for line in section.split("\r\n") if line.startswith("a=mid:")]
    return found[0] if found else "0"


def _with_group(head: str, mids: Sequence[str]) -> str:
    lines = [line for line in head.split("\r\n") if not line.startswith("a=group:BUNDLE")]
    return "\r\n".join([*lines, *([f"a=group:BUNDLE {' '.join(mids)}"] if mids else [])])


def mirrored(text: str, random: Random) -> str:
    """An own offer as an answer: roles chosen, directions turned round, now and then edited."""
    text = text.replace("a=setup:actpass", f"a=setup:{random.choice(('active', 'passive'))}")
    turned = {"sendonly": "recvonly", "recvonly": "sendonly"}
    lines = [
        f"a={turned.get(line[2:], line[2:])}" if line[2:] in turned else line
        for line in text.split("\r\n")
    ]
    text = "\r\n".join(lines)
    return edit(text, random) if random.random() < 0.3 else text


def make_operation(
    random: Random,
    state: Mapping[str, Any],
    local: Mapping[str, str] | None,
    created: Mapping[str, str] | None,
    offers: Sequence[str],
) -> Operation:
    """The next operation for a connection in this state; more often a legal one than not."""
    signaling = state["signalingState"]
    drawn = random.random()
    if drawn < 0.35:
        return _media(random, len(state["transceivers"]))
    if drawn < 0.8:
        if signaling == "have-local-offer" and local:
            return _set("Remote", "answer", mirrored(local["sdp"], random))
        if signaling == "have-remote-offer":
            if created and created["type"] == "answer" and random.random() < 0.6:
                return _set("Local", "answer", created["sdp"])
            implicit = {"op": "setLocalDescription", "description": None}
            return random.choice(({"op": "createAnswer"}, implicit))
        if random.random() < 0.6:
            return _set("Remote", "offer", _foreign(random, offers))
        return {"op": "setLocalDescription", "description": None}
    return random.choice(_ANY)(random, local, created, offers)


def _media(random: Random, count: int) -> Operation:
    kind = random.choice(("audio", "video"))
    which = {"transceiver": random.randrange(max(count, 1))}
    return random.choice(
        (
            {"op": "addTrack", "kind": kind},
            {"op": "addTrack", "kind": kind},
            {
                "op": "addTransceiver",
                "kind": kind,
                "direction": random.choice(_DIRECTIONS),
                "track": random.random() < 0.5,
            },
            {"op": "createDataChannel", "label": "d"},
            {"op": "setDirection", "direction": random.choice(_DIRECTIONS), **which},
            {"op": "replaceTrack", "track": random.random() < 0.5, **which},
            {"op": "setCodecPreferences", "codecs": random.choice(_CODECS), **which},
            {"op": "stop", **which},
        )
    )


def _foreign(random: Random, offers: Sequence[str]) -> str:
    text = random.choice(offers)
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        text = edit(text, random)
    return text


def _set(side: str, kind: str, text: str) -> Operation:
    return {"op": f"set{side}Description", "description": {"type": kind, "sdp": text}}


def _candidate(random: Random, *_: object) -> Operation:
    places: Sequence[Operation] = (
        {"candidate": _CANDIDATE, "sdpMid": "0"},
        {"candidate": _CANDIDATE, "sdpMLineIndex": 0},
        {"candidate": _CANDIDATE},
        {"candidate": _CANDIDATE[:-30], "sdpMid": "1"},
        {"candidate": "candidate:garbage", "sdpMid": "0"},
        {"candidate": None},
    )
    return {"op": "addIceCandidate", **random.choice(places)}


def _any_set(
    random: Random,
    local: Mapping[str, str] | None,
    created: Mapping[str, str] | None,
    offers: Sequence[str],
) -> Operation:
    """Any text under any type to either setter."""
    texts = [_foreign(random, offers), ""]
    texts += [each["sdp"] for each in (local, created) if each]
    text = random.choice(texts)
    if random.random() < 0.4 and text:
        text = mirrored(text, random)
    kind = random.choice(("offer", "answer", "pranswer", "rollback", "wish"))
    return _set(random.choice(("Local", "Remote")), kind, text)


def _offer(*_: object) -> Operation:
    return {"op": "createOffer"}


def _close(random: Random, *_: object) -> Operation:
    return {"op": "close"} if random.random() < 0.2 else {"op": "createAnswer"}


_ANY: Sequence[Callable[..., Operation]] = (
    _any_set,
    _any_set,
    _any_set,
    _offer,
    _candidate,
    _close,
)
