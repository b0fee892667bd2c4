"""What writing an offer and writing an answer share: the documents in force, ids, credentials."""

from collections.abc import Iterator, Sequence
from typing import Any

from rtckit.jsep.capabilities import Capabilities
from rtckit.jsep.connection import PeerConnection
from rtckit.jsep.decision import Decision
from rtckit.jsep.facts import DescriptionFacts, read_facts
from rtckit.jsep.peer_state import SectionPlan
from rtckit.jsep.stacks.rfc.capabilities import CAPABILITIES
from rtckit.jsep.stacks.rfc.memory import Agreement, Memory
from rtckit.jsep.transceiver import Transceiver
from rtckit.jsep.verdict import TypedSdp
from rtckit.sdp.document import Document, parse

__all__ = ["Writer"]

_DOCUMENTS_KEPT = 8
_TLS_ID_LENGTH = 40
"""160 bits; at least 120 are wanted (RFC 8842, 5)."""


class Writer(PeerConnection):
    """What is kept between descriptions, and the lines both kinds have."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._able: Capabilities = self.capabilities or CAPABILITIES
        self._memory = Memory()
        self._learnt: set[str] = set()
        self._documents: dict[str, Document] = {}
        self._tls_ids: dict[str, str] = {}

    # -- descriptions ---------------------------------------------------------------------------

    def _document(self, sdp: str) -> Document:
        """The document of a text; the last few are kept.

        Raises:
            ParseError: it is no description at all.
        """
        found = self._documents.get(sdp)
        if found is None:
            found = parse(sdp)
            if len(self._documents) >= _DOCUMENTS_KEPT:
                in_use = {item.sdp for item in self._descriptions() if item is not None}
                self._documents = {
                    text: kept for text, kept in self._documents.items() if text in in_use
                }
            self._documents[sdp] = found
        return found

    def _document_of(self, description: TypedSdp | None) -> Document | None:
        return None if description is None else self._document(description.sdp)

    def _read(self, sdp: str) -> DescriptionFacts:
        found = self._facts.get(sdp)
        if found is None:
            found = read_facts(self._document(sdp))
            self._keep_facts(sdp, found)
        return found

    def _keep_facts(self, sdp: str, facts: DescriptionFacts) -> None:
        if len(self._facts) >= _DOCUMENTS_KEPT:
            self._facts = {}
        self._facts[sdp] = facts

    def _agreement(self) -> Agreement | None:
        """The last completed exchange; None before there was one."""
        local = self._document_of(self.current_local)
        remote = self._document_of(self.current_remote)
        if local is None or remote is None:
            return None
        answer = remote if self.is_offerer else local
        return Agreement(local, remote, answer, bool(self.is_offerer))

    def _learn_all(self) -> None:
        """Learn payload types and extension ids of the descriptions in force."""
        texts = [item.sdp for item in self._descriptions() if item is not None]
        for text in texts:
            if text not in self._learnt:
                self._memory.learn(self._document(text))
        agreed = self._agreement()
        if agreed is not None and any(text not in self._learnt for text in texts):
            self._memory.settle(agreed.answer)
        self._learnt = set(texts)

    def _drop_restarted_credentials(self) -> None:
        """Nothing yet: whether ICE restarts is asked of each transport when it is answered."""

    # -- transports -----------------------------------------------------------------------------

    def _credentials_for(self, mid: str, members: Sequence[str] = ()) -> tuple[str, str]:
        """The ICE credentials of a transport, made up where there are none.

        ``members`` are the sections it was shared with, the one that carried it first; what ``mid``
        had before it was bundled with them holds no more.
        """
        for name in (*members, mid):
            known = self.credentials.get(name)
            if known is not None:
                self.credentials[mid] = known
                return known
        made = (self.identity.new_ufrag(), self.identity.new_pwd())
        self.credentials[mid] = made
        return made

    def _tls_id_for(self, mid: str, members: Sequence[str] = (), *, new: bool = False) -> str:
        """The id of a DTLS association at this end (RFC 8842, 5)."""
        if not new:
            for name in (*members, mid):
                if name in self._tls_ids:
                    self._tls_ids[mid] = self._tls_ids[name]
                    return self._tls_ids[mid]
        self._tls_ids[mid] = self.identity.new_hex(_TLS_ID_LENGTH)
        return self._tls_ids[mid]

    # -- lines ----------------------------------------------------------------------------------

    def _msid_lines(self, plan: SectionPlan, transceiver: Transceiver) -> Iterator[str]:
        """``a=msid`` for each stream, ``-`` for none; without the track's id (RFC 9429, 5.2.1).

        Once there they stay whatever becomes of the direction (RFC 9429, 5.2.2 and 5.3.2).
        """
        if transceiver.sends:
            for stream in transceiver.stream_ids or ("-",):
                yield f"a=msid:{stream}"
            return
        document = self._document_of(self.local)
        if document is None or plan.level >= len(document.media):
            return
        media = document.media[plan.level]
        if not media.rejected and media.mid in (None, plan.mid):
            for stream in dict.fromkeys(msid.stream for msid in media.msids):
                yield f"a=msid:{stream}"

    def _decide(
        self,
        index: int | None,
        mid: str | None,
        subject: str,
        name: str,
        outcome: str,
        why: str,
        *refs: str,
    ) -> None:
        """Note a decision, when they are asked for."""
        if self.explain:
            self.decisions.append(Decision(index, mid or None, subject, name, outcome, why, refs))
