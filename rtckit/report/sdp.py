"""The anatomy of a session description, drawn; and, from its own module, as plain data.

ICE passwords and key material are masked unless ``secrets`` is asked for; every foreign text is
escaped before it is drawn.
"""

from collections.abc import Sequence

from rtckit.core.address import scope_of
from rtckit.core.text import escape_controls, mask
from rtckit.report.sdp_data import describe, extensions_of, shown_of, to_dict, unknown_of
from rtckit.report.text import Paint, Styled, columns, format_bytes, format_count, paragraph
from rtckit.sdp import (
    Candidate,
    Codec,
    Connection,
    Description,
    Document,
    MediaSection,
    SdpProblem,
    Section,
    SessionSection,
    SimulcastStream,
)

__all__ = ["describe", "render_text", "to_dict"]

_LABEL_WIDTH = 14
_SHOWN_CANDIDATES = 8
_SHOWN_PROBLEMS = 20
_UNCUT_WIDTH = 400
_DIRECTION_STYLES = {"sendrecv": "green", "inactive": "yellow"}


def render_text(
    description: Description | Document,
    *,
    color: bool = False,
    width: int = 100,
    verbose: int = 0,
    secrets: bool = False,
) -> str:
    """A description drawn: the session, each media section, and what could not be read.

    ``verbose`` shows every candidate with all it says, header extensions in full, and unknown
    attributes with their values.
    """
    if isinstance(description, Document):
        description = Description(description)
    drawing = _Drawing(description.document, Paint(color), width, verbose, secrets)
    return drawing.draw(description.type, description.undone)


class _Drawing:
    """Draws one description; a block a section, a labelled entry a topic."""

    def __init__(
        self, document: Document, paint: Paint, width: int, verbose: int, secrets: bool
    ) -> None:
        self.document = document
        self.paint = paint
        self.width = width
        self.verbose = verbose
        self.secrets = secrets
        self.lines: list[str] = []

    def draw(self, kind: str | None, undone: Sequence[str]) -> str:
        document = self.document
        head = f"{kind or 'description'}: {format_count(len(document.media), 'media section')}"
        self.lines.append(
            self.paint(escape_controls(head), "bold")
            + f", {format_count(len(document.lines), 'line')}"
        )
        if undone:
            self.prose("undone", ", ".join(undone))
        self.session(document.session)
        for media in document.media:
            self.media(media)
        self.problems(document.problems)
        return "\n".join(self.lines) + "\n"

    # -- building blocks

    def heading(self, parts: Sequence[tuple[str, str]], line: int) -> None:
        """A section's first line: its parts in their styles, and where it begins."""
        painted = "  ".join(self.paint(escape_controls(text), style) for text, style in parts)
        self.lines += ["", f"{painted}  {self.paint(f'line {line}', 'dim')}"]

    def label(self, label: str) -> str:
        return f"  {label:<{_LABEL_WIDTH - 2}}"

    def prose(self, label: str, text: str) -> None:
        """An entry of running text; empty text is no entry."""
        if text:
            indent = " " * _LABEL_WIDTH
            drawn = paragraph(text, width=self.width, indent=indent, first=self.label(label))
            self.lines.append(self.dim_label(drawn))

    def whole(self, label: str, text: str) -> None:
        """An entry that is never cut or filled, because people compare it."""
        self.lines.append(self.dim_label(self.label(label) + escape_controls(text)))

    def table(
        self,
        label: str,
        rows: Sequence[Sequence[str | Styled]],
        more: int = 0,
        header: Sequence[str] = (),
        cut: bool = True,
    ) -> None:
        """An entry of rows, and how many more there are; ``cut`` to the width or left to wrap."""
        if not rows:
            return
        indent = " " * _LABEL_WIDTH
        width = self.width if cut else max(self.width, _UNCUT_WIDTH)
        drawn = columns(rows, paint=self.paint, width=width, indent=indent, header=header)
        self.lines.append(self.dim_label(self.label(label) + drawn[_LABEL_WIDTH:]))
        if more:
            self.lines.append(indent + self.paint(f"and {more} more (-v shows them)", "dim"))

    def dim_label(self, drawn: str) -> str:
        return self.paint(drawn[:_LABEL_WIDTH], "dim") + drawn[_LABEL_WIDTH:]

    # -- sections

    def session(self, session: SessionSection) -> None:
        self.heading([("session", "bold")], session.first_line)
        origin = session.origin
        if origin is not None:
            self.prose(
                "origin",
                f"{origin.username}, session {origin.session_id}, version {origin.version}, "
                f"{origin.nettype} {origin.addrtype} {origin.address}",
            )
        if session.name not in (None, "", "-", " "):
            self.prose("name", session.name or "")
        for group in session.groups:
            label = "bundle" if group.semantics == "BUNDLE" else "group"
            before = "" if group.semantics == "BUNDLE" else f"{group.semantics}: "
            self.prose(label, before + (" ".join(group.mids) or "(of nothing)"))
        self.transport_lines(session)
        self.prose("agent", "ICE lite" if session.ice_lite else "")
        self.extensions(session)
        self.prose("identity", "asserted" if session.identity else "")
        self.general(session)

    def media(self, media: MediaSection) -> None:
        parts = [(str(media.index), "bold"), (media.kind or "?", "bold")]
        if media.mid is not None:
            parts.append((f"mid {media.mid}", ""))
        if media.rejected:
            parts.append(("rejected", "bold red"))
        if not media.is_data:
            parts.append((media.direction, _DIRECTION_STYLES.get(media.direction, "cyan")))
        self.heading(parts, media.first_line)
        port = "unreadable port" if media.port is None else f"port {media.port}"
        flags = [
            name
            for name, said in (
                ("bundle-only", media.bundle_only),
                ("rtcp-mux", media.rtcp_mux),
                ("rtcp-mux-only", media.rtcp_mux_only),
                ("rtcp-rsize", media.rtcp_rsize),
            )
            if said
        ]
        self.prose("transport", ", ".join([media.protocol or "no protocol", port, *flags]))
        self.ice_and_dtls(media)
        self.candidates(media)
        self.codecs(media)
        if not media.is_rtp and not media.is_data:
            self.prose("formats", " ".join(media.formats))
        self.data(media)
        self.extensions(media)
        self.streams(media)
        self.encodings(media)
        self.table("keys (SDES)", [self.crypto_row(media, i) for i in range(len(media.crypto))])
        self.general(media)

    def ice_and_dtls(self, media: MediaSection) -> None:
        """What the section says itself; under BUNDLE that may stand in another section."""
        tagged = self.document.transport_of(media)
        if tagged is media or self.verbose or not _says_no_more(media, tagged):
            self.transport_lines(media)
        else:
            shown = f"{tagged.index}" + (f" (mid {tagged.mid})" if tagged.mid else "")
            self.prose("ICE, DTLS", f"of section {shown}, bundled")

    def transport_lines(self, section: Section) -> None:
        parts = []
        if section.ice_ufrag is not None:
            parts.append(f"ufrag {section.ice_ufrag}")
        if section.ice_pwd is not None:
            shown = section.ice_pwd if self.secrets else mask(section.ice_pwd)
            parts.append(f"password {shown}")
        if section.ice_options:
            parts.append("options " + " ".join(section.ice_options))
        if section.end_of_candidates:
            parts.append("end of candidates")
        self.prose("ICE", ", ".join(parts))
        parts = [f"setup {section.setup}"] if section.setup else []
        if section.tls_id:
            parts.append(f"tls-id {section.tls_id}")
        self.prose("DTLS", ", ".join(parts))
        if section.has("fingerprint"):
            for item in section.fingerprints:
                self.whole("fingerprint", f"{item.hash_function} {item.value}")

    def candidates(self, media: MediaSection) -> None:
        found = media.candidates
        shown = found if self.verbose else found[:_SHOWN_CANDIDATES]
        rows = [self.candidate_row(candidate) for candidate in shown]
        header = ("type", "over", "address", "scope", "priority")
        self.table("candidates", rows, len(found) - len(shown), header, cut=False)

    def candidate_row(self, candidate: Candidate) -> list[str | Styled]:
        extra = [] if candidate.component == 1 else [f"component {candidate.component}"]
        if candidate.tcptype is not None:
            extra.append(candidate.tcptype)
        if candidate.related_address is not None:
            related = _host_port(candidate.related_address, candidate.related_port)
            extra.append(f"from {related}")
        if self.verbose:
            extra.append(f"foundation {candidate.foundation}")
            extra += [f"{name} {value}" for name, value in extensions_of(candidate, self.secrets)]
        return [
            candidate.type,
            candidate.transport.lower(),
            _host_port(candidate.address, candidate.port),
            Styled(str(scope_of(candidate.address)), "dim"),
            str(candidate.priority),
            ", ".join(extra),
        ]

    def codecs(self, media: MediaSection) -> None:
        """The codecs, then the feedback with the payload types it is for."""
        rows: list[list[str | Styled]] = []
        feedback: dict[str, list[str]] = {}
        repeats = {} if self.verbose else _retransmissions(media.codecs)
        for codec in media.codecs:
            if codec.rtcp_fb:
                feedback.setdefault(", ".join(codec.rtcp_fb), []).append(codec.payload_type)
            if codec.payload_type in repeats.values():
                continue
            row: list[str | Styled] = [codec.payload_type, Styled(str(codec), "bold")]
            if repeats:
                repeat = repeats.get(codec.payload_type)
                row.append(Styled(f"rtx {repeat}" if repeat else "", "dim"))
            rows.append([*row, codec.fmtp_text or ""])
        self.table("codecs", rows, cut=False)
        for said, payload_types in feedback.items():
            every = len(payload_types) == len(media.codecs)
            self.prose("feedback", said + ("" if every else f": {' '.join(payload_types)}"))

    def crypto_row(self, media: MediaSection, index: int) -> list[str | Styled]:
        item = media.crypto[index]
        key = item.key_parameters if self.secrets else mask(item.key_parameters)
        return [item.tag, item.suite, key, " ".join(item.session_parameters)]

    def data(self, media: MediaSection) -> None:
        if not media.is_data:
            return
        port = "no port" if media.sctp_port is None else f"port {media.sctp_port}"
        size = media.max_message_size
        if size is None:
            largest = "no largest message said (64 kB then)"
        elif size == 0:
            largest = "messages of any size"
        else:
            largest = f"messages up to {format_bytes(size)}"
        self.prose("SCTP", f"{port}, {largest}, {' '.join(media.formats)}")

    def extensions(self, section: Section) -> None:
        if isinstance(section, MediaSection) and not section.has("extmap"):
            return
        if self.verbose:
            rows = [[str(m.id), m.uri, m.direction or "", m.attributes] for m in section.extmap]
            self.table("extensions", rows)
            return
        self.prose(
            "extensions",
            ", ".join(
                f"{item.id}:{_short_uri(item.uri)}"
                + (f"/{item.direction}" if item.direction else "")
                for item in section.extmap
            ),
        )

    def streams(self, media: MediaSection) -> None:
        rows = [[item.stream, item.track or ""] for item in media.msids]
        self.table("streams", rows)
        sources = []
        for ssrc, found in media.ssrcs.items():
            names = found if self.verbose else [name for name in found if name == "cname"]
            sources.append([str(ssrc), ", ".join(f"{name} {found[name]}" for name in names)])
        shown = sources if self.verbose else sources[:_SHOWN_CANDIDATES]
        self.table("sources", shown, len(sources) - len(shown))
        groups = [f"{g.semantics} {' '.join(map(str, g.ssrcs))}" for g in media.ssrc_groups]
        self.prose("groups", ", ".join(groups))

    def encodings(self, media: MediaSection) -> None:
        rows = []
        for rid in media.rids:
            limits = [
                name if value is None else f"{name}={value}"
                for name, value in rid.restrictions.items()
            ]
            if rid.payload_types:
                limits.insert(0, "payload types " + " ".join(rid.payload_types))
            rows.append([rid.id, rid.direction, ", ".join(limits)])
        self.table("encodings", rows)
        if media.simulcast is not None:
            said = (("send", media.simulcast.send), ("recv", media.simulcast.recv))
            texts = [f"{direction} {_simulcast(found)}" for direction, found in said if found]
            self.prose("simulcast", ", ".join(texts))

    def general(self, section: Section) -> None:
        for connection in section.connections:
            if connection.address not in ("0.0.0.0", "::"):
                self.prose("connection", _connection(connection))
        limits = ", ".join(f"{item.type} {item.value}" for item in section.bandwidth)
        self.prose("bandwidth", limits)
        unknown = [(item.line, *shown_of(item, self.secrets)) for item in unknown_of(section)]
        if self.verbose:
            rows = [[f"line {line}", name, value or ""] for line, name, value in unknown]
            self.table("unknown", rows)
        else:
            self.prose("unknown", ", ".join(dict.fromkeys(name for _, name, _ in unknown)))

    def problems(self, problems: Sequence[SdpProblem]) -> None:
        if not problems:
            return
        self.lines += ["", self.paint(format_count(len(problems), "problem"), "bold yellow")]
        shown = problems if self.verbose else problems[:_SHOWN_PROBLEMS]
        for problem in shown:
            self.lines.append(paragraph(str(problem), width=self.width, indent="    ", first="  "))
        if len(problems) > len(shown):
            text = f"and {len(problems) - len(shown)} more (-v shows them)"
            self.lines.append("  " + self.paint(text, "dim"))


def _retransmissions(codecs: Sequence[Codec]) -> dict[str, str]:
    """For each payload type the ``rtx`` that only says it repeats it (RFC 4588, 8.1)."""
    known = {codec.payload_type for codec in codecs if codec.name.lower() != "rtx"}
    found: dict[str, str] = {}
    for codec in codecs:
        if codec.name.lower() == "rtx" and codec.apt in known and len(codec.fmtp) == 1:
            found.setdefault(codec.apt or "", codec.payload_type)
    return found


def _says_no_more(media: MediaSection, tagged: MediaSection) -> bool:
    """Whether a bundled section's ICE and DTLS lines are absent or those of the tagged section."""
    return (
        (media.ice_ufrag is None or media.ice_ufrag == tagged.ice_ufrag)
        and (media.ice_pwd is None or media.ice_pwd == tagged.ice_pwd)
        and (media.setup is None or media.setup == tagged.setup)
        and {(item.hash_function, item.value) for item in media.fingerprints}
        <= {(item.hash_function, item.value) for item in tagged.fingerprints}
    )


def _host_port(address: str, port: int | None) -> str:
    host = f"[{address}]" if ":" in address else address
    return host if port is None else f"{host}:{port}"


def _connection(connection: Connection) -> str:
    text = f"{connection.nettype} {connection.addrtype} {connection.address}"
    if connection.ttl is not None:
        text += f", TTL {connection.ttl}"
    return text if connection.addresses is None else f"{text}, {connection.addresses} addresses"


def _simulcast(streams: tuple[tuple[SimulcastStream, ...], ...]) -> str:
    return "; ".join(
        " or ".join(stream.rid + (" (paused)" if stream.paused else "") for stream in alternatives)
        for alternatives in streams
    )


def _short_uri(uri: str) -> str:
    """The last part of a header extension's URI, which is what people call it."""
    for separator in ("#", "/", ":"):
        _, found, tail = uri.rpartition(separator)
        if found and tail:
            return tail
    return uri
