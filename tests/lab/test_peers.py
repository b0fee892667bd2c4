"""What can be said of peers without starting one."""

import json
from pathlib import Path

from rtckit.lab.namespaces import Namespace
from rtckit.lab.peers.firefox import PREFERENCES, preferences_text
from rtckit.lab.peers.peer import IceServer, Media, file_content


def test_file_content_is_xorshift32() -> None:
    # The first two values of Marsaglia's xorshift32 (13, 17, 5) from seed 1.
    words = (270369).to_bytes(4, "little") + (67634689).to_bytes(4, "little")
    assert file_content(8, 1) == words
    assert file_content(5, 1) == words[:5]
    assert file_content(0, 1) == b""


def test_file_content_never_stalls_at_zero() -> None:
    # Zero is the sequence's fixed point; it stands for seed 1.
    assert file_content(8, 0) == file_content(8, 1)


def test_ice_server_is_the_dictionary_of_the_api() -> None:
    assert IceServer(("stun:203.0.113.10:3478",)).to_dict() == {"urls": ["stun:203.0.113.10:3478"]}
    assert IceServer(("turn:203.0.113.10",), "me", "secret").to_dict() == {
        "urls": ["turn:203.0.113.10"],
        "username": "me",
        "credential": "secret",
    }


def test_media_names_are_those_of_the_page() -> None:
    page = Path(__file__).parents[2] / "rtckit/lab/peers/page.js"
    declared = "async addMedia({ " + ", ".join(Media().to_dict()) + " })"
    assert declared in page.read_text("utf-8")


def test_preferences_are_one_call_a_line() -> None:
    lines = preferences_text(PREFERENCES).splitlines()
    assert len(lines) == len(PREFERENCES)
    for line in lines:
        name, value = json.loads(f"[{line.removeprefix('user_pref(').removesuffix(');')}]")
        assert PREFERENCES[name] == value


def test_command_enters_the_namespace() -> None:
    namespace = Namespace("a", Path("/proc/7/fd/3"))
    assert namespace.command("true", "--now") == [
        *("nsenter", "--net=/proc/7/fd/3", "--", "true", "--now")
    ]
