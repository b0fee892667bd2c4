"""Strategies for multicast DNS messages."""

from hypothesis import strategies as st

from rtckit.wire.mdns import MdnsMessage, Question, Record

labels = st.text(
    st.characters(exclude_characters=".", exclude_categories=("Cs",)), min_size=1, max_size=12
)
names = st.lists(labels, max_size=4).map(".".join)
_words = st.integers(0, 0xFFFF)
_classes = st.integers(0, 0x7FFF)
questions = st.builds(Question, names, _words, st.booleans(), _classes)
records = st.builds(
    Record,
    names,
    _words,
    st.binary(max_size=40),
    st.integers(0, 0xFFFFFFFF),
    st.booleans(),
    _classes,
)
_sections = st.lists(records, max_size=3).map(tuple)
messages = st.builds(
    MdnsMessage,
    st.lists(questions, max_size=3).map(tuple),
    _sections,
    _sections,
    _sections,
    _words,
    _words,
)
