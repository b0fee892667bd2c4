"""The laws of editing, on documents of anything."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from rtckit.sdp import Document, parse
from rtckit.sdp.edit import Editor
from tests.sdp.test_document import read_everything
from tests.strategies.sdp import candidates, documents

Step = Callable[[Editor], Editor]

_numbers = st.integers(0, 30)
_texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["a=mid:0", "a=sendonly", "m=audio 9 RTP/AVP 0", "v=0", "\ufeff", "\udcff"]),
)
_sections = st.one_of(st.none(), st.integers(-1, 4), st.sampled_from(["0", "1", "96", "x"]))
_media = st.one_of(st.integers(-1, 4), st.sampled_from(["0", "1", "96", "x"]))
_names = st.sampled_from(["mid", "setup", "candidate", "rtpmap", "x-new", "", "a b", "group"])
_codecs = st.lists(st.one_of(st.sampled_from(["0", "96", "111", "VP8", "opus"]), _numbers))


def _step(name: str, *arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    return st.tuples(*arguments).map(
        lambda drawn: lambda editor: getattr(editor, name)(*drawn)  # type: ignore[return-value]
    )


steps = st.one_of(
    _step("insert_line", _numbers, _texts),
    _step("replace_line", _numbers, _texts),
    _step("remove_line", _numbers),
    _step("add_attribute", _sections, _names, st.none() | _texts),
    _step("set_attribute", _sections, _names, st.none() | _texts),
    _step("remove_attributes", _sections, _names),
    _step("set_direction", _sections, st.sampled_from(["sendrecv", "inactive", "no"])),
    _step(
        "add_media", st.sampled_from(["m=audio 9 RTP/AVP 0\na=mid:n", "x"]), st.none() | _numbers
    ),
    _step("reject_media", _media),
    _step("set_port", _media, st.integers(-1, 70000)),
    _step("set_group", st.sampled_from(["BUNDLE", "LS"]), st.lists(_texts, max_size=3)),
    _step("keep_codecs", _media, _codecs),
    _step("remove_codecs", _media, _codecs),
    _step("prefer_codecs", _media, _codecs),
    _step("add_candidate", _media, candidates()),
    _step("remove_candidates", _media),
    _step("replace_candidates", _media, st.lists(candidates(), max_size=3)),
)


def attempt(editor: Editor, step: Step) -> bool:
    """Whether the step could be done; a step that could not must have changed nothing."""
    before, count = editor.document, editor.steps
    try:
        step(editor)
    except (ValueError, LookupError):
        assert editor.document is before
        assert editor.steps == count
        return False
    return True


def same_views(one: Document, other: Document) -> bool:
    return (one.lines, one.problems, one.bundle, [m.codecs for m in one.media]) == (
        other.lines,
        other.problems,
        other.bundle,
        [m.codecs for m in other.media],
    )


@given(documents(), st.booleans(), st.lists(steps, min_size=1, max_size=6))
def test_steps_are_seen_undone_and_never_raise_anything_else(
    data: bytes, binary: bool, drawn: list[Step]
) -> None:
    source = data if binary else data.decode("utf-8", "surrogateescape")
    document = parse(source)
    editor = document.edit()
    for step in drawn:
        attempt(editor, step)
        written = editor.write()
        assert isinstance(written, bytes) is binary
        assert same_views(parse(written), editor.document)
        read_everything(editor.document)
    while editor.steps:
        editor.undo()
    assert editor.document is document
    assert editor.write() == source


def bodies_and_ends(document: Document) -> list[tuple[str, str]]:
    return [(line.text, line.end) for line in document.lines]


@given(documents(), _numbers, st.text("ab=é", min_size=1, max_size=5))
def test_the_other_lines_stay(data: bytes, number: int, text: str) -> None:
    document = parse(data)
    before = bodies_and_ends(document)
    editor = document.edit()
    if number == 1 and not document.byte_order_mark:
        text = "v=0"
    if attempt(editor, lambda e: e.insert_line(number, text)):
        after = bodies_and_ends(editor.document)
        new = after.pop(number - 1)
        assert new[0] == text
        # An end is given to a line that was last and had none, and to no other.
        if number - 1 < len(before):
            assert after == before
        else:
            assert after[:-1] == before[:-1]
            assert after[-1][0] == before[-1][0]
            assert bool(new[1]) == bool(before[-1][1])
        assert editor.remove_line(number).write() == data
    editor = document.edit()
    if attempt(editor, lambda e: e.replace_line(number, text)):
        after = bodies_and_ends(editor.document)
        assert after[: number - 1] == before[: number - 1]
        assert after[number:] == before[number:]
        assert after[number - 1] == (text, before[number - 1][1])
        assert editor.replace_line(number, before[number - 1][0] or "x") is editor


@given(documents(), _numbers)
def test_removing_leaves_the_other_lines(data: bytes, number: int) -> None:
    document = parse(data)
    editor = document.edit()
    if not attempt(editor, lambda e: e.remove_line(number)):
        return
    before, after = bodies_and_ends(document), bodies_and_ends(editor.document)
    del before[number - 1]
    marked = editor.document.byte_order_mark and not document.byte_order_mark
    texts = [text for text, _ in before]
    if marked:
        texts[0] = texts[0].removeprefix("\ufeff")
    assert [text for text, _ in after] == texts
    for index, ((_, old), (_, new)) in enumerate(zip(before, after, strict=True)):
        # Only the last line may lose its end, and a bare CR may not stand before a blank line's LF.
        if new != old and index < len(after) - 1:
            assert (old, new) == ("\r", "\r\n")
            assert index == number - 2
            assert not after[index + 1][0]
