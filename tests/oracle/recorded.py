"""The recorded cases: descriptions, and what real browsers did with them.

``data/mutated-offers.json.gz`` holds offers of Chromium, Firefox and aiortc with one or two
things changed, given to a new connection. ``data/exchanges.json.gz`` holds offers written by hand,
answers, re-offers, local munging, setters called in the wrong state, and candidates, each with the
state of the connection. ``data/unseen-*.json.gz`` were made by `tests.oracle.mutate`.
"""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtckit.jsep.verdict import ACCEPTED, SET_LOCAL, SET_REMOTE, Case, State, TypedSdp, Verdict

DATA = Path(__file__).with_name("data")
_DIGEST = re.compile(r"Expected: sha-\d+ [0-9A-F:]+")


@dataclass(frozen=True)
class Recorded:
    """A case, and the verdict of a browser on it.

    ``line`` is the line Firefox blames (RTCError.sdpLineNumber).
    """

    id: str
    case: Case
    verdict: Verdict
    line: int | None = None


@dataclass(frozen=True)
class RecordedCandidate:
    """What addIceCandidate was given, in which state, and the error it raised."""

    id: str
    init: Any
    state: State
    verdict: Verdict


def given_cases(browser: str) -> list[Recorded]:
    """The cases the models were made with."""
    return [*mutated_offers(browser), *exchanges(browser)]


def mutated_offers(browser: str, file_name: str = "mutated-offers") -> list[Recorded]:
    """Offers with something changed, for a new connection; without those that end the browser."""
    file = read(file_name)
    results = file["verdicts"][browser]["results"]
    return [
        Recorded(name, Case("offer", text), _verdict(results[name]), [*results[name], None][3])
        for name, text in file["offers"].items()
        if results[name][0] != "crash"
    ]


def unseen_offers(browser: str, name: str) -> list[Recorded]:
    """Mutated offers no model was made with; empty if the browser was not asked."""
    known = browser in unseen_verdicts(name)
    return mutated_offers(browser, f"unseen-{name}") if known else []


def unseen_verdicts(name: str) -> dict[str, Any]:
    """The verdicts of a set by browser; empty if there is no such set."""
    if not exists(f"unseen-{name}"):
        return {}
    return dict(read(f"unseen-{name}")["verdicts"])


def exchanges(browser: str, file_name: str = "exchanges") -> list[Recorded]:
    """Descriptions of every type with the state they met."""
    return list(_exchanges(read(file_name).get(browser, {"cases": []})["cases"]))


def _exchanges(entries: list[dict[str, Any]]) -> Iterator[Recorded]:
    for entry in entries:
        if entry["verdict"] and entry["verdict"][0] == "crash":
            continue
        stop_at = SET_REMOTE if entry.get("only") else SET_LOCAL
        case = Case(entry["type"], entry["sdp"], _state(entry["state"]), entry["side"], stop_at)
        verdict = entry["verdict"]
        yield Recorded(entry["id"], case, _verdict(verdict), verdict[3] if verdict else None)


def candidates(browser: str) -> list[RecordedCandidate]:
    """Candidates given to addIceCandidate."""
    return [
        RecordedCandidate(
            entry["id"],
            entry["init"],
            _state(entry["state"]),
            _verdict(entry["verdict"] and ["addIceCandidate", *entry["verdict"]]),
        )
        for entry in read("exchanges")[browser]["candidates"]
    ]


def version(browser: str, name: str = "mutated-offers") -> str:
    """The version of the browser that was asked."""
    return str(read(name)["verdicts"][browser]["version"])


def exists(name: str) -> bool:
    """Whether there is a file of that name."""
    return (DATA / f"{name}.json.gz").exists()


def read(name: str) -> Any:
    """One file of the recorded data."""
    return json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))


def write(name: str, content: Any) -> int:
    """Write a file of recorded data, the same bytes for the same content; return its size."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    packed = gzip.compress(text.encode(), 9, mtime=0)
    DATA.mkdir(exist_ok=True)
    (DATA / f"{name}.json.gz").write_bytes(packed)
    return len(packed)


def _verdict(entry: list[Any] | None) -> Verdict:
    if not entry or entry[0] is None:
        return ACCEPTED
    return Verdict(False, entry[0], entry[1], entry[2])


def _state(entry: dict[str, Any]) -> State:
    return State(
        **{
            name: TypedSdp(**value) if isinstance(value, dict) else value
            for name, value in entry.items()
        }
    )


def masked(message: str | None) -> str | None:
    """A message without what only the browser that wrote it can know: its certificate."""
    return None if message is None else _DIGEST.sub("Expected: ...", message)
