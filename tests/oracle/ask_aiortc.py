"""Ask aiortc itself about the recorded offers, and keep its verdicts beside the browsers'.

    python -m tests.oracle.ask_aiortc

The offers hold candidates of other people's networks, which aiortc would send checks to: the
process leaves for a network namespace of its own, without any interface, before it begins.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
from importlib.metadata import version
from typing import Any

from tests.oracle import recorded

_CLONE_NEWNET = 0x40000000
SETS = ("mutated-offers", "unseen-development", "unseen-final")
_PATIENCE_S = 20.0


def leave_the_network() -> None:
    """Enter an empty network namespace; ``OSError`` without the right to (root)."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot leave the network: {os.strerror(number)}")


async def ask(text: str) -> list[str | None]:
    """Stage, exception and text of aiortc's refusal; three times None when it goes through."""
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    stage = "setRemoteDescription"
    try:
        offer = RTCSessionDescription(sdp=text, type="offer")
        await asyncio.wait_for(connection.setRemoteDescription(offer), _PATIENCE_S)
        stage = "createAnswer"
        answer = await connection.createAnswer()
        stage = "setLocalDescription"
        await asyncio.wait_for(connection.setLocalDescription(answer), _PATIENCE_S)
    except Exception as error:
        return [stage, type(error).__name__, str(error)]
    finally:
        with contextlib.suppress(AttributeError, TimeoutError):
            await asyncio.wait_for(connection.close(), _PATIENCE_S)
    return [None, None, None]


async def ask_all(offers: dict[str, str]) -> dict[str, list[str | None]]:
    return {name: await ask(text) for name, text in offers.items()}


def main() -> None:
    leave_the_network()
    logging.disable(logging.CRITICAL)
    for name in SETS:
        content: dict[str, Any] = recorded.read(name)
        results = asyncio.run(ask_all(content["offers"]))
        content["verdicts"]["aiortc"] = {"version": version("aiortc"), "results": results}
        size = recorded.write(name, content)
        print(f"{name}: {len(results)} offers, {size} bytes")


if __name__ == "__main__":
    main()
