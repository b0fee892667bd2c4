"""Tracks for aiortc that need no device: a tone and a picture that moves."""

import asyncio
import fractions
import math
import struct
from typing import Any

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

__all__ = ["MovingPicture", "Tone"]

_SAMPLE_RATE = 48_000
_SAMPLES = 960
_VIDEO_CLOCK = 90_000
_TONE_HZ = 440
_LOUDNESS = 8_000


class _Paced(MediaStreamTrack):
    """A track that hands out its next frame when that frame is due."""

    def __init__(self, interval_s: float) -> None:
        super().__init__()
        self._interval_s = interval_s
        self._began: float | None = None
        self._index = -1

    async def _next_index(self) -> int:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        self._began = self._began if self._began is not None else loop.time()
        self._index += 1
        await asyncio.sleep(max(0.0, self._began + self._index * self._interval_s - loop.time()))
        return self._index


class Tone(_Paced):
    """440 Hz, mono, 48 kHz, in frames of 20 ms."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__(_SAMPLES / _SAMPLE_RATE)

    async def recv(self) -> Any:
        """The next frame."""
        start = await self._next_index() * _SAMPLES
        angular = 2 * math.pi * _TONE_HZ / _SAMPLE_RATE
        samples = (
            round(_LOUDNESS * math.sin(angular * at)) for at in range(start, start + _SAMPLES)
        )
        frame = av.AudioFrame(format="s16", layout="mono", samples=_SAMPLES)
        frame.planes[0].update(struct.pack(f"<{_SAMPLES}h", *samples))
        frame.sample_rate = _SAMPLE_RATE
        frame.pts = start
        frame.time_base = fractions.Fraction(1, _SAMPLE_RATE)
        return frame


class MovingPicture(_Paced):
    """A grey ramp that shifts four pixels with each frame."""

    kind = "video"

    def __init__(self, width: int, height: int, frame_rate: int) -> None:
        super().__init__(1 / frame_rate)
        self._width = width
        self._height = height
        self._ticks = _VIDEO_CLOCK // frame_rate

    async def recv(self) -> Any:
        """The next frame."""
        index = await self._next_index()
        frame = av.VideoFrame(self._width, self._height, "yuv420p")
        luma, *chroma = frame.planes
        shift = index * 4 % 256
        ramp = bytes(range(256)) * (luma.line_size // 256 + 2)
        row = ramp[shift : shift + luma.line_size]
        luma.update((row * self._height).ljust(luma.buffer_size, b"\x80")[: luma.buffer_size])
        for plane in chroma:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts = index * self._ticks
        frame.time_base = fractions.Fraction(1, _VIDEO_CLOCK)
        return frame
