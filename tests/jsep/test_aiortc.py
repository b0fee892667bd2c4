"""The model of aiortc against aiortc itself, on descriptions made here.

Base offers are those of captures/ without their candidates: with none, and no servers, aiortc has
nobody to send a packet to.
"""

import asyncio
import contextlib
import logging
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.jsep.stacks.aiortc.negotiation import FAILURES, predict
from rtckit.jsep.stacks.aiortc.reader import read
from rtckit.jsep.verdict import Case, State, TypedSdp, Verdict, predict_verdict
from tests.capabilities import require

CAPTURES = Path(__file__).parents[2] / "captures"
OFFERS = sorted(CAPTURES.glob("*/offer.sdp"))
TOKENS = ["", "x", "0", "-1", "65536", "99999999999", "a b", "é", "/", ":", " ", "*", "\t"]


def base_offers() -> list[str]:
    texts = []
    for path in OFFERS:
        lines = path.read_bytes().decode().split("\r\n")
        texts.append("\r\n".join(line for line in lines if not line.startswith("a=candidate:")))
    return texts


def mutate(text: str, generator: random.Random) -> str:
    """One to three changes of the kinds that people's tools make."""
    lines = text.split("\r\n")
    for _ in range(generator.choice((1, 1, 1, 2, 3))):
        at = generator.randrange(len(lines))
        line = lines[at]
        kind = generator.randrange(9)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, line)
        elif kind == 2:
            other = generator.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 3:
            lines[at] = line[: generator.randrange(len(line) + 1)]
        elif kind == 4:
            place = generator.randrange(len(line) + 1)
            lines[at] = line[:place] + generator.choice(TOKENS) + line[place:]
        elif kind == 5:
            words = line.split(" ")
            words[generator.randrange(len(words))] = generator.choice(TOKENS)
            lines[at] = " ".join(words)
        elif kind == 6:
            name, _, _ = line.partition(":")
            lines[at] = name
        elif kind == 7:
            lines[at] = line.upper() if generator.random() < 0.5 else line + " "
        else:
            lines[at] = line.replace("actpass", generator.choice(["active", "passive", "bad"]))
        if not lines:
            lines = ["v=0"]
    # A mutation must not invent a candidate that aiortc would send packets to.
    return "\r\n".join(line for line in lines if "candidate" not in line)


async def ask(text: str) -> Verdict:
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    stage = "setRemoteDescription"
    try:
        await connection.setRemoteDescription(RTCSessionDescription(sdp=text, type="offer"))
        stage = "createAnswer"
        answer = await connection.createAnswer()
        stage = "setLocalDescription"
        await connection.setLocalDescription(answer)
    except Exception as error:
        return Verdict(False, stage, type(error).__name__, str(error))
    finally:
        # What a failed negotiation leaves behind, aiortc cannot always close.
        with contextlib.suppress(AttributeError):
            await connection.close()
    return Verdict(True)


@pytest.mark.filterwarnings("ignore")
def test_unseen_mutations_get_the_verdict_that_aiortc_gives() -> None:
    require("aiortc")
    logging.getLogger("aiortc").setLevel(logging.CRITICAL)
    generator = random.Random(20261121)
    bases = base_offers()
    texts = [mutate(generator.choice(bases), generator) for _ in range(400)]

    async def ask_all() -> list[Verdict]:
        return [await asyncio.wait_for(ask(text), 30) for text in texts]

    truths = asyncio.run(ask_all())
    predictions = [predict(Case("offer", text)) for text in texts]
    right = sum(
        (truth.accepts, truth.stage) == (guess.accepts, guess.stage)
        for truth, guess in zip(truths, predictions, strict=True)
    )
    rejected = [(t, g) for t, g in zip(truths, predictions, strict=True) if not t.accepts]
    exact = sum(truth == guess for truth, guess in rejected)
    print(
        f"\n  aiortc, {len(texts)} unseen mutations: verdict and stage {right / len(texts):.1%}, "
        f"exact text of {len(rejected)} rejections {exact / len(rejected):.1%}"
    )
    assert len(rejected) > 50, "the mutations must be worth asking about"
    assert right / len(texts) >= 0.98
    assert exact / len(rejected) >= 0.95


@pytest.mark.filterwarnings("ignore")
def test_the_reader_stops_where_aiortc_stops() -> None:
    """Reading alone sends nothing, so here candidates take part."""
    require("aiortc")
    from aiortc.sdp import SessionDescription

    generator = random.Random(8866)
    bases = [path.read_bytes().decode() for path in OFFERS]
    agreed, total, stopped = 0, 3000, 0
    for _ in range(total):
        lines = generator.choice(bases).split("\r\n")
        for _ in range(generator.choice((1, 1, 2))):
            at = generator.randrange(len(lines))
            words = lines[at].replace(":", ": ").split(" ")
            words[generator.randrange(len(words))] = generator.choice(TOKENS)
            lines[at] = " ".join(words).replace(": ", ":")
        text = "\r\n".join(lines)
        theirs = ours = None
        try:
            SessionDescription.parse(text)
        except Exception as error:
            name = type(error).__name__
            # Inside setRemoteDescription, a coroutine, Python turns the one into the other.
            theirs = (
                ("RuntimeError", "coroutine raised StopIteration")
                if name == "StopIteration"
                else (name, str(error))
            )
        try:
            read(text)
        except FAILURES as error:
            ours = (type(error).__name__, str(error))
        agreed += theirs == ours
        stopped += theirs is not None
    print(f"\n  aiortc's reader, {total} mutations, {stopped} refused: {agreed / total:.2%} equal")
    assert stopped > 300
    assert agreed / total >= 0.99


OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:aaaa\r\n"
    "a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\na=setup:actpass\r\na=rtcp-mux\r\na=sendrecv\r\n"
    "a=rtpmap:111 opus/48000/2\r\n"
)


@pytest.mark.parametrize(
    ("change", "stage", "error", "message"),
    [
        (("a=rtcp-mux\r\n", ""), "setRemoteDescription", "ValueError", "RTCP mux is not enabled"),
        (
            ("a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n", ""),
            "setRemoteDescription",
            "ValueError",
            "ICE username fragment or password is missing",
        ),
        (
            ("opus/48000", "opus/x"),
            "setRemoteDescription",
            "ValueError",
            "invalid literal for int() with base 10: 'x'",
        ),
        (
            ("opus", "speex"),
            "setRemoteDescription",
            "OperationError",
            "Failed to set remote audio description send parameters",
        ),
        (("a=sendrecv\r\n", ""), "createAnswer", "ValueError", "None is not in list"),
        (
            ("BUNDLE 0", "BUNDLE 9 0"),
            "createAnswer",
            "AttributeError",
            "'NoneType' object has no attribute 'transport'",
        ),
    ],
)
def test_refusals(change: tuple[str, str], stage: str, error: str, message: str) -> None:
    verdict = predict_verdict(OFFER.replace(*change), stack="aiortc")
    assert verdict == Verdict(False, stage, error, message)


def test_acceptance_and_state() -> None:
    assert predict_verdict(OFFER, stack="aiortc").accepts
    answer = OFFER.replace("actpass", "active")
    assert predict_verdict(answer, "aiortc", "answer") == Verdict(
        False,
        "setRemoteDescription",
        "InvalidStateError",
        'Cannot handle answer in signaling state "stable"',
    )
    state = State("have-local-offer", pending_local=TypedSdp("offer", OFFER))
    assert predict_verdict(answer, "aiortc", "answer", state).accepts
    assert predict_verdict(answer.replace("mid:0", "mid:1"), "aiortc", "answer", state).message == (
        "Media sections in answer do not match offer"
    )


@given(st.text())
def test_any_text_has_a_verdict(text: str) -> None:
    assert isinstance(predict_verdict(text, stack="aiortc"), Verdict)


@given(st.lists(st.sampled_from(OFFER.split("\r\n")), max_size=20), st.text(max_size=5))
def test_any_shuffle_has_a_verdict(lines: list[str], noise: str) -> None:
    assert isinstance(predict_verdict((noise + "\r\n").join(lines), stack="aiortc"), Verdict)
