"""Make the offer of a conference with the Chromium of this machine.

    python benchmarks/make_sfu_offer.py tests/sdp/data/sfu-offer.sdp.gz [--participants 50]

An audio and two video sections (camera and screen) a participant and one for data, as a server that
forwards streams has them; 50 participants give 151 sections and about 470 kB. Needs playwright and
a Chromium. The description holds nothing but what Chromium makes up.
"""

import argparse
import asyncio
import functools
import gzip
import http.server
import shutil
import sys
import tempfile
import threading
from pathlib import Path

SCRIPT = """
async (participants) => {
  const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const [audio] = media.getAudioTracks();
  const [video] = media.getVideoTracks();
  for (let i = 0; i < participants; i++) {
    for (const track of [audio, video, video]) {
      connection.addTransceiver(track.clone(), { streams: [new MediaStream()] });
    }
  }
  connection.createDataChannel("data");
  return (await connection.createOffer()).sdp;
}
"""
ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


async def make_offer(participants: int, page: str) -> str:
    """The offer, from a page that counts as secure."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        tab = await browser.new_page()
        await tab.goto(page)
        offer: str = await tab.evaluate(SCRIPT, participants)
        print(f"Chromium {browser.version}")
        await browser.close()
        return offer


def main() -> int:
    """Write the offer, compressed where the name says so."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("file", type=Path)
    options.add_argument("--participants", type=int, default=50)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as empty:
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=empty)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = f"http://127.0.0.1:{server.server_port}/"
        offer = asyncio.run(make_offer(given.participants, page))
        server.shutdown()
    data = offer.encode()
    compressed = given.file.suffix == ".gz"
    given.file.write_bytes(gzip.compress(data, 9, mtime=0) if compressed else data)
    print(f"{len(data):,} bytes, {offer.count('m='):,} sections")
    return 0


if __name__ == "__main__":
    sys.exit(main())
