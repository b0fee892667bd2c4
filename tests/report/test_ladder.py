"""Ladders of negotiations (SVG), pages and texts."""

import xml.etree.ElementTree as ET

import pytest

from rtckit.jsep.simulation import Scenario, Trace, compare_traces, library_names, simulate, step
from rtckit.jsep.simulation.network import Signalling
from rtckit.jsep.simulation.scenario import PeerSetup
from rtckit.report.ladder import STATE_COLOURS, render_fragment, render_svg
from rtckit.report.simulation import change_lines, describe_sections, render_text
from rtckit.report.simulation_compare import render_text as render_comparison
from rtckit.report.simulation_html import render_html

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert(1)</script>\x1b[2J\u202e&"'


def drawn(trace: Trace) -> ET.Element:
    return ET.fromstring(render_svg(trace))


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", library_names())
def test_a_ladder_stands_alone_and_nothing_leaves_the_page(name: str) -> None:
    root = drawn(simulate(name, "chromium", "firefox"))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    background = root.find(f"{SVG}rect")
    assert background is not None
    assert background.attrib["fill"] == "#ffffff"
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in (
            *("svg", "title", "style", "rect", "text", "line", "path", "polygon"),
        )
        for key in ("x", "x1", "x2"):
            assert 0 <= float(element.attrib.get(key, 0)) <= width
        for key in ("y", "y1", "y2"):
            assert 0 <= float(element.attrib.get(key, 0)) <= height
        assert float(element.attrib.get("height", 1)) >= 0
    for text in root.iter(f"{SVG}text"):
        # DejaVu Sans, about the widest usual font, takes 7.2 units a character of prose.
        if "text-anchor" not in text.attrib and "class" in text.attrib:
            room = width - float(text.attrib["x"])
            assert text.attrib["class"] in ("h", "d") or len(text.text or "") * 7.2 < room


def test_arrows_bands_and_crosses() -> None:
    steps = (
        step("a", "addTrack", kind="audio"),
        step("a", "offer"),
        step("b", "lose"),
        step("a", "offer"),
        step("b", "duplicate"),
        step("b", "deliver"),
        step("b", "deliver"),
        step("b", "answer"),
    )
    trace = simulate(Scenario(title="all kinds", steps=steps))
    root = drawn(trace)
    lines = list(root.iter(f"{SVG}line"))
    # The lost offer, the other and its duplicate, the answer; and the section in the end.
    assert len(lines) == 1 + 2 + 1 + 1
    lost = [line for line in lines if line.attrib["stroke"] == "#b3261e"]
    assert len(lost) == 1
    dashed = [line for line in lines if line.attrib.get("stroke-dasharray") == "5 4"]
    # The lost one, the duplicate, and the answer that never arrives.
    assert len(dashed) == 3
    fills = {rect.attrib["fill"] for rect in root.iter(f"{SVG}rect")}
    assert {STATE_COLOURS[s] for s in ("stable", "have-local-offer", "have-remote-offer")} <= fills
    assert "offer a1, lost" in texts(root)
    assert "answer b1, never arrives" in texts(root)
    (delivered,) = (line for line in lines if "stroke-dasharray" not in line.attrib)
    assert float(delivered.attrib["y2"]) > float(delivered.attrib["y1"])


def test_an_ignored_offer_is_grey_and_errors_are_red() -> None:
    glare = drawn(simulate("glare-polite-callee"))
    assert "offer b1, ignored" in texts(glare)
    assert any(line.attrib["stroke"] == "#999999" for line in glare.iter(f"{SVG}line"))
    answers = drawn(simulate("two-answers", "chromium"))
    red = [t.text or "" for t in answers.iter(f"{SVG}text") if t.attrib.get("class") == "e"]
    assert "setRemoteDescription: InvalidStateError" in red
    assert any(path.attrib["stroke"] == "#b3261e" for path in answers.iter(f"{SVG}path"))


def hostile() -> Trace:
    steps = (
        step("a", "createDataChannel", label=HOSTILE),
        step("a", "offer", as_=HOSTILE, note=HOSTILE),
        step("b", "send", type="offer", sdp=HOSTILE),
        step("a", "deliver"),
    )
    peers = {"a": PeerSetup("chromium"), "b": PeerSetup("scripted", name=HOSTILE)}
    return simulate(Scenario(title=HOSTILE, explanation=HOSTILE, peers=peers, steps=steps))


def test_foreign_text_is_escaped_everywhere() -> None:
    trace = hostile()
    svg, page, text = render_svg(trace), render_html(trace), render_text(trace)
    ET.fromstring(svg)
    for shown in (svg, page, text, render_fragment(trace)):
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    for shown in (svg, page):
        assert "<script" not in shown


def test_a_notebook_shows_the_ladder() -> None:
    trace = simulate("plain-call")
    assert trace._repr_html_() == render_fragment(trace)


def test_an_empty_trace_is_drawn() -> None:
    trace = simulate(Scenario(title="nothing", signalling=Signalling()))
    assert "nothing was negotiated" in texts(drawn(trace))
    assert "nothing was negotiated" in render_text(trace)


def test_what_changed_is_told_with_what_matters_first() -> None:
    trace = simulate("hold-resume", "chromium", "chromium")
    held = next(
        call.description
        for call in trace.calls
        if call.description and call.description.side == "local" and call.description.changes
    )
    assert change_lines(held)[0].startswith("~ media 0: direction sendrecv -> sendonly  => ")
    assert change_lines(held, 1)[1:] in (
        [],
        [f"and {len(change_lines(held)) - 1} more; -v shows them all"],
    )


def test_sections_in_a_line() -> None:
    trace = simulate("simulcast-to-sfu", "chromium")
    offer = next(call.description for call in trace.calls if call.description)
    assert describe_sections(offer.sections) == "video mid 0 sendonly (sends layers q, h, f)"
    assert describe_sections([]) == "no sections"
    many = simulate("sfu-reoffers", "chromium")
    last = [call.description for call in many.calls if call.description][-1]
    assert describe_sections(last.sections).endswith("and 9 more")


def test_a_comparison_in_words() -> None:
    one = simulate("two-answers", "chromium")
    same = compare_traces(one, one)
    assert render_comparison(same) == (
        "simulated against real\nsimulated and real are equal in all of 7 steps.\n"
    )
    assert "7 = a gets answer b1" in render_comparison(same, verbose=1)
    other = compare_traces(one, simulate("two-answers", "firefox"), ("c", "f"))
    shown = render_comparison(other)
    assert "Cannot set remote answer in state stable" in shown
    assert "c and f differ in" in shown


def test_colour_and_width() -> None:
    trace = simulate("glare", "chromium", "firefox")
    assert "\x1b[" in render_text(trace, color=True)
    plain = render_text(trace, width=80)
    assert "\x1b[" not in plain
    assert max(len(line) for line in plain.splitlines()) <= 80
