"""Calls recorded from beginning to end, by the command a developer uses."""

import contextlib
import hashlib
import json
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from rtckit.capture import open_capture
from rtckit.core.errors import ExitCode
from rtckit.lab.peers.peer import file_content
from tests.capabilities import require

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]
PARTS = {
    *("bundle.toml", "a.pcapng", "b.pcapng", "offer.sdp", "answer.sdp", "signaling.jsonl"),
    *("a.stats.json", "b.stats.json", "events.jsonl", "keys.log"),
}


def start(name: str, output: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rtckit.lab.record", name, "--output", str(output)]
    # Its own group of signals, as a shell gives it: nothing is inherited as ignored.
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def record(name: str, output: Path) -> Path:
    with start(name, output) as process:
        said, progress = process.communicate(timeout=170)
    assert process.returncode == ExitCode.CLEAN, progress
    assert said == ""
    return output / name


def rtp_packets(capture: Path) -> Counter[int]:
    """RTP packets by SSRC, told by the first bytes alone (RFC 7983, 7; RFC 5761, 4)."""
    count: Counter[int] = Counter()
    with open_capture(capture) as opened:
        for datagram in opened:
            data = datagram.payload
            if len(data) >= 12 and 128 <= data[0] < 192 and not 192 <= data[1] < 224:
                count[int.from_bytes(data[8:12], "big")] += 1
        assert not opened.truncated
    return count


def check_bundle(folder: Path) -> dict[str, object]:
    """What must hold for any call that worked; its manifest."""
    assert {path.name for path in folder.iterdir()} >= PARTS
    manifest = tomllib.loads((folder / "bundle.toml").read_text("utf-8"))
    assert 5 <= manifest["duration_s"] <= 10
    lines = (folder / "signaling.jsonl").read_text("utf-8").splitlines()
    offer, answer = (json.loads(line) for line in lines)
    assert (offer["from"], offer["type"], answer["from"], answer["type"]) == (
        *("a", "offer", "b", "answer"),
    )
    assert (folder / "offer.sdp").read_bytes() == offer["sdp"].encode()
    assert (folder / "answer.sdp").read_bytes() == answer["sdp"].encode()
    transfer = manifest["transfer"]
    content = file_content(transfer["size"], 20_260)
    assert transfer["sha256"] == hashlib.sha256(content).hexdigest()
    for side in "ab":
        seen = rtp_packets(folder / f"{side}.pcapng")
        stats = json.loads((folder / f"{side}.stats.json").read_text("utf-8"))
        audio = [s for s in stats.values() if s.get("kind") == "audio" and "rtp" in s["type"]]
        counted = {
            s["ssrc"]: s.get("packetsSent", s.get("packetsReceived"))
            for s in audio
            if s["type"] in ("inbound-rtp", "outbound-rtp")
        }
        assert len(counted) == 2
        assert {ssrc: seen[ssrc] for ssrc in counted} == counted
    return manifest


def test_aiortc_calls_aiortc(tmp_path: Path) -> None:
    require("netns", "tcpdump", "aiortc")
    folder = record("aiortc-aiortc", tmp_path)
    check_bundle(folder)
    # DTLS 1.2 has one secret for a connection, under the client's random.
    (line,) = (folder / "keys.log").read_text("ascii").splitlines()
    label, random, secret = line.split()
    assert (label, len(random), len(secret)) == ("CLIENT_RANDOM", 64, 96)
    assert [path.name for path in tmp_path.iterdir()] == ["aiortc-aiortc"]


@pytest.mark.slow
@pytest.mark.browser
def test_chromium_calls_firefox(tmp_path: Path) -> None:
    require("netns", "tcpdump", "chromium", "firefox")
    folder = record("chromium-firefox", tmp_path)
    manifest = check_bundle(folder)
    labels = {line.split()[0] for line in (folder / "keys.log").read_text("ascii").splitlines()}
    assert "EXPORTER_SECRET" in labels
    assert str(manifest["title"]).startswith("Chromium ")


def guardians_of(maker: int) -> list[str]:
    """The processes that hold namespaces for ``maker``."""
    ending = f"guardian.py\0{maker}\0".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().endswith(ending):
                found.append(path.parent.name)
    return found


def test_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    require("netns", "tcpdump", "aiortc")
    old = tmp_path / "aiortc-aiortc"
    old.mkdir()
    (old / "bundle.toml").write_text("schema = 1\n")
    with start("aiortc-aiortc", tmp_path) as process:
        assert process.stderr is not None
        while "connected" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED
    assert not guardians_of(process.pid)
    assert [path.name for path in tmp_path.iterdir()] == ["aiortc-aiortc"]
    assert [path.name for path in old.iterdir()] == ["bundle.toml"]
