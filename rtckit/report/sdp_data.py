"""What a session description says as plain data: the JSON of ``rtckit sdp show``.

ICE passwords and key material are masked unless ``secrets`` is asked for.
"""

import re
from collections.abc import Iterable
from typing import Any

from rtckit.core.address import scope_of
from rtckit.core.text import mask
from rtckit.report.json import answer
from rtckit.sdp import (
    Attribute,
    Candidate,
    Codec,
    Description,
    Document,
    MediaSection,
    SdpProblem,
    Section,
    Span,
)
from rtckit.sdp.grammar import is_known

__all__ = ["describe", "extensions_of", "shown_of", "to_dict", "unknown_of"]

_SECRET_EXTENSIONS = frozenset({"password"})
"""Candidate extensions of old Google ICE that carry an ICE password."""
_SECRET_NAME = re.compile(r"pwd|passw|crypto|key|secret|token", re.IGNORECASE)


def to_dict(description: Description, *, secrets: bool = False) -> dict[str, Any]:
    """The JSON answer of ``rtckit sdp show``."""
    return answer(
        type=description.type,
        undone=list(description.undone),
        **describe(description.document, secrets=secrets),
    )


def describe(document: Document, *, secrets: bool = False) -> dict[str, Any]:
    """What a description says, as plain data: ``session``, ``media``, ``lines``, ``problems``.

    Strings are as written, so they may hold anything; ids are strings. Passwords and keys are
    masked unless ``secrets``.
    """
    return {
        "session": _describe_session(document, secrets),
        "media": [_describe_media(document, media, secrets) for media in document.media],
        "lines": len(document.lines),
        "problems": [_describe_problem(problem) for problem in document.problems],
    }


def _describe_problem(problem: SdpProblem) -> dict[str, Any]:
    return {
        "message": problem.message,
        "line": problem.span.line,
        "column": problem.span.column,
        "end_column": problem.span.end_column,
        "expected": problem.expected,
    }


def _plain(record: Any) -> dict[str, Any] | None:
    """A named tuple as a dictionary, its span as a line number."""
    if record is None:
        return None
    fields = record._asdict()
    span: Span = fields.pop("span")
    return {**fields, "line": span.line}


def _describe_transport(section: Section, secrets: bool) -> dict[str, Any]:
    """ICE and DTLS as they hold for a section."""
    password = section.ice_pwd
    return {
        "ice": {
            "ufrag": section.ice_ufrag,
            "pwd": password if secrets or password is None else mask(password),
            "options": list(section.ice_options),
            "end_of_candidates": section.end_of_candidates,
        },
        "dtls": {
            "setup": section.setup,
            "fingerprints": [_plain(item) for item in section.fingerprints],
            "tls_id": section.tls_id,
        },
    }


def _describe_session(document: Document, secrets: bool) -> dict[str, Any]:
    session = document.session
    return {
        "version": session.version,
        "origin": _plain(session.origin),
        "name": session.name,
        "timing": [_plain(item) for item in session.timings],
        "connection": _plain(session.connection),
        "bandwidth": [_plain(item) for item in session.bandwidth],
        "direction": session.direction,
        "groups": [_plain(group) for group in document.groups],
        "bundle": document.bundle,
        "msid_semantics": [[item.semantic, *item.streams] for item in session.msid_semantics],
        "ice_lite": session.ice_lite,
        "identity": session.identity is not None,
        **_describe_transport(session, secrets),
        "extmap": [_plain(item) for item in session.extmap],
        "extmap_allow_mixed": session.extmap_allow_mixed,
        "unknown": _describe_unknown(session, secrets),
    }


def _describe_media(document: Document, media: MediaSection, secrets: bool) -> dict[str, Any]:
    simulcast = media.simulcast
    rtcp = media.rtcp
    return {
        "index": media.index,
        "line": media.first_line,
        "kind": media.kind,
        "port": media.port,
        "protocol": media.protocol,
        "mid": media.mid,
        "direction": media.direction,
        "rejected": media.rejected,
        "bundle_only": media.bundle_only,
        "transport_section": document.transport_of(media).index,
        "connection": _plain(media.connection),
        "bandwidth": [_plain(item) for item in media.bandwidth],
        "formats": media.formats,
        "codecs": [_describe_codec(codec) for codec in media.codecs],
        **_describe_transport(media, secrets),
        "candidates": [_describe_candidate(item, secrets) for item in media.candidates],
        "rtcp_mux": media.rtcp_mux,
        "rtcp_rsize": media.rtcp_rsize,
        "rtcp": rtcp and {"port": rtcp.port, "connection": _plain(rtcp.connection)},
        "extmap": [_plain(item) for item in media.extmap],
        "extmap_allow_mixed": media.extmap_allow_mixed,
        "msids": [_plain(item) for item in media.msids],
        "ssrcs": {str(ssrc): dict(found) for ssrc, found in media.ssrcs.items()},
        "ssrc_groups": [_plain(item) for item in media.ssrc_groups],
        "rids": [
            {
                "id": rid.id,
                "direction": rid.direction,
                "payload_types": list(rid.payload_types),
                "restrictions": dict(rid.restrictions),
            }
            for rid in media.rids
        ],
        "simulcast": simulcast
        and {
            direction: [[stream._asdict() for stream in alternatives] for alternatives in streams]
            for direction, streams in (("send", simulcast.send), ("recv", simulcast.recv))
        },
        "sctp_port": media.sctp_port,
        "max_message_size": media.max_message_size,
        "crypto": [
            {
                "tag": item.tag,
                "suite": item.suite,
                "key": item.key_parameters if secrets else mask(item.key_parameters),
            }
            for item in media.crypto
        ],
        "unknown": _describe_unknown(media, secrets),
    }


def _describe_codec(codec: Codec) -> dict[str, Any]:
    return {
        "payload_type": codec.payload_type,
        "name": codec.name,
        "clock_rate": codec.clock_rate,
        "channels": codec.channels,
        "fmtp": dict(codec.fmtp),
        "rtcp_fb": list(codec.rtcp_fb),
        "static": codec.static,
        "line": codec.span.line,
    }


def _describe_candidate(candidate: Candidate, secrets: bool) -> dict[str, Any]:
    return {
        "foundation": candidate.foundation,
        "component": candidate.component,
        "transport": candidate.transport,
        "priority": candidate.priority,
        "address": candidate.address,
        "port": candidate.port,
        "type": candidate.type,
        "related_address": candidate.related_address,
        "related_port": candidate.related_port,
        "tcptype": candidate.tcptype,
        "extensions": [list(pair) for pair in extensions_of(candidate, secrets)],
        "scope": str(scope_of(candidate.address)),
        "line": candidate.span.line if candidate.span else None,
    }


def extensions_of(candidate: Candidate, secrets: bool) -> Iterable[tuple[str, str]]:
    """A candidate's extensions, passwords masked unless ``secrets``."""
    for name, value in candidate.extensions:
        hidden = name.lower() in _SECRET_EXTENSIONS and not secrets
        yield name, mask(value) if hidden else value


def unknown_of(section: Section) -> list[Attribute]:
    """The attributes at the section's level that rtckit does not know."""
    return [item for item in section.attributes if not is_known(item.name)]


def shown_of(attribute: Attribute, secrets: bool) -> tuple[str, str | None]:
    """Name and value of an unknown attribute, masked when the name sounds like a secret's.

    A damaged line may hold the secret in what counts as its name; of that the first word is left.
    """
    name, value, _ = attribute
    if secrets or not _SECRET_NAME.search(name):
        return name, value
    return name.partition(" ")[0], mask(value) if value else value


def _describe_unknown(section: Section, secrets: bool) -> list[dict[str, Any]]:
    shown = [(shown_of(item, secrets), item.line) for item in unknown_of(section)]
    return [{"name": name, "value": value, "line": line} for (name, value), line in shown]
