"""The saved calls in captures/: each says of itself what a diagnosis must find."""

from pathlib import Path

import pytest

import rtckit
from rtckit.core.findings import Severity
from rtckit.rules.diagnosis import Diagnosis, diagnose

CAPTURES = Path(__file__).parents[2] / "captures"
BUNDLES = sorted(path.parent.name for path in CAPTURES.glob("*/bundle.toml"))
REQUIRED = {
    "aiortc-aiortc",
    "chromium-aiortc",
    "chromium-firefox",
    "ice-failed",
    "relayed",
    "turn-wrong-password",
}
_DIAGNOSES: dict[str, Diagnosis] = {}


def diagnosis_of(name: str) -> Diagnosis:
    if name not in _DIAGNOSES:
        _DIAGNOSES[name] = diagnose(rtckit.open(CAPTURES / name))
    return _DIAGNOSES[name]


def test_the_six_bundles_are_there() -> None:
    assert set(BUNDLES) >= REQUIRED


def test_together_they_stay_under_12_mb() -> None:
    assert sum(path.stat().st_size for path in CAPTURES.rglob("*") if path.is_file()) < 12_000_000


@pytest.mark.parametrize("name", BUNDLES)
def test_chain_is_as_the_bundle_expects(name: str) -> None:
    diagnosis = diagnosis_of(name)
    manifest = diagnosis.call.manifest
    assert manifest is not None
    assert manifest.expect_chain, "a bundle says what it expects"
    chain = {str(link.layer): str(link.state) for link in diagnosis.chain}
    assert chain == manifest.expect_chain
    assert str(diagnosis.broken or "") == manifest.expect_broken


@pytest.mark.parametrize("name", BUNDLES)
def test_findings_are_as_the_bundle_expects(name: str) -> None:
    diagnosis = diagnosis_of(name)
    manifest = diagnosis.call.manifest
    assert manifest is not None
    grave = {f.rule for f in diagnosis.findings if f.severity is not Severity.INFO}
    assert grave == set(manifest.expect_findings)


@pytest.mark.parametrize("name", BUNDLES)
def test_every_finding_points_at_something_that_exists(name: str) -> None:
    diagnosis = diagnosis_of(name)
    frames = {vantage.file: vantage.frames for vantage in diagnosis.call.vantages}
    for finding in diagnosis.findings:
        for place in (finding.location, *(item.location for item in finding.evidence)):
            if place.frame is not None:
                assert place.file is not None
                assert 1 <= place.frame <= frames[place.file]
            if place.line is not None:
                assert place.file is not None
                text = Path(place.file).read_bytes().decode(errors="replace")
                assert 1 <= place.line <= len(text.splitlines())


@pytest.mark.parametrize("name", BUNDLES)
def test_nothing_in_a_clean_capture_is_a_problem(name: str) -> None:
    call = diagnosis_of(name).call
    assert [str(p) for vantage in call.vantages for p in vantage.problems] == []
    assert [str(p) for p in call.problems] == []
    assert not any(vantage.truncated for vantage in call.vantages)


@pytest.mark.parametrize("name", BUNDLES)
def test_every_check_is_signed_with_the_password_signalled(name: str) -> None:
    """MESSAGE-INTEGRITY of real checks verifies with the passwords of the real descriptions."""
    call = diagnosis_of(name).call
    judged = [
        check.integrity for session in call.ice for view in session.views for check in view.checks
    ]
    assert all(judged)
    if name != "turn-wrong-password":
        assert judged


def test_ice_failed_names_the_symmetric_nat_of_the_end_that_has_it() -> None:
    diagnosis = diagnosis_of("ice-failed")
    finding = next(item for item in diagnosis.findings if item.rule == "CHECK001")
    # The bundle puts end b behind address-and-port-dependent mapping.
    assert diagnosis.call.peer_name("b") in finding.message
    assert finding.location.file is not None
    assert finding.location.file.endswith("b.pcapng")


def test_turn_wrong_password_tells_both_ends_and_never_the_password() -> None:
    diagnosis = diagnosis_of("turn-wrong-password")
    refused = [item for item in diagnosis.findings if item.rule == "TURN001"]
    assert {str(item.location.file).rsplit("/", 1)[-1] for item in refused} == {
        "a.pcapng",
        "b.pcapng",
    }


def test_relayed_call_is_seen_as_relayed_at_both_ends() -> None:
    call = diagnosis_of("relayed").call
    for side in ("a", "b"):
        vantage = call.vantage_of(side)
        assert vantage is not None
        view = call.ice[0].view(vantage.name)
        assert view is not None
        assert view.selected is not None
        assert view.selected.relay_client is not None
        assert all(stream.relayed for stream in vantage.streams)


@pytest.mark.parametrize("name", ["aiortc-aiortc", "chromium-aiortc"])
def test_dtls_1_2_certificates_have_the_fingerprints_signalled(name: str) -> None:
    call = diagnosis_of(name).call
    session = call.dtls[0]
    for role in ("client", "server"):
        side = (
            session.client_side
            if role == "client"
            else {"a": "b", "b": "a"}[session.client_side or "a"]
        )
        description = call.signalling.of(side or "a")
        assert description is not None
        # aiortc signals one certificate under several hash functions.
        for signalled in description.document.media[0].fingerprints:
            actual = next(iter(session.fingerprints(role, signalled.hash_function.lower())))
            assert actual == signalled.value.upper()


def test_dtls_1_3_is_recognised_with_its_fragmented_hello() -> None:
    session = diagnosis_of("chromium-firefox").call.dtls[0]
    assert session.version_name == "DTLS 1.3"
    assert session.client_hello is not None
    # X25519MLKEM768 (0x11ec) makes the ClientHello too large for one datagram.
    assert 0x11EC in session.client_hello.supported_groups
    assert session.srtp_profile is None
    assert not list(session.fingerprints("client"))


def test_ice_failed_is_understood_from_one_end_alone() -> None:
    """The other end's candidates show its NAT: one base with two mapped ports."""
    folder = CAPTURES / "ice-failed"
    diagnosis = diagnose(
        rtckit.open(folder / "a.pcapng", folder / "offer.sdp", folder / "answer.sdp")
    )
    assert diagnosis.broken == "ice"
    finding = next(item for item in diagnosis.findings if item.rule == "CHECK001")
    assert finding.location.file == str(folder / "answer.sdp")
    assert str(finding.certainty) == "likely"
