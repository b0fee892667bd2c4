"""Colours and signs: the palette of Okabe and Ito, which people see whatever their colour vision.

Colour never stands alone: each state has a sign and a word as well, so that nothing is lost without
colours (NO_COLOR).
"""

from rich.style import Style
from textual.theme import Theme

__all__ = ["LEVEL_STYLES", "SIGNS", "STATE_STYLES", "THEME", "VERDICT_STYLES", "say_state"]

ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#9A9A9A"

THEME = Theme(
    name="rtckit",
    primary=SKY_BLUE,
    secondary=BLUE,
    warning=ORANGE,
    error=VERMILLION,
    success=GREEN,
    accent=YELLOW,
    foreground="#E8E8E8",
    background="#101418",
    surface="#101418",
    panel="#1C242C",
    dark=True,
    variables={
        "block-cursor-background": "#2A4A62",
        "block-cursor-foreground": "#FFFFFF",
        "block-cursor-text-style": "none",
        "footer-key-foreground": YELLOW,
        "border": SKY_BLUE,
    },
)

SIGNS = {
    "frozen": "·",
    "waiting": "○",
    "in-progress": "◐",
    "succeeded": "●",
    "failed": "✕",
    "selected": "★",
}
STATE_STYLES = {
    "frozen": Style(color=GREY),
    "waiting": Style(color=YELLOW),
    "in-progress": Style(color=SKY_BLUE),
    "succeeded": Style(color=GREEN),
    "failed": Style(color=VERMILLION),
    "selected": Style(color=GREEN, bold=True),
}
LEVEL_STYLES = {
    "bad": Style(color=ORANGE),
    "good": Style(color=GREEN),
    "new": Style(color=SKY_BLUE),
    "plain": Style(),
}
VERDICT_STYLES = {
    "connected": ("●", Style(color=GREEN, bold=True)),
    "failed": ("✕", Style(color=VERMILLION, bold=True)),
    "disconnected": ("✕", Style(color=VERMILLION, bold=True)),
    "checking": ("◐", Style(color=SKY_BLUE, bold=True)),
    "gathering": ("◐", Style(color=SKY_BLUE, bold=True)),
    "new": ("○", Style(color=YELLOW, bold=True)),
    "closed": ("·", Style(color=GREY, bold=True)),
}
SEVERITY_STYLES = {
    "error": ("✕", Style(color=VERMILLION)),
    "warning": ("!", Style(color=ORANGE)),
    "info": ("i", Style(color=SKY_BLUE)),
}


def say_state(state: str, selected: bool) -> str:
    """A pair's state as a sign and a word."""
    if selected:
        return f"{SIGNS['selected']} selected"
    return f"{SIGNS.get(state, '?')} {state.replace('-', ' ')}"
