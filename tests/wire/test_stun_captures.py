"""STUN of real peers, from the bundles in ``captures/``: nothing wrong, and rightly signed."""

import re
from pathlib import Path

import pytest

from rtckit.capture import open_capture
from rtckit.wire import stun

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
BUNDLES = sorted(path.parent for path in CAPTURES.glob("*/bundle.toml"))


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_real_messages(bundle: Path) -> None:
    passwords = {
        password
        for description in bundle.glob("*.sdp")
        for password in re.findall(r"^a=ice-pwd:(\S+)", description.read_text(), re.MULTILINE)
    }
    keys = [stun.short_term_key(password) for password in passwords]
    seen = 0
    for path in sorted(bundle.glob("*.pcapng")):
        with open_capture(path) as capture:
            for datagram in capture:
                if not stun.looks_like_stun(datagram.payload):
                    continue
                seen += 1
                message = stun.parse(datagram.payload)
                assert message.ignored == ()
                assert stun.verify_fingerprint(message) is not False
                for attribute in message.attributes:
                    assert message.get(attribute.type) is not None
                    assert stun.attribute_name(attribute.type)[0].isalpha()
                if keys and message.method == stun.Method.BINDING and message.has_integrity:
                    assert any(stun.verify_integrity(message, key) for key in keys)
    assert seen
