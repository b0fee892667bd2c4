"""npm's sdp-transform on node, measured for ``bench_sdp.py``.

The package is installed by npm into a temporary directory; without node, npm or a registry there is
a reason instead of figures.
"""

import json
import shutil
import subprocess
from pathlib import Path

PROGRAM = """
const { parse, write } = require("sdp-transform");
const { readFileSync } = require("fs");
const { version } = require("sdp-transform/package.json");
const [rounds, number, ...files] = process.argv.slice(2);
const answer = { version, node: process.version, figures: [] };
for (const file of files) {
  const text = readFileSync(file, "utf8");
  const works = { parse: () => parse(text), "parse + write": () => write(parse(text)) };
  const least = { parse: Infinity, "parse + write": Infinity };
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(works)) {
      const start = process.hrtime.bigint();
      for (let i = 0; i < number; i++) work();
      const spent = Number(process.hrtime.bigint() - start) / 1000 / number;
      if (spent < least[name]) least[name] = spent;
    }
  }
  global.gc();
  const before = process.memoryUsage().heapUsed;
  const held = Array.from({ length: 20 }, () => parse(text));
  global.gc();
  const size = process.memoryUsage().heapUsed - before;
  // Looked at after the measurement, so that it is still there during it.
  answer.figures.push({ ...least, held: size / held.length });
}
console.log(JSON.stringify(answer));
"""
INSTALL_LIMIT_S = 90
RUN_LIMIT_S = 300


class NodeTransform:
    """npm's sdp-transform in a directory; ``reason`` says why it is not there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.name = "npm sdp-transform"
        self.reason = self._install()

    def _install(self) -> str:
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            return "no node or npm"
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "sdp-transform@3"]
        try:
            done = subprocess.run(
                command, cwd=self.directory, capture_output=True, timeout=INSTALL_LIMIT_S
            )
        except subprocess.TimeoutExpired:
            return "npm install took too long"
        if done.returncode:
            return f"npm install ended with {done.returncode}"
        (self.directory / "bench.js").write_text(PROGRAM, encoding="utf-8")
        return ""

    def measure(self, text: str, rounds: int, number: int) -> dict[str, float]:
        """Microseconds of ``parse`` and ``parse + write``, and bytes ``held`` by the result."""
        file = self.directory / "input.sdp"
        file.write_text(text, encoding="utf-8", newline="")
        # As many turns again before, so that node has compiled what it measures.
        command = ["node", "--expose-gc", "bench.js", str(2 * rounds), str(number), str(file)]
        done = subprocess.run(
            command, cwd=self.directory, capture_output=True, timeout=RUN_LIMIT_S, check=True
        )
        answer = json.loads(done.stdout)
        self.name = f"npm sdp-transform {answer['version']} on node {answer['node']}"
        figures: dict[str, float] = answer["figures"][0]
        return figures
