"""The signalling states as a diagram and as a table, drawn from `rtckit.jsep.states`.

``rtckit-state-diagram`` and ``rtckit-state-table``. Where things stand is laid out here; what
leads where is not: a transition that has no way to go in the drawing stops the build.
"""

from collections import defaultdict
from html import escape
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from rtckit.jsep.states import (
    CLOSED,
    HAVE_LOCAL_OFFER,
    HAVE_LOCAL_PRANSWER,
    HAVE_REMOTE_OFFER,
    HAVE_REMOTE_PRANSWER,
    IMPLICIT_ROLLBACK,
    IMPLICIT_TYPES,
    SDP_TYPES,
    SIDES,
    SIGNALING_STATES,
    STABLE,
    TRANSITIONS,
)

__all__ = ["draw", "setup"]

WIDTH, HEIGHT = 1000, 520
BOX = (190, 44)
CENTRES = {
    STABLE: (500, 46),
    HAVE_LOCAL_OFFER: (230, 220),
    HAVE_REMOTE_PRANSWER: (230, 400),
    HAVE_REMOTE_OFFER: (770, 220),
    HAVE_LOCAL_PRANSWER: (770, 400),
    CLOSED: (500, 490),
}
LOCAL, REMOTE, EITHER = "#2a76c4", "#c2571a", "#7a7a7a"
_ARROWS = {"l": LOCAL, "r": REMOTE, "e": EITHER}


class Way(NamedTuple):
    """A path, and where its labels begin (``start``) or end (``end``)."""

    path: str
    x: int
    y: int
    anchor: str


# The left half; the right half is its mirror image.
LEFT_WAYS = {
    (STABLE, HAVE_LOCAL_OFFER): Way("M 460 69 L 290 195", 380, 142, "start"),
    (HAVE_LOCAL_OFFER, STABLE): Way("M 190 197 C 190 90 270 54 402 54", 224, 118, "start"),
    (HAVE_LOCAL_OFFER, HAVE_LOCAL_OFFER): Way(
        "M 326 206 C 366 192 366 224 330 216", 366, 206, "start"
    ),
    (HAVE_LOCAL_OFFER, HAVE_REMOTE_PRANSWER): Way("M 230 243 L 230 374", 242, 310, "start"),
    (HAVE_REMOTE_PRANSWER, HAVE_REMOTE_PRANSWER): Way(
        "M 326 390 C 366 374 366 420 330 408", 366, 398, "start"
    ),
    (HAVE_REMOTE_PRANSWER, STABLE): Way("M 134 400 C 20 360 20 36 402 36", 88, 310, "start"),
}
MIRRORED = {
    STABLE: STABLE,
    HAVE_LOCAL_OFFER: HAVE_REMOTE_OFFER,
    HAVE_REMOTE_PRANSWER: HAVE_LOCAL_PRANSWER,
}
IMPLICIT_WAY = Way("M 326 232 L 668 232", 500, 250, "middle")


def _mirror(way: Way) -> Way:
    words = way.path.split()
    is_x = True
    for place, word in enumerate(words):
        if word.isdigit():
            if is_x:
                words[place] = str(WIDTH - int(word))
            is_x = not is_x
    anchor = {"start": "end", "end": "start"}[way.anchor]
    return Way(" ".join(words), WIDTH - way.x, way.y, anchor)


WAYS = LEFT_WAYS | {
    (MIRRORED[before], MIRRORED[after]): _mirror(way) for (before, after), way in LEFT_WAYS.items()
}


def _labels() -> dict[tuple[str, str], list[tuple[str, str]]]:
    """What leads from one state to another: texts and their colours."""
    found: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for (before, side, sdp_type), after in TRANSITIONS.items():
        found[before, after][sdp_type].add(side)
    return {
        edge: [
            (sdp_type, EITHER) if len(sides) == 2 else (f"{side} {sdp_type}", colour(side))
            for sdp_type, sides in types.items()
            for side in [min(sides)]
        ]
        for edge, types in found.items()
    }


def colour(side: str) -> str:
    """Return the colour of what a side sets."""
    return LOCAL if side == "local" else REMOTE


def draw() -> str:
    """Return the diagram as SVG; it takes its own colour from the text around it."""
    parts = [
        "".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" ',
                'role="img" font-family="sans-serif" font-size="14" ',
                'style="width:100%;height:auto" ',
                'aria-label="Signalling states, and what leads from one to another">',
            )
        )
    ]
    for name, shade in _ARROWS.items():
        parts.append(
            f'<marker id="arrow-{name}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="8" '
            f'markerHeight="8" orient="auto"><path d="M 0 1 L 9 5 L 0 9 z" fill="{shade}" />'
            "</marker>"
        )
    for edge, labels in _labels().items():
        parts += _edge(WAYS[edge], labels)
    before, side, sdp_type = IMPLICIT_ROLLBACK
    rolled_back = TRANSITIONS[before, "local", "rollback"]
    assert TRANSITIONS[rolled_back, side, sdp_type] == HAVE_REMOTE_OFFER
    text = f"{side} {sdp_type}, which rolls back first"
    parts += _edge(IMPLICIT_WAY, [(text, colour(side))], dashed=True)
    parts += [line for state in SIGNALING_STATES for line in _box(state)]
    return "\n".join([*parts, "</svg>"])


def _edge(way: Way, labels: list[tuple[str, str]], *, dashed: bool = False) -> list[str]:
    shade = labels[0][1]
    marker = next(name for name, tint in _ARROWS.items() if tint == shade)
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    line = f'd="{way.path}" fill="none" stroke="{shade}" stroke-width="1.6"{dash}'
    drawn = [f'<path {line} marker-end="url(#arrow-{marker})" />']
    drawn += [
        _text(way.x, way.y + 18 * row, text, way.anchor, tint)
        for row, (text, tint) in enumerate(labels)
    ]
    return drawn


def _text(x: int, y: int, text: str, anchor: str, tint: str, extra: str = "") -> str:
    """A text whose middle is at a height."""
    place = f'x="{x}" y="{y + 5}" text-anchor="{anchor}"'
    return f'<text {place} fill="{tint}"{extra}>{escape(text)}</text>'


def _box(state: str) -> list[str]:
    x, y = CENTRES[state]
    width, height = BOX
    dash = ' stroke-dasharray="3 3"' if state == CLOSED else ""
    size = f'x="{x - width // 2}" y="{y - height // 2}" width="{width}" height="{height}" rx="8"'
    drawn = [
        f'<rect {size} fill="none" stroke="currentColor" stroke-width="1.4"{dash} />',
        _text(x, y, state, "middle", "currentColor", ' font-weight="600"'),
    ]
    if state == CLOSED:
        drawn.append(_text(x, y - 36, "close() in any state", "middle", EITHER))
    return drawn


class DiagramDirective(Directive):
    """The diagram."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """The drawing, as part of the page."""
        return [nodes.raw("", f'<figure class="align-center">{draw()}</figure>', format="html")]


class TableDirective(Directive):
    """What each setter does in each state."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """The table."""
        rows = [
            [[state], *(_steps(state, side) for side in SIDES), [IMPLICIT_TYPES.get(state, "")]]
            for state in SIGNALING_STATES
        ]
        head = [["state"], ["setLocalDescription"], ["setRemoteDescription"], ["made implicitly"]]
        group = nodes.tgroup(cols=len(head))
        group.extend(nodes.colspec(colwidth=width) for width in (2, 3, 3, 1))
        group += nodes.thead("", _row(head))
        group += nodes.tbody("", *(_row(row) for row in rows))
        return [nodes.table("", group)]


def _steps(state: str, side: str) -> list[str]:
    """What may be set on a side, and where it leads."""
    steps = []
    for sdp_type in SDP_TYPES:
        after = TRANSITIONS.get((state, side, sdp_type))
        if after is not None:
            steps.append(f"{sdp_type} → {after}")
        elif (state, side, sdp_type) == IMPLICIT_ROLLBACK:
            steps.append(f"{sdp_type} → {HAVE_REMOTE_OFFER}, by a rollback")
    return steps


def _row(cells: list[list[str]]) -> nodes.row:
    return nodes.row(
        "", *(nodes.entry("", *(nodes.paragraph("", line) for line in cell)) for cell in cells)
    )


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directives."""
    app.add_directive("rtckit-state-diagram", DiagramDirective)
    app.add_directive("rtckit-state-table", TableDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    Path("states.svg").write_text(draw(), encoding="utf-8")
