"""Laws of the standards' own peer: answers are faultless, and numbers keep their meaning."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtckit.core.findings import Severity
from rtckit.jsep.capabilities import Capabilities
from rtckit.jsep.connection import Configuration, PeerError
from rtckit.jsep.matching.formats import Configuration as FormatConfiguration
from rtckit.jsep.matching.formats import configuration_of
from rtckit.jsep.stacks.rfc.memory import formats_of
from rtckit.jsep.transceiver import DIRECTIONS
from rtckit.jsep.verdict import TypedSdp
from rtckit.rules.catalogue import find_rule
from rtckit.rules.lint import LintedDescription, OfferAnswer, lint
from rtckit.sdp import Document, parse
from tests.jsep.rfc_descriptions import OFFER, answer_to, exchange, peer
from tests.strategies.jsep_offers import offers

_SLOWLY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_POLICIES = st.sampled_from(["balanced", "max-bundle", "max-compat"])


def errors(offer: str, answer: Document) -> list[str]:
    """What linting finds wrong with the pair, or with the answer by itself."""
    pair = OfferAnswer(
        LintedDescription(parse(offer), "offer", "offer", "rfc", 0),
        LintedDescription(answer, "answer", "answer", "rfc", 1),
    )
    return [
        f"{item.rule}: {item.message}"
        for item in lint(pair, profile="rfc")
        if item.severity is Severity.ERROR
        and (find_rule(item.rule).subject == "offer-answer" or item.location.file == "answer")
    ]


@_SLOWLY
@given(offers(), st.lists(st.sampled_from(["audio", "video"]), max_size=2), _POLICIES)
def test_answers_are_faultless(offer: str, tracks: list[str], policy: str) -> None:
    answerer = peer(configuration=Configuration(bundle_policy=policy))
    for kind in tracks:
        answerer.add_track(kind, stream_ids=["s"])
    answer = answer_to(offer, answerer)
    offered = parse(offer)
    assert [item.kind for item in answer.media] == [item.kind for item in offered.media]
    assert [item.mid for item in answer.media] == [item.mid for item in offered.media]
    assert [item.protocol for item in answer.media] == [item.protocol for item in offered.media]
    assert errors(offer, answer) == []
    assert answer.problems == []
    for section in answer.media:
        told = [item for item in answerer.decisions if item.index == section.index]
        assert any(item.subject == "section" for item in told)


@_SLOWLY
@given(offers())
def test_everything_offered_is_accounted_for(offer: str) -> None:
    answerer = peer()
    answer = answer_to(offer, answerer)
    for offered, answered in zip(parse(offer).media, answer.media, strict=True):
        if answered.rejected:
            continue
        decided = {
            item.name.split(" ")[0]
            for item in answerer.decisions
            if item.index == offered.index and item.subject in ("codec", "extension")
        }
        assert {codec.payload_type for codec in offered.codecs} <= decided
        assert {str(item.id) for item in offered.extmap} <= decided


class _Meanings:
    """What payload types and extension ids stood for in a session; they may not change."""

    def __init__(self) -> None:
        self.formats: dict[int, FormatConfiguration] = {}
        self.ids: dict[int, str] = {}

    def add(self, document: Document) -> None:
        for media in document.media:
            if media.rejected:
                continue
            formats = formats_of(media)
            for item in formats:
                key = configuration_of(item, formats)
                assert self.formats.setdefault(item.payload_type, key) == key
            for extension in media.extmap:
                assert self.ids.setdefault(extension.id, extension.uri) == extension.uri


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["audio", "video"]), st.just("")),
        st.tuples(st.just("data"), st.just(""), st.just("")),
        st.tuples(st.just("stop"), st.integers(0, 3).map(str), st.just("")),
        st.tuples(st.just("direct"), st.integers(0, 3).map(str), st.sampled_from(DIRECTIONS)),
        st.tuples(st.just("restart"), st.just(""), st.just("")),
        st.tuples(st.just("exchange"), st.just(""), st.just("")),
    ),
    max_size=10,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.booleans(), _STEPS), min_size=1, max_size=3), _POLICIES)
def test_sessions_stay_consistent(
    turns: list[tuple[bool, list[tuple[str, str, str]]]], policy: str
) -> None:
    one = peer("one", configuration=Configuration(bundle_policy=policy))
    other = peer("other")
    one.add_track("audio", stream_ids=["s"])
    seen = _Meanings()
    before: list[Document] = []
    for is_first, steps in turns:
        actor, reactor = (one, other) if is_first else (other, one)
        for name, first, second in [*steps, ("exchange", "", "")]:
            chosen = int(first) if first.isdigit() else 0
            mine = [each for each in actor.transceivers if not each.stopping]
            if name == "add":
                actor.add_transceiver(first)
            elif name == "data":
                actor.create_data_channel("d")
            elif name == "stop" and chosen < len(mine):
                actor.stop(mine[chosen])
            elif name == "direct" and chosen < len(mine):
                actor.set_direction(mine[chosen], second)
            elif name == "restart":
                actor.restart_ice()
            elif name == "exchange":
                pair = exchange(actor, reactor)
                _check_exchange(pair, before)
                for document in pair:
                    seen.add(document)
                before = list(pair)
    assert one.signaling_state == other.signaling_state == "stable"


def _check_exchange(pair: tuple[Document, Document], before: list[Document]) -> None:
    offer, answer = pair
    assert errors(offer.text, answer) == []
    assert offer.problems == answer.problems == []
    assert len(offer.media) == len(answer.media)
    for old in before:
        assert len(offer.media) >= len(old.media)
        for was, now in zip(old.media, offer.media, strict=False):
            # A section keeps its kind and name unless it was rejected and is taken over.
            if not was.rejected and not any(item.media[was.index].rejected for item in before):
                assert (was.kind, was.mid) == (now.kind, now.mid)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_offers_are_answered_or_refused(data: st.DataObject) -> None:
    texts = OFFER.split("\r\n")[:-1]
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(texts) - 1))
        how = data.draw(st.sampled_from(["drop", "double", "swap", "cut", "char"]))
        line = texts[place]
        if how == "drop":
            del texts[place]
        elif how == "double":
            texts.insert(place, line)
        elif how == "swap":
            texts[place], texts[-1] = texts[-1], line
        elif how == "cut":
            texts[place] = line[: data.draw(st.integers(0, len(line)))]
        else:
            at = data.draw(st.integers(0, len(line)))
            texts[place] = line[:at] + data.draw(st.sampled_from("0 ;:=x/")) + line[at + 1 :]
    text = "".join(f"{line}\r\n" for line in texts)
    refusal: PeerError | None = None
    try:
        answer = answer_to(text)
    except PeerError as error:
        refusal = error
    if refusal is None:
        assert len(answer.media) == len(parse(text).media)
    else:
        assert refusal.name in ("OperationError", "InvalidAccessError")
        assert refusal.message


def test_capabilities_of_an_own_offer_make_the_same_offer() -> None:
    one = peer("x")
    one.add_transceiver("audio")
    one.add_transceiver("video")
    one.create_data_channel("d")
    text = one.create_offer().sdp
    again = peer("x", capabilities=Capabilities.from_offer(parse(text)))
    again.add_transceiver("audio")
    again.add_transceiver("video")
    again.create_data_channel("d")
    assert again.create_offer() == TypedSdp("offer", text)
