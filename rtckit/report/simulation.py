"""A negotiation as text: one block a step, and in the end who sends what to whom."""

from collections.abc import Iterable, Iterator

from rtckit.core.text import escape_controls
from rtckit.jsep.simulation.advice import advise
from rtckit.jsep.simulation.ending import Ending, MediaEnding
from rtckit.jsep.simulation.network import Message
from rtckit.jsep.simulation.outline import SectionOutline
from rtckit.jsep.simulation.trace import Call, SetDescription, Trace, TraceStep
from rtckit.report.text import Paint, bullet, columns, format_count, paragraph
from rtckit.sdp.comparison.grouping import Grouped, group_changes, heading, shown_leaf

__all__ = ["change_lines", "describe_sections", "render_text", "say_message"]

_INDENT = " " * 16
_MOST_CHANGES = 8
_MOST_SECTIONS = 6
_ACTOR_STYLE = {"a": "bold cyan", "b": "bold magenta"}


def render_text(trace: Trace, *, color: bool = False, width: int = 100, verbose: int = 0) -> str:
    """A trace for people.

    ``verbose`` 1 adds the methods that went well and every change, 2 the texts of descriptions.
    """
    return "\n".join(_Drawing(trace, Paint(color), width, verbose).draw()) + "\n"


class _Drawing:
    """Draws one trace."""

    def __init__(self, trace: Trace, paint: Paint, width: int, verbose: int) -> None:
        self.trace = trace
        self.paint = paint
        self.width = width
        self.verbose = verbose
        self.states = dict.fromkeys(trace.ending.states, "stable")
        self.advised: set[str] = set()

    def draw(self) -> Iterator[str]:
        scenario = self.trace.scenario
        yield self.paint(escape_controls(scenario.title), "bold")
        yield from self._peers()
        if scenario.explanation:
            yield ""
            yield paragraph(scenario.explanation, width=self.width, indent="  ")
        for step in self.trace.steps:
            yield ""
            yield from self._step(step)
        yield ""
        yield from self._ending(self.trace.ending)
        yield ""
        yield from self._verdict()

    def _peers(self) -> Iterator[str]:
        said = []
        for side, setup in self.trace.scenario.peers.items():
            role = ", polite" if setup.polite else ", impolite"
            role = role if setup.stack != "scripted" and self._negotiates() else ""
            said.append(f"{side} is {self.trace.peer_name(side)}{role}")
        signalling = self.trace.scenario.signalling
        way = f"signalling takes {signalling.delay_ms} ms each way"
        if signalling.jitter_ms:
            way += f" and up to {signalling.jitter_ms} ms more"
        if signalling.loss:
            way += f", loses {signalling.loss:.0%}"
        if signalling.duplicate:
            way += f", duplicates {signalling.duplicate:.0%}"
        if not signalling.ordered:
            way += ", keeps no order"
        yield paragraph("; ".join([*said, way]), width=self.width, indent="")

    def _negotiates(self) -> bool:
        return any(step.action == "negotiate" for step in self.trace.scenario.steps)

    # -- steps ----------------------------------------------------------------------------------

    def _step(self, step: TraceStep) -> Iterator[str]:
        actor = self.paint(step.actor or "-", _ACTOR_STYLE.get(step.actor, "dim"))
        time = f"{step.time_ms} ms"
        mark = self.paint("!", "bold red") if step.faults else " "
        title = escape_controls(step.title)
        bad = any(not call.ok and not call.forgiven for call in step.calls)
        title = self.paint(title, "bold red" if bad else "bold")
        yield f"{step.number:>3}{mark} {self.paint(f'{time:>8}', 'dim')}  {actor} {title}"
        if step.note:
            yield self._say(step.note, "dim")
        for call in step.calls:
            yield from self._call(call)
        for number in step.sent:
            yield self._say(say_message(self.trace.message(number)))
        for remark in step.remarks:
            yield self._say(remark)
        yield from self._states(step)
        for fault in step.faults:
            yield self._say(f"not as the scenario expects: {fault}", "bold red")

    def _say(self, text: str, style: str = "") -> str:
        return self.paint(paragraph(text, width=self.width, indent=_INDENT), style)

    def _call(self, call: Call) -> Iterator[str]:
        if not call.ok:
            yield from self._error(call)
            return
        events = [e for e in call.events if not e.startswith("signalingstatechange")]
        if self.verbose:
            fired = f": {', '.join(events)}" if events else ""
            yield self._say(f"{call.op} ok{fired}", "dim")
        elif "negotiationneeded" in events:
            yield self._say("negotiationneeded fires", "dim")
        if call.description is not None:
            yield from self._description(call.description)
        if self.verbose > 1 and call.outcome["description"]:
            lines = call.outcome["description"]["sdp"].splitlines()
            yield from (f"{_INDENT}  {escape_controls(line)}" for line in _masked(lines))

    def _error(self, call: Call) -> Iterator[str]:
        style = "dim" if call.forgiven else "bold red"
        yield self._say(f"{call.op} fails: {call.error}", style)
        for line in (call.message or "").splitlines() or [""]:
            yield self._say(line, "dim" if call.forgiven else "red")
        advice = advise(call)
        if advice is None or call.forgiven:
            return
        if advice.means in self.advised:
            yield self._say("as above", "dim")
            return
        self.advised.add(advice.means)
        for label, text in (("means:", advice.means), ("do:", advice.fix)):
            drawn = bullet(label, text, width=self.width - len(_INDENT), paint=self.paint)
            yield "\n".join(_INDENT + line for line in drawn.splitlines())

    def _description(self, found: SetDescription) -> Iterator[str]:
        if found.type == "rollback":
            yield self._say("the exchange under way is undone")
            return
        relayed = found.side == "remote" and self._is_known(found)
        if relayed and not found.edited and not self.verbose:
            return
        owner = "" if found.side == "local" else f"{found.owner}'s "
        edited = ", edited" if found.edited else ""
        if found.before is None:
            yield self._say(f"{owner}{found.type}{edited}: {describe_sections(found.sections)}")
            return
        changes = change_lines(found, 0 if self.verbose else _MOST_CHANGES)
        same = f"{owner}{found.type}{edited}: nothing changed but the type and the version"
        if not changes:
            yield self._say(same)
            return
        yield self._say(f"{owner}{found.type}{edited}, against the description before:")
        for change in changes:
            yield paragraph(change, width=self.width, indent=_INDENT + "    ", first=_INDENT + "  ")

    def _is_known(self, found: SetDescription) -> bool:
        """Whether the other side's step has shown this description already."""
        return self.trace.scenario.peers[found.owner].stack != "scripted"

    def _states(self, step: TraceStep) -> Iterator[str]:
        changed = [
            f"{side}: {self.states.get(side)} -> {state}"
            for side, state in step.states.items()
            if self.states.get(side) != state
        ]
        self.states.update(step.states)
        if changed:
            yield self._say("; ".join(changed), "yellow")

    # -- the end --------------------------------------------------------------------------------

    def _ending(self, ending: Ending) -> Iterator[str]:
        yield self.paint("In the end", "bold")
        states = ", ".join(f"{side} is {state}" for side, state in ending.states.items())
        agreed = "both agree" if ending.consistent else "they do not agree"
        agreed = f"; {agreed}" if len(ending.states) == 2 else ""
        yield f"  {states}{agreed}"
        for problem in (*ending.problems, *(p for item in ending.media for p in item.problems)):
            yield paragraph(f"! {problem}", width=self.width, indent="    ", first="  ")
        rows = [_media_row(item) for item in ending.media]
        if rows:
            yield columns(rows, paint=self.paint, indent="  ", width=self.width)
        else:
            yield "  nothing was negotiated"
        generations = ending.ice_generations.items()
        said = ", ".join(f"{side} {format_count(n, 'set')}" for side, n in generations)
        yield f"  ICE credentials: {said}"

    def _verdict(self) -> Iterator[str]:
        faults = [
            f"step {step.number}: {fault}" for step in self.trace.steps for fault in step.faults
        ]
        faults += self.trace.faults
        scenario = self.trace.scenario
        if not scenario.is_judged:
            stacks = dict.fromkeys(scenario.peers[side].stack for side in scenario.machines)
            named = " and ".join(stack for stack in stacks if stack in scenario.unjudged)
            yield f"The scenario promises nothing for {named}."
            return
        if not faults:
            yield self.paint("All went as the scenario expects.", "green")
            return
        count = format_count(len(faults), "thing")
        yield self.paint(f"{count} went otherwise than the scenario expects:", "bold red")
        for fault in faults:
            yield paragraph(fault, width=self.width, indent="    ", first="  - ")


def _media_row(item: MediaEnding) -> list[str]:
    head = [f"media {item.index}", item.kind, f"mid {item.mid}" if item.mid is not None else ""]
    if item.rejected:
        return [*head, "rejected, not in use"]
    if item.kind == "data":
        return [*head, "a <-> b", "data channels"]
    sends = tuple(side in item.flows for side in ("a", "b"))
    arrow = {
        (True, True): "a <-> b",
        (True, False): "a --> b",
        (False, True): "a <-- b",
        (False, False): "a     b",
    }[sends[0], sends[1]]
    said = [f"{side} sends {flow}" for side, flow in item.flows.items()]
    return [*head, arrow, "; ".join(said) or "nobody sends"]


def say_message(message: Message) -> str:
    """What was sent, and when it is to arrive: ``sends offer a1, due at 50 ms``."""
    again = "again, by the network, " if message.copy_of else ""
    return f"{again}sends {message.name}, due at {message.due_ms} ms"


def describe_sections(sections: Iterable[SectionOutline]) -> str:
    """Sections in a line: ``audio mid 0 sendrecv; data mid 1``."""
    said = []
    for section in sections:
        parts = [section.kind, f"mid {section.mid}" if section.mid is not None else "without mid"]
        if section.rejected:
            parts.append("rejected")
        elif section.kind != "data":
            parts.append(section.direction)
        layers = section.send_rids or section.receive_rids
        if layers:
            way = "sends" if section.send_rids else "receives"
            parts.append(f"({way} layers {', '.join(layers)})")
        said.append(" ".join(parts))
    more = len(said) - _MOST_SECTIONS
    if more > 0:
        said = [*said[:_MOST_SECTIONS], f"and {more} more"]
    return "; ".join(said) or "no sections"


def change_lines(found: SetDescription, limit: int = 0) -> list[str]:
    """What changed against the description before, one change a line; ``limit`` 0 is all."""
    difference = found.diff
    if difference is None:
        return []
    lines = []
    for item in sorted(group_changes(difference.changes), key=_weight):
        change = item.change
        where = heading(difference, change).partition(":")[0]
        name = f"{where}: {shown_leaf(change)}"
        if change.a is None:
            text = f"+ {name} {change.b}"
        elif change.b is None:
            text = f"- {name} {change.a}"
        else:
            text = f"~ {name} {change.a} -> {change.b}"
        text = f"{text} ({item.also})" if item.also else text
        lines.append(f"{text}  => {change.impact}" if change.impact else text)
    if limit and len(lines) > limit:
        more = len(lines) - limit
        lines = [*lines[:limit], f"and {more} more; -v shows them all"]
    return lines


_WEIGHTS = (
    ("media[", 0),
    ("direction", 0),
    ("port", 1),
    ("ice", 1),
    ("simulcast", 1),
    ("setup", 2),
    ("codecs", 2),
    ("groups.BUNDLE", 3),
    ("extmap", 5),
    ("rtcp", 5),
    ("groups", 5),
)


def _weight(item: Grouped) -> int:
    """What matters most to a negotiation comes first."""
    leaf = shown_leaf(item.change)
    return next((weight for start, weight in _WEIGHTS if leaf.startswith(start)), 4)


def _masked(lines: Iterable[str]) -> Iterator[str]:
    from rtckit.sdp.secrets import hide_secrets

    return (hide_secrets(line) for line in lines)
