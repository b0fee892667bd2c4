"""Comparisons drawn as text, as JSON and as pages."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given

from rtckit.report import diff_answer, diff_munging
from rtckit.report.diff import SIDE_BY_SIDE_WIDTH, render_text
from rtckit.report.diff_data import render_html, to_dict
from rtckit.report.json import dump
from rtckit.report.text import display_width
from rtckit.sdp import diff, parse
from rtckit.sdp.comparison.answer import compare_answer
from rtckit.sdp.comparison.munging import find_munging
from tests.capabilities import require
from tests.sdp.descriptions import CHROMIUM_OFFER, FIREFOX_ANSWER
from tests.strategies.sdp import documents

RESTART = CHROMIUM_OFFER.replace(":YOmo", ":Zzzz").replace(":B14u", ":C25v")
HOSTILE = CHROMIUM_OFFER.replace(
    "a=mid:0\r\n",
    "a=mid:0\r\na=x-<script>alert(1)</script>:\x1b]0;owned\x07<img src=x onerror=alert(2)>\r\n"
    "a=x-quote:\" onload='x' &amp; \u202eabc\r\n",
).replace("opus/", '<b onmouseover="x">/')


def test_narrow_text_puts_one_below_the_other() -> None:
    found = diff(CHROMIUM_OFFER, CHROMIUM_OFFER.replace("a=sendonly", "a=inactive"))
    line = CHROMIUM_OFFER.split("\r\n").index("a=sendonly") + 1
    assert render_text(found, names=("one.sdp", "two.sdp"), width=80) == (
        "1 change; one session, both version 2\n"
        "--- one.sdp\n"
        "+++ two.sdp\n"
        "\n"
        "media 1: video, mid 1\n"
        "  ~ direction\n"
        f"      - sendonly  {line}:3\n"
        f"      + inactive  {line}:3\n"
        "      => the writer stops sending video; nothing flows any more\n"
    )


def test_wide_text_puts_them_side_by_side() -> None:
    found = diff(CHROMIUM_OFFER, CHROMIUM_OFFER.replace("a=sendonly", "a=inactive"))
    drawn = render_text(found, names=("one.sdp", "two.sdp"), width=SIDE_BY_SIDE_WIDTH)
    row = next(line for line in drawn.splitlines() if "direction" in line)
    assert re.fullmatch(r"  ~ direction +\d+:3 sendonly +\| \d+:3 inactive", row)
    assert "one.sdp" in drawn
    assert "two.sdp" in drawn


def test_the_same_change_of_many_sections_is_told_once() -> None:
    found = diff(CHROMIUM_OFFER, RESTART)
    drawn = render_text(found, width=80)
    assert drawn.count("ICE restart") == 1
    assert "~ ice (also in media 1, 2)" in drawn
    assert render_text(found, width=80, verbose=1).count("ICE restart") == 3


@pytest.mark.parametrize("width", [60, 80, 110, 160, 240])
def test_lines_keep_to_the_width(width: int) -> None:
    drawn = render_text(diff(CHROMIUM_OFFER, FIREFOX_ANSWER), width=width)
    wide = [line for line in drawn.splitlines() if display_width(line) > width]
    # One below the other, a word is not broken (a fingerprint, a URI): people copy it.
    if width < SIDE_BY_SIDE_WIDTH:
        wide = [line for line in wide if max(map(len, line.split())) < 30]
    assert wide == []


def test_json() -> None:
    found = diff(CHROMIUM_OFFER, RESTART)
    answer = json.loads(dump(to_dict(found)))
    assert answer["schema"] == 1
    assert answer["findings"] == []
    assert answer["equal"] is False
    assert answer["same_session"] is True
    first = answer["changes"][0]
    assert first["path"] == "media[0].ice"
    assert first["kind"] == "changed"
    assert first["a"] == "ufrag YOmo, password (24 characters, masked)"
    assert first["b"] == "ufrag Zzzz, password (24 characters, masked)"
    assert first["impact"] == "ICE restart: both ufrag and pwd are new"
    assert set(first["place_a"]) == {"line", "column", "end_column"}
    assert json.loads(dump(to_dict(diff(RESTART, RESTART))))["changes"] == []


class _Page(HTMLParser):
    """Notes what a page would run or load, and whether its tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = {"class", "style", "colspan", "scope", "lang", "charset", "name", "content"}
        self.bad += [name for name, _ in attrs if name not in allowed]
        if tag in ("script", "img", "b", "iframe", "link", "object"):
            self.bad.append(tag)
        if tag not in ("meta", "col", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def pages(one: str | bytes, other: str | bytes) -> list[str]:
    a, b = parse(one), parse(other)
    return [
        render_html(diff(a, b, fold=False), ("<i>one</i>", "two")),
        diff_answer.render_html(compare_answer(a, b), ("<i>one</i>", "two")),
        diff_munging.render_html(find_munging(a, b), ("<i>one</i>", "two")),
    ]


def test_pages_run_and_load_nothing() -> None:
    for one, other in ((CHROMIUM_OFFER, HOSTILE), (HOSTILE, FIREFOX_ANSWER), (HOSTILE, HOSTILE)):
        for text in pages(one, other):
            page = _Page(text)
            assert page.bad == []
            assert page.open == []
            assert "\x1b" not in text
            assert "\u202e" not in text


@given(documents(), documents())
def test_any_two_descriptions_can_be_drawn(one: bytes, other: bytes) -> None:
    for text in pages(one, other):
        assert _Page(text).bad == []
    a, b = parse(one), parse(other)
    drawn = [
        render_text(diff(a, b), width=80, color=True),
        render_text(diff(a, b), width=160),
        diff_answer.render_text(compare_answer(a, b), color=False, width=80),
        diff_munging.render_text(find_munging(a, b), color=False, width=80),
    ]
    for text in drawn:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert plain.replace("\n", "").isprintable()
    dump(to_dict(diff(a, b)))
    dump(diff_answer.to_dict(compare_answer(a, b)))
    dump(diff_munging.to_dict(find_munging(a, b)))


@pytest.mark.browser
def test_a_browser_draws_the_page_without_running_anything(tmp_path: Path) -> None:
    require("chromium")
    from playwright.sync_api import sync_playwright

    page_file = tmp_path / "diff.html"
    page_file.write_text(pages(CHROMIUM_OFFER, HOSTILE)[0], encoding="utf-8")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme)
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("dialog", lambda dialog: pytest.fail(dialog.message))
            page.goto(page_file.as_uri())
            assert asked == [page_file.as_uri()]
            assert page.locator("script, img, b").count() == 0
            assert "alert(1)" in page.inner_text("table")
            assert page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
        browser.close()
