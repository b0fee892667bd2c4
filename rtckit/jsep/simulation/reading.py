"""Reads scenarios: TOML, or the arguments of Python, become the records of a scenario."""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from rtckit.core.errors import ParseError
from rtckit.jsep.configuration import Configuration
from rtckit.jsep.negotiation import STACK_NAMES
from rtckit.jsep.simulation.actions import (
    CHANNEL_ACTIONS,
    PEER_ACTIONS,
    Action,
    Unfit,
    one_of,
    read_count,
    read_flag,
    read_share,
    read_text,
    read_texts,
)
from rtckit.jsep.simulation.network import Signalling
from rtckit.jsep.simulation.places import Path, find_places
from rtckit.jsep.simulation.scenario import (
    ANY_ERROR,
    SCRIPTED,
    Expectations,
    PeerSetup,
    Scenario,
    Step,
    action_of,
)
from rtckit.jsep.states import SIGNALING_STATES

__all__ = ["parse_scenario", "step"]

_LONGEST = 1_000_000
_SIDES = ("a", "b")


def step(
    peer: str,
    action: str,
    *,
    error: str | bool | Mapping[str, str] = "",
    note: str = "",
    **arguments: Any,
) -> Step:
    """Make a step in Python: ``step("a", "addTrack", kind="audio")``, ``step("b", "deliver")``.

    Arguments are named as in TOML, with an underscore behind those that are words of Python
    (``as_``). ``error`` is what is expected to fail, or that by stack; True for any error.

    Raises:
        ParseError: there is no such action or argument, or it does not take this value.
    """
    raw: dict[str, Any] = {name.rstrip("_"): _listed(value) for name, value in arguments.items()}
    if action in ("wait", "negotiate"):
        raw[action] = raw.pop("ms", None) if action == "wait" else True
    elif action in CHANNEL_ACTIONS:
        raw[action] = peer
    else:
        raw[peer] = action
    if error:
        raw["error"] = dict(error) if isinstance(error, Mapping) else error
    if note:
        raw["note"] = note
    return _Reader({}).read_step(raw, ())


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def parse_scenario(text: str, name: str = "") -> Scenario:
    """Read a scenario.

    Raises:
        ParseError: it is no TOML, or no scenario; with the line and what was expected there.
    """
    if len(text) > _LONGEST:
        raise ParseError(f"a scenario of {len(text):,} characters", expected="at most 1,000,000")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(error, text) from None
    except (RecursionError, ValueError) as error:
        # Nested beyond reason, or a number with more digits than Python reads.
        raise ParseError("this is no TOML that can be read", expected="a scenario") from error
    return replace(_Reader(find_places(text)).read(raw), name=name)


_AT = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)


def _not_toml(error: tomllib.TOMLDecodeError, text: str) -> ParseError:
    found = _AT.fullmatch(str(error))
    expected = "a scenario in TOML"
    if found is None:
        last = text.count("\n") + 1
        said = str(error).removesuffix(" (at end of document)")
        return ParseError(f"no TOML: {said}", line=last, expected=expected)
    said, line, column = found.groups()
    return ParseError(f"no TOML: {said}", line=int(line), column=int(column), expected=expected)


class _Reader:
    """Reads the tables of a scenario; ``places`` are the lines of its keys."""

    def __init__(self, places: Mapping[Path, int]) -> None:
        self._places = places

    def _fail(self, path: Path, message: str, expected: str) -> NoReturn:
        line = None
        for length in range(len(path), 0, -1):
            line = self._places.get(path[:length])
            if line is not None:
                break
        raise ParseError(message, line=line, expected=expected)

    def _table(self, value: Any, path: Path) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._fail(path, f"{_spell(path)} is {_describe(value)}", "a table")
        return value

    def _check_keys(self, table: Iterable[str], known: Iterable[str], path: Path) -> None:
        names = list(known)
        for key in table:
            if key not in names:
                where = f" in {_spell(path)}" if path else ""
                near = difflib.get_close_matches(key, names, n=1)
                hint = f'"{near[0]}"' if near else "one of " + ", ".join(names)
                self._fail((*path, key), f'unknown key "{key}"{where}', hint)

    def _value(self, read: Callable[[Any], Any], value: Any, path: Path) -> Any:
        try:
            return read(value)
        except Unfit as error:
            self._fail(path, f"{_spell(path)} is {_describe(value)}", str(error))

    def read(self, raw: dict[str, Any]) -> Scenario:
        known = (
            *("title", "explanation", "seed", "unjudged"),
            *("peers", "signalling", "steps", "expect"),
        )
        self._check_keys(raw, known, ())
        if "title" not in raw:
            self._fail((), "a scenario without a title", 'title = "..."')
        peers = self._table(raw.get("peers", {}), ("peers",))
        self._check_keys(peers, _SIDES, ("peers",))
        steps = raw.get("steps")
        if not isinstance(steps, list) or not steps:
            self._fail(("steps",), "a scenario without steps", "[[steps]], one for each")
        return Scenario(
            title=self._value(read_text, raw["title"], ("title",)),
            explanation=self._value(_read_prose, raw.get("explanation", ""), ("explanation",)),
            peers={side: self._peer(peers.get(side, {}), side) for side in _SIDES},
            signalling=self._signalling(raw.get("signalling", {})),
            steps=tuple(
                self.read_step(self._table(item, ("steps", number)), ("steps", number))
                for number, item in enumerate(steps)
            ),
            expect=self._expect(raw.get("expect", {})),
            unjudged=self._value(_read_stacks, raw.get("unjudged", []), ("unjudged",)),
            seed=self._value(read_count, raw.get("seed", 0), ("seed",)),
        )

    def _fields(
        self, value: Any, path: Path, known: Mapping[str, tuple[str, Callable[[Any], Any]]]
    ) -> dict[str, Any]:
        table = self._table(value, path)
        self._check_keys(table, known, path)
        return {
            known[key][0]: self._value(known[key][1], item, (*path, key))
            for key, item in table.items()
        }

    def _peer(self, value: Any, side: str) -> PeerSetup:
        path: Path = ("peers", side)
        table = self._table(value, path)
        self._check_keys(table, (*_PEER_KEYS, *_CONFIGURATION_KEYS), path)
        own = {key: item for key, item in table.items() if key in _PEER_KEYS}
        rest = {key: item for key, item in table.items() if key in _CONFIGURATION_KEYS}
        found = self._fields(own, path, _PEER_KEYS)
        configuration = Configuration(**self._fields(rest, path, _CONFIGURATION_KEYS))
        found.setdefault("polite", side == "b")
        if found.get("stack") == SCRIPTED:
            found["fixed"] = True
        return PeerSetup(**found, configuration=configuration)

    def _signalling(self, value: Any) -> Signalling:
        return Signalling(**self._fields(value, ("signalling",), _SIGNALLING_KEYS))

    def read_step(self, raw: dict[str, Any], path: Path) -> Step:
        """Read one step."""
        heads = [key for key in raw if key in _SIDES or key in CHANNEL_ACTIONS]
        if len(heads) != 1:
            message = "a step without anybody who does it" if not heads else "two steps in one"
            self._fail(path, message, "one of a, b, " + ", ".join(CHANNEL_ACTIONS))
        head = heads[0]
        value = raw[head]
        arguments = {key: item for key, item in raw.items() if key not in (head, *_STEP_KEYS)}
        if head in _SIDES:
            peer, action = head, self._value(_read_action, value, (*path, head))
        else:
            action = head
            peer = "all"
            if head == "wait":
                arguments["ms"] = value
            elif head == "negotiate":
                self._value(one_true, value, (*path, head))
            else:
                peer = self._value(_read_receiver, value, (*path, head))
        line = self._places.get(path)
        return Step(
            peer,
            action,
            self._arguments(action_of(action), arguments, path),
            self._errors(raw.get("error", ""), (*path, "error")),
            self._value(_read_prose, raw.get("note", ""), (*path, "note")),
            self._places.get((*path, head), line),
        )

    def _arguments(self, action: Action, given: dict[str, Any], path: Path) -> dict[str, Any]:
        for key in given:
            if key not in action.by_name:
                names = [*action.by_name, *_STEP_KEYS]
                self._fail(
                    (*path, key),
                    f'unknown key "{key}" of {action.name}',
                    "one of " + ", ".join(names),
                )
        for item in action.fields:
            if item.required and item.name not in given:
                self._fail(
                    path, f"{action.name} without {item.name}", f"{item.name} = {item.takes}"
                )
        if "transceiver" in action.by_name and not {"transceiver", "mid"} & set(given):
            self._fail(path, f"{action.name} of what?", "transceiver = a number, or mid = a text")
        if action.name == "send" and ("sdp" in given) != ("type" in given):
            self._fail(path, "a text to send has a type", 'both sdp = "..." and type = "offer"')
        return {
            key: self._value(action.by_name[key].read, item, (*path, key))
            for key, item in given.items()
        }

    def _errors(self, value: Any, path: Path) -> dict[str, str]:
        if not isinstance(value, dict):
            return {"": self._value(_read_error, value, path)}
        self._check_keys(value, (*STACK_NAMES, _OTHERS), path)
        return {
            "" if key == _OTHERS else key: self._value(_read_error, item, (*path, key))
            for key, item in value.items()
        }

    def _expect(self, value: Any) -> Expectations:
        path: Path = ("expect",)
        table = self._table(value, path)
        self._check_keys(table, _EXPECT_KEYS, path)
        found: dict[str, Any] = {}
        for key, given in table.items():
            read = _EXPECT_KEYS[key]
            sides = given if isinstance(given, dict) else dict.fromkeys(_SIDES, given)
            self._check_keys(sides, _SIDES, (*path, key))
            found[key] = {
                side: self._value(read, item, (*path, key, side)) for side, item in sides.items()
            }
        return Expectations(**found)


_STEP_KEYS = ("error", "note")
_OTHERS = "others"


def _read_action(value: Any) -> str:
    if not isinstance(value, str) or value not in PEER_ACTIONS:
        near = difflib.get_close_matches(str(value), PEER_ACTIONS, n=1)
        raise Unfit(f'"{near[0]}"' if near else "one of " + ", ".join(PEER_ACTIONS))
    return value


def _read_error(value: Any) -> str:
    if isinstance(value, bool):
        return ANY_ERROR if value else ""
    if not isinstance(value, str):
        raise Unfit(
            'the name of an error, true for any, false for none, "either", or a table by stack'
        )
    return value


def _read_prose(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit("a text")
    return value.strip()


def _read_role(value: Any) -> bool:
    return one_of("polite", "impolite")(value) == "polite"


def one_true(value: Any) -> bool:
    """Only ``true``."""
    if value is not True:
        raise Unfit("true")
    return True


def _read_stacks(value: Any) -> tuple[str, ...]:
    stacks = read_texts(value)
    if not set(stacks) <= set(STACK_NAMES):
        raise Unfit("a list of stacks: " + ", ".join(STACK_NAMES))
    return stacks


_read_receiver = one_of("a", "b", "all")
_read_state = one_of(*SIGNALING_STATES)

_PEER_KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "stack": ("stack", one_of(*STACK_NAMES, SCRIPTED)),
    "name": ("name", read_text),
    "role": ("polite", _read_role),
    "fixed": ("fixed", read_flag),
    "receivesSimulcast": ("receives_simulcast", read_flag),
}
_CONFIGURATION_KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "bundlePolicy": ("bundle_policy", one_of("balanced", "max-compat", "max-bundle")),
    "rtcpMuxPolicy": ("rtcp_mux_policy", one_of("require", "negotiate")),
    "iceTransportPolicy": ("ice_transport_policy", one_of("all", "relay")),
    "iceLite": ("ice_lite", read_flag),
}
_SIGNALLING_KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "delay_ms": ("delay_ms", read_count),
    "jitter_ms": ("jitter_ms", read_count),
    "loss": ("loss", read_share),
    "duplicate": ("duplicate", read_share),
    "ordered": ("ordered", read_flag),
}
_EXPECT_KEYS: dict[str, Callable[[Any], Any]] = {
    "signaling": _read_state,
    "directions": read_texts,
    "sends": read_texts,
    "ice_generations": read_count,
}


def _spell(path: Path) -> str:
    """A path for people: ``steps[3].kind`` is ``kind of step 4``."""
    if path[:1] == ("steps",) and len(path) > 1:
        rest = ".".join(str(part) for part in path[2:])
        place = f"step {int(path[1]) + 1}"
        return f"{rest} of {place}" if rest else place
    return ".".join(str(part) for part in path) or "the scenario"


def _describe(value: Any) -> str:
    """A value for an error message, cut short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
