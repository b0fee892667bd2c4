"""The JSON of sdp-transform: compared with both packages, and where rtckit differs on purpose.

Each intended deviation is a test that also shows what the package does today: it fails when
upstream mends it, and then the deviation can go.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sdp_transform
from hypothesis import given
from hypothesis import strategies as st

from rtckit.sdp import parse
from rtckit.sdp.interop import from_transform, to_transform
from rtckit.sdp.templates import Template
from tests.capabilities import require

CAPTURES = Path(__file__).parents[2] / "captures"
FILES = sorted(CAPTURES.glob("*/*.sdp"))
HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
AUDIO = HEAD + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
SCRIPT = """
const transform = require('sdp-transform');
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(texts.map(text => transform.parse(text))));
"""


def text_of(path: Path) -> str:
    return path.read_bytes().decode()


def parse_with_npm(texts: list[str]) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["node", "-e", SCRIPT],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"NODE_PATH": str(Path(sys.prefix) / "js" / "node_modules"), "PATH": _path()},
    )
    answer: list[dict[str, Any]] = json.loads(done.stdout)
    return answer


def _path() -> str:
    import os

    return os.environ.get("PATH", "")


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from differences(ours.get(key), theirs.get(key), f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for mine, other in zip(ours, theirs, strict=True):
            yield from differences(mine, other, f"{path}[]")
    elif ours != theirs or type(ours) is not type(theirs):
        yield path, ours, theirs


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_real_descriptions_have_the_shape_of_the_pypi_package(path: Path) -> None:
    text = text_of(path)
    found = list(differences(to_transform(parse(text), "pypi"), sdp_transform.parse(text)))
    # PyPI 1.1 loses tcptype and what follows it; all else is the same.
    assert {where for where, _, _ in found} <= {
        ".media[].candidates[].tcptype",
        ".media[].candidates[].generation",
        ".media[].candidates[].network-id",
        ".media[].candidates[].network-cost",
    }
    assert all(theirs is None for _, _, theirs in found)


def test_real_descriptions_have_the_shape_of_the_npm_package() -> None:
    require("sdp-transform-js")
    texts = [text_of(path) for path in FILES]
    for text, theirs in zip(texts, parse_with_npm(texts), strict=True):
        found = list(differences(json.loads(json.dumps(to_transform(parse(text)))), theirs))
        # npm 3.0 knows no msid in braces, which Firefox writes, and calls the line invalid.
        assert {where for where, _, _ in found} <= {".media[].msid", ".media[].invalid"}
        assert all("{" in str(ours) or "{" in str(other) for _, ours, other in found)


@pytest.mark.parametrize("flavour", ["js", "pypi"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_writing_gives_back_what_was_read(path: Path, flavour: Any) -> None:
    shape = to_transform(parse(text_of(path)), flavour)
    before = json.dumps(shape)
    assert to_transform(from_transform(shape, flavour), flavour) == shape
    assert json.dumps(shape) == before, "the caller's data is not touched"


# -- intended deviations, each with what the package does today ------------------------------------


@pytest.mark.parametrize(
    ("line", "key", "ours", "theirs"),
    [
        ("a=ice-ufrag:0123", "iceUfrag", "0123", 123),
        ("a=ice-ufrag:1e10", "iceUfrag", "1e10", 1e10),
        ("a=mid:01", "mid", "01", 1),
        ("a=mid:1_0", "mid", "1_0", 10),
        ("a=label:007", "label", "007", 7),
        ("a=ice-options:trickle renomination", "iceOptions", "trickle renomination", "trickle"),
        ("a=rtcp-mux-only", "rtcpMux", None, "rtcp-mux"),
    ],
)
def test_pypi_changes_what_rtckit_keeps(line: str, key: str, ours: Any, theirs: Any) -> None:
    text = AUDIO + line + "\r\n"
    mine = to_transform(parse(text), "pypi")["media"][0]
    other = sdp_transform.parse(text)["media"][0]
    assert (mine.get(key), other.get(key)) == (ours, theirs)
    assert line in from_transform(to_transform(parse(text), "pypi"), "pypi").text


def test_pypi_loses_tcptype() -> None:
    line = "a=candidate:1 1 tcp 5 192.0.2.1 9 typ host tcptype active generation 0\r\n"
    mine = to_transform(parse(AUDIO + line), "pypi")["media"][0]["candidates"][0]
    other = sdp_transform.parse(AUDIO + line)["media"][0]["candidates"][0]
    assert (mine["tcptype"], mine["generation"]) == ("active", 0)
    assert "tcptype" not in other
    assert "generation" not in other


def test_pypi_cannot_write_a_port_count() -> None:
    text = HEAD + "m=audio 49170/2 RTP/AVP 0\r\n"
    with pytest.raises(TypeError):
        sdp_transform.write(sdp_transform.parse(text))
    assert "m=audio 49170/2 RTP/AVP 0" in from_transform(to_transform(parse(text))).text


def test_npm_changes_what_rtckit_keeps() -> None:
    require("sdp-transform-js")
    lines = ["a=ice-options:trickle renomination", "a=rtcp-mux-only"]
    theirs = [part["media"][0] for part in parse_with_npm([f"{AUDIO}{x}\r\n" for x in lines])]
    assert theirs[0]["iceOptions"] == "trickle"
    assert theirs[1]["rtcpMux"] == "rtcp-mux"
    ours = [to_transform(parse(f"{AUDIO}{line}\r\n"))["media"][0] for line in lines]
    assert ours[0]["iceOptions"] == "trickle renomination"
    assert ours[1]["invalid"] == [{"value": "rtcp-mux-only"}]


# -- shape by hand ---------------------------------------------------------------


def test_the_shape_by_hand() -> None:
    text = (
        HEAD + "a=group:BUNDLE 0 1\r\na=msid-semantic: WMS *\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\nb=AS:500\r\n"
        "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:* trr-int 100\r\n"
        "a=extmap:3/recvonly urn:x:y\r\na=sendonly\r\na=rid:q send max-width=320\r\n"
        "a=simulcast:send q;~h recv f\r\na=msid:- t\r\na=ssrc:5 cname:x y\r\na=foo:bar\r\n"
    )
    assert to_transform(parse(text)) == {
        "version": 0,
        "origin": {
            "username": "-", "sessionId": 1, "sessionVersion": 1,
            "netType": "IN", "ipVer": 4, "address": "127.0.0.1",
        },
        "name": "-",
        "timing": {"start": 0, "stop": 0},
        "groups": [{"type": "BUNDLE", "mids": "0 1"}],
        "msidSemantic": {"semantic": "WMS", "token": "*"},
        "media": [
            {
                "type": "video", "port": 9, "protocol": "UDP/TLS/RTP/SAVPF", "payloads": "96 97",
                "connection": {"version": 4, "ip": "0.0.0.0"},
                "bandwidth": [{"type": "AS", "limit": 500}],
                "rtp": [{"payload": 96, "codec": "VP8", "rate": 90000}],
                "fmtp": [],
                "rtcpFb": [{"payload": 96, "type": "nack", "subtype": "pli"}],
                "rtcpFbTrrInt": [{"payload": "*", "value": 100}],
                "ext": [{"value": 3, "direction": "recvonly", "uri": "urn:x:y"}],
                "direction": "sendonly",
                "rids": [{"id": "q", "direction": "send", "params": "max-width=320"}],
                "simulcast": {"dir1": "send", "list1": "q;~h", "dir2": "recv", "list2": "f"},
                "msid": [{"id": "-", "appdata": "t"}],
                "ssrcs": [{"id": 5, "attribute": "cname", "value": "x y"}],
                "invalid": [{"value": "foo:bar"}],
            }
        ],
    }  # fmt: skip


def test_large_numbers_keep_their_digits() -> None:
    text = AUDIO.replace("o=- 1 1", "o=- 9007199254740993 1")
    assert to_transform(parse(text), "js")["origin"]["sessionId"] == "9007199254740993"
    assert to_transform(parse(text), "pypi")["origin"]["sessionId"] == 9007199254740993


def test_json_cannot_smuggle_in_lines() -> None:
    document = from_transform({"name": "x\r\na=ice-lite", "media": []})
    assert not document.session.has("ice-lite")


@given(
    st.lists(
        st.sampled_from(
            [
                "a=rtpmap:96 VP8/90000",
                "a=fmtp:96 x=1;y=2",
                "a=mid:a",
                "a=candidate:1 1 udp 5 192.0.2.1 9 typ host generation 0",
                "a=ssrc-group:FID 1 2",
                "a=fingerprint:sha-256 AA:BB",
                "a=imageattr:97 send [x=1,y=2] recv *",
                "a=sctp-port:5000",
                "a=framerate:29.97",
                "a=source-filter: incl IN IP4 239.5.2.31 10.1.15.5",
                "a=inactive",
                "a=something:else entirely",
                "b=TIAS:5000",
            ]
        ),
        max_size=12,
    )
)
def test_any_mixture_of_canonical_lines_equals_pypi_and_comes_back(lines: list[str]) -> None:
    text = AUDIO + "".join(f"{line}\r\n" for line in lines)
    shape = to_transform(parse(text), "pypi")
    assert list(differences(shape, sdp_transform.parse(text))) == []
    assert to_transform(from_transform(shape, "pypi"), "pypi") == shape


@given(st.text())
def test_any_description_has_a_shape(text: str) -> None:
    document = parse(AUDIO + f"a={text}\r\n")
    json.dumps(to_transform(document))
    from_transform(to_transform(document))


# -- templates ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "value", "fields"),
    [
        ("{a} {b}[/{c}[/{d}]]", "96 VP8/90000", {"a": "96", "b": "VP8", "c": "90000"}),
        (
            "{a} {b}[/{c}[/{d}]]",
            "96 opus/48000/2",
            {"a": "96", "b": "opus", "c": "48000", "d": "2"},
        ),
        ("{a}[/{b}] {c}", "3 urn:x/y", {"a": "3", "c": "urn:x/y"}),
        ("{a}[/{b}] {c}", "3/sendonly urn:x", {"a": "3", "b": "sendonly", "c": "urn:x"}),
        ("{a} {rest*}", "1 all of it", {"a": "1", "rest": "all of it"}),
        ("{a} {b}", "one", None),
    ],
)
def test_templates_read_and_write(template: str, value: str, fields: dict[str, str] | None) -> None:
    read = Template(template).read(value)
    assert read == fields
    if read is not None:
        assert Template(template).write(read) == value


def test_the_command_line_writes_the_same_shape() -> None:
    from click.testing import CliRunner

    from rtckit.cli.main import cli

    path = CAPTURES / "chromium-firefox" / "answer.sdp"
    for form, flavour in (("sdp-transform", "js"), ("sdp-transform-pypi", "pypi")):
        result = CliRunner().invoke(cli, ["sdp", "convert", "--to", form, str(path)])
        assert result.exit_code == 0
        assert json.loads(result.stdout) == to_transform(parse(text_of(path)), flavour)  # type: ignore[arg-type]
