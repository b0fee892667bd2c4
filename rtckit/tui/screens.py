"""The screens before the main one: help, and where to export to."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from rtckit.tui.theme import SIGNS, STATE_STYLES

__all__ = ["ExportScreen", "HelpScreen"]

_STATES = {
    "waiting": "to be checked; one new check is sent at a time",
    "frozen": "waits for another pair that is alike (same foundations)",
    "in-progress": "a check is under way, and is sent again until it is answered",
    "succeeded": "a check was answered",
    "failed": "no answer, a refusal, or a network error",
    "selected": "data goes over this pair",
}
_KEY_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "full_stop": ".",
    "comma": ",",
    "escape": "Esc",
    "space": "Space",
}


class HelpScreen(ModalScreen[None]):
    """Every key and every sign."""

    BINDINGS: ClassVar = [
        Binding("escape,q,question_mark,enter", "dismiss", "Close"),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, bindings: Sequence[Binding]) -> None:
        super().__init__()
        self._bindings_shown = bindings

    def compose(self) -> ComposeResult:
        """One text in a frame."""
        with VerticalScroll(id="help-frame") as frame:
            frame.border_title = "Help"
            frame.border_subtitle = "Esc closes"
            yield Static(Text("\n").join(self._lines()), id="help-text")

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#help-frame").scroll_relative(y=lines, animate=False)

    def _lines(self) -> Iterable[Text]:
        yield Text("Keys", "bold")
        for binding in self._bindings_shown:
            keys = " ".join(_KEY_NAMES.get(key, key) for key in binding.key.split(",")[:2])
            tip = binding.tooltip or binding.description
            yield Text.assemble((f"  {keys:<10}", "bold"), tip)
        yield Text.assemble(("  Tab       ", "bold"), "next pane; arrows move and scroll in it")
        yield Text("")
        yield Text("States of pairs", "bold")
        for state, words in _STATES.items():
            name = f"  {SIGNS[state]} {state.replace('-', ' '):<12}"
            yield Text.assemble((name, STATE_STYLES[state]), words)
        yield Text("")
        yield Text("Columns of the check list", "bold")
        yield Text("  sent   requests, with those sent again and those for consent")
        yield Text("  got    answers, and requests of the peer")
        yield Text("  again  retransmissions")
        yield Text("")
        yield Text("Advice with a rule id: rtckit explain ID tells more.")


class ExportScreen(ModalScreen[str | None]):
    """Asks for the beginning of the files' names."""

    BINDINGS: ClassVar = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, stem: str, masked: bool) -> None:
        super().__init__()
        self._stem = stem
        self._masked = masked

    def compose(self) -> ComposeResult:
        """A line to write on."""
        with Vertical(id="export-frame") as frame:
            frame.border_title = "Export"
            hidden = "addresses are masked" if self._masked else "addresses are shown as they are"
            yield Static(f"Writes NAME.jsonl, NAME.svg and NAME.txt; {hidden}.", markup=False)
            yield Input(self._stem, id="export-name", select_on_focus=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand back what was written."""
        self.dismiss(event.value.strip() or None)

    def action_cancel(self) -> None:
        """Write nothing."""
        self.dismiss(None)
