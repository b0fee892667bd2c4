"""Makes new cases out of real offers: one or two changes each, the same for the same seed.

The offers come from the browsers (``data/bases.json.gz``), with different transceivers. A change
is a slip people make by hand or by regular expression: a line lost, doubled or moved, a value taken
from elsewhere, a number at its limit, a wrong letter, an attribute too many.
"""

import random
import re
from collections.abc import Callable

from tests.oracle import recorded

_NUMBER = re.compile(r"\d+")
_LIMITS = (
    *("0", "1", "-1", "-0", "13", "15", "35", "63", "64", "95", "96", "127", "128", "255", "256"),
    *("65535", "65536", "2147483647", "2147483648", "4294967295", "18446744073709551616"),
    *("007", "+1", "1.5", "0x10", "1e3", "", " 1", "1 ", "nan", "*"),
)
_TOKENS = (
    *("-", "foo", "BUNDLE", "send", "recv", "opus", "VP8", "rtx", "red", "sha-1", "SHA-256", "IN"),
    *("IP6", "0", "1", "9", "webrtc-datachannel", "UDP/TLS/RTP/SAVPF", "RTP/AVP", "DTLS/SCTP"),
    *("active", "passive", "holdconn", "host", "relay", "tcp", "*", "a/b", "é", "\u4f60"),
)
_EXTRA = (
    *("a=ice-lite", "a=bundle-only", "a=inactive", "a=recvonly", "a=sendonly", "a=rtcp-mux"),
    *("a=rtcp-mux-only", "a=rtcp-rsize", "a=extmap-allow-mixed", "a=end-of-candidates"),
    *("a=setup:active", "a=setup:passive", "a=setup:holdconn", "a=setup:ACTPASS", "a=mid:0"),
    *("a=mid:1", "a=mid:x y", "a=group:BUNDLE 0", "a=group:LS 0 1", "a=group:BUNDLE 1 0"),
    *("a=ice-ufrag:abc", "a=ice-ufrag:abcd efgh", "a=ice-pwd:short", "a=ice-options:ice2 trickle"),
    *("a=cryptex", "a=sframe", "a=rid:h send", "a=rid:h send pt=96", "a=rid:l recv max-width=1"),
    *("a=simulcast:send h", "a=simulcast:send h;l recv m", "a=simulcast:recv ~h,l"),
    *("a=rid:h send\r\na=rid:l send\r\na=simulcast:send h;l", "a=x-google-flag:conference"),
    *("a=ssrc:1 cname:x", "a=ssrc:1 msid:s t", "a=ssrc:2 msid:a b c", "a=ssrc-group:FID 1 2"),
    *("a=ssrc:1 cname:x\r\na=ssrc:2 cname:x\r\na=ssrc-group:FID 1 2", "a=ssrc-group:SIM 1 2 3"),
    *("a=msid:s t", "a=msid:- t", "a=msid:s", "a=msid:s ", "a=msid-semantic: WMS", "a=rtcp:9"),
    *("a=fmtp:96 apt=97", "a=fmtp:111 a=b;c;d=e=f", "a=fmtp:200 x=y", "a=fmtp:111", "a=rtcp-fb:*"),
    *("a=rtcp-fb:* nack pli", "a=rtcp-fb:111 nack", "a=rtpmap:0 PCMU/8000/1", "a=rtpmap:96 VP8/1"),
    *("a=rtpmap:111 OPUS/48000/2", "a=rtpmap:111 opus/48000/17", "a=rtpmap:97 rtx/90000"),
    *("a=extmap:9 urn:x", "a=extmap:1/sendonly urn:x", "a=extmap:14 urn:%zz", "a=extmap:255 urn:y"),
    *(
        "a=extmap:3 urn:ietf:params:rtp-hdrext:encrypt urn:z",
        "a=extmap:7",
        "a=packetization:96 raw",
    ),
    *("a=ptime:20", "a=maxptime", "a=maxptime:60", "a=sctp-port:5001", "a=sctpmap:5000 x 1"),
    *("a=max-message-size:0", "a=max-message-size:-5", "a=sctp-init:AAAA", "a=sctp-init:A"),
    *("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19z", "a=candidate:1 1 UDP 1 h.x 9 typ host"),
    *(
        "a=candidate:1 1 tcp 1 1.2.3.4 9 typ host tcptype so",
        "a=candidate:1 1 udp 1 1.2.3.4 9 host",
    ),
    *(
        "a=candidate:1 1 udp 1 ::1 9 typ relay raddr 1.1.1.1 rport x",
        "a=identity:AAAA",
        "a=:",
        "a=x:",
    ),
    *("b=AS:500", "b=TIAS:64000", "b=AS:99999999999", "b=CT:x", "b=AS:", "c=IN IP4 1.2.3.4/127"),
    *("c=IN IP6 ::1", "c=IN IP4 host.example", "i=title", "k=prompt", "t=1 2", "s=again", "z=0 0"),
    *(
        "m=audio 9 RTP/AVP 0",
        "m=text 9 UDP/TLS/RTP/SAVPF 98",
        "m=image 9 udptl t38",
        "y=?",
        "",
        "a",
    ),
)
_FINGERPRINTS = (
    *(
        "sha-1 AA:BB",
        "sha-512 00",
        "SHA-256 aa:bb:cc",
        "md5 AA:BB",
        "sha-256 AA:BB:",
        "sha-256 AAB",
    ),
    "sha-384 " + ":".join(["0F"] * 48),
)

Change = Callable[[list[str], random.Random], None]


def new_offers(number: int, seed: int) -> dict[str, str]:
    """Return so many offers by name; a name tells the base and the changes."""
    generator = random.Random(seed)
    bases: dict[str, str] = recorded.read("bases")
    names = sorted(bases)
    offers: dict[str, str] = {}
    while len(offers) < number:
        base = generator.choice(names)
        text, changes = mutate(bases[base], generator)
        if text != bases[base]:
            offers[f"{base}/{seed}-{len(offers):04}-{'+'.join(changes)}"] = text
    return offers


def mutate(text: str, generator: random.Random) -> tuple[str, list[str]]:
    """Return a text with one or two changes, and their names."""
    changes = generator.choices(sorted(CHANGES), k=1 if generator.random() < 0.6 else 2)
    lines = text.removesuffix("\r\n").split("\r\n")
    for change in changes:
        CHANGES[change](lines, generator)
    return "\r\n".join(lines) + "\r\n", changes


def _place(lines: list[str], generator: random.Random) -> int:
    return generator.randrange(len(lines))


def _attribute(lines: list[str], generator: random.Random) -> int:
    """The place of an attribute line, each name as likely as the others."""
    names = sorted({line.partition(":")[0] for line in lines if line.startswith("a=")})
    if not names:
        return _place(lines, generator)
    name = generator.choice(names)
    return generator.choice([at for at, x in enumerate(lines) if x.partition(":")[0] == name])


def _delete(lines: list[str], generator: random.Random) -> None:
    if len(lines) > 1:
        del lines[_attribute(lines, generator) if generator.random() < 0.7 else 0]


def _delete_all(lines: list[str], generator: random.Random) -> None:
    name = lines[_attribute(lines, generator)].partition(":")[0]
    kept = [line for line in lines if line.partition(":")[0] != name]
    lines[:] = kept or lines


def _double(lines: list[str], generator: random.Random) -> None:
    at = _attribute(lines, generator)
    lines.insert(generator.choice((at, _place(lines, generator))), lines[at])


def _swap(lines: list[str], generator: random.Random) -> None:
    first, second = _attribute(lines, generator), _place(lines, generator)
    lines[first], lines[second] = lines[second], lines[first]


def _swap_values(lines: list[str], generator: random.Random) -> None:
    first, second = _attribute(lines, generator), _attribute(lines, generator)
    name, _, value = lines[first].partition(":")
    other, _, replacement = lines[second].partition(":")
    lines[first], lines[second] = f"{name}:{replacement}", f"{other}:{value}"


def _number(lines: list[str], generator: random.Random) -> None:
    at = _attribute(lines, generator) if generator.random() < 0.8 else _place(lines, generator)
    found = list(_NUMBER.finditer(lines[at]))
    if found:
        match = generator.choice(found)
        limit = generator.choice(_LIMITS)
        lines[at] = lines[at][: match.start()] + limit + lines[at][match.end() :]


def _nudge(lines: list[str], generator: random.Random) -> None:
    at = _attribute(lines, generator)
    found = list(_NUMBER.finditer(lines[at]))
    if found:
        match = generator.choice(found)
        number = int(match[0]) + generator.choice((-1, 1))
        lines[at] = lines[at][: match.start()] + str(number) + lines[at][match.end() :]


def _token(lines: list[str], generator: random.Random) -> None:
    at = _attribute(lines, generator) if generator.random() < 0.8 else _place(lines, generator)
    parts = re.split(r"([ :/;=])", lines[at])
    parts[generator.randrange(0, len(parts), 2)] = generator.choice(_TOKENS)
    lines[at] = "".join(parts)


def _borrow(lines: list[str], generator: random.Random) -> None:
    """Put a token of one line where another stands in a second line of the same name."""
    at = _attribute(lines, generator)
    name = lines[at].partition(":")[0]
    other = generator.choice([line for line in lines if line.partition(":")[0] == name])
    parts = lines[at].split(" ")
    parts[-1] = other.split(" ")[-1]
    lines[at] = " ".join(parts)


def _case(lines: list[str], generator: random.Random) -> None:
    at = _attribute(lines, generator)
    head, colon, tail = lines[at].partition(":")
    lines[at] = generator.choice(
        (head + colon + tail.upper(), head + colon + tail.lower(), head.upper() + colon + tail)
    )


def _space(lines: list[str], generator: random.Random) -> None:
    at = _attribute(lines, generator) if generator.random() < 0.8 else _place(lines, generator)
    places = [i for i, c in enumerate(lines[at]) if c in " :/=;"] or [0]
    place = generator.choice([*places, len(lines[at])])
    blank = generator.choice((" ", "\t", "  ", "\xa0"))
    if generator.random() < 0.3 and " " in lines[at]:
        lines[at] = lines[at].replace(" ", "", 1)
    else:
        lines[at] = lines[at][:place] + blank + lines[at][place:]


def _cut(lines: list[str], generator: random.Random) -> None:
    at = _attribute(lines, generator)
    lines[at] = lines[at][: generator.randrange(len(lines[at]) + 1)]


def _garble(lines: list[str], generator: random.Random) -> None:
    at = _attribute(lines, generator)
    place = generator.randrange(len(lines[at]) + 1)
    letter = generator.choice("!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~\x00\x7fé\u20acÀ0zZ")
    lines[at] = lines[at][:place] + letter + lines[at][place + generator.randint(0, 1) :]


def _insert(lines: list[str], generator: random.Random) -> None:
    lines.insert(generator.randrange(1, len(lines) + 1), generator.choice(_EXTRA))


def _replace(lines: list[str], generator: random.Random) -> None:
    lines[_attribute(lines, generator)] = generator.choice(_EXTRA)


def _fingerprint(lines: list[str], generator: random.Random) -> None:
    places = [at for at, line in enumerate(lines) if line.startswith("a=fingerprint:")]
    if places:
        some = places if generator.random() < 0.5 else [generator.choice(places)]
        value = generator.choice(_FINGERPRINTS)
        for at in some:
            lines[at] = f"a=fingerprint:{value}"


def _group(lines: list[str], generator: random.Random) -> None:
    places = [at for at, line in enumerate(lines) if line.startswith("a=group:")]
    if places:
        mids = lines[places[0]].split(" ")[1:]
        generator.shuffle(mids)
        keep = mids[: generator.randint(0, len(mids))]
        extra = generator.choice(([], ["9"], mids[:1], ["a,b"], [""]))
        semantics = generator.choice(("BUNDLE", "BUNDLE", "BUNDLE", "bundle", "LS"))
        lines[places[0]] = " ".join([f"a=group:{semantics}", *keep, *extra])


def _media(lines: list[str], generator: random.Random) -> None:
    places = [at for at, line in enumerate(lines) if line.startswith("m=")]
    if places:
        at = generator.choice(places)
        fields = lines[at].split(" ")
        place = generator.randrange(len(fields))
        fields[place] = generator.choice(
            (fields[place] + "/2", "0", "m=audio", "m=video", "111", generator.choice(fields), "")
        )
        lines[at] = " ".join(fields)


def _section(lines: list[str], generator: random.Random) -> None:
    """Drop, double or move a whole section."""
    starts = [at for at, line in enumerate(lines) if line.startswith("m=")]
    if not starts:
        return
    place = generator.randrange(len(starts))
    end = starts[place + 1] if place + 1 < len(starts) else len(lines)
    section = lines[starts[place] : end]
    way = generator.random()
    if way < 0.7:
        del lines[starts[place] : end]
    if way > 0.3:
        at = generator.choice([*(i for i, x in enumerate(lines) if x[:2] == "m="), len(lines)])
        lines[at:at] = section


def _sources(lines: list[str], generator: random.Random) -> None:
    """Give one section a source of another, or drop a line of a source that is grouped."""
    ssrcs = re.findall(r"a=ssrc:(\d+)", "\n".join(lines))
    if ssrcs:
        old, new = generator.choice(ssrcs), generator.choice([*ssrcs, "0", "77"])
        if generator.random() < 0.5:
            lines[:] = [line.replace(old, new) for line in lines]
        else:
            at = generator.choice([i for i, line in enumerate(lines) if old in line])
            lines[at] = lines[at].replace(old, new, 1)


CHANGES: dict[str, Change] = {
    function.__name__.strip("_").replace("_", "-"): function
    for function in (
        *(_delete, _delete_all, _double, _swap, _swap_values, _number, _nudge, _token, _borrow),
        *(_case, _space, _cut, _garble, _insert, _replace, _fingerprint, _group, _media, _section),
        _sources,
    )
}
