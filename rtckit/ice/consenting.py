"""Keeping a selected pair alive: consent (RFC 7675) and keepalives (RFC 8445, 11)."""

from rtckit.core.address import Address
from rtckit.ice.causes import Cause
from rtckit.ice.consent import Consent
from rtckit.ice.nominating import Nominating
from rtckit.wire import stun

__all__ = ["Consenting"]

_FORBIDDEN = 403


class Consenting(Nominating):
    """The part of an agent that asks the peer whether it still wants data."""

    def _ask_consent(self, now: float, consent: Consent) -> None:
        """Ask when it is time, and end it when nobody answered for too long."""
        if now >= consent.expires_at:
            seconds = self.settings.consent_timeout
            text = f"the peer did not consent for {seconds:.0f} seconds"
            fix = "see whether the peer still runs, and whether a NAT or firewall forgot the flow"
            self._lose_consent(now, consent, Cause("consent-expired", text, fix))
            return
        if now >= consent.disconnects_at and self.state in ("connected", "completed"):
            self._set_state(now, "disconnected")
        if now >= consent.ask_at:
            transaction_id, data = self._build_check(
                consent.pair, consent.credentials, consent.remote_credentials
            )
            consent.ask(now, transaction_id)
            self._transmit(consent.pair, data)
            self._note(now, "consent", consent.pair, asked=consent.asked)

    def _lose_consent(self, now: float, consent: Consent, cause: Cause) -> None:
        """Stop sending; of a pair from before a restart only that pair is lost."""
        self._note(now, "consent", consent.pair, lost=True, why=cause.text)
        self.consent = None
        consent.pair.valid = False
        consent.pair.last_error = cause.text
        if not self._generation_selected:
            self.selected = None
            return
        self._consent_lost = True
        self.failure, self.causes = cause.text, (cause,)
        self._transactions.clear()
        self._set_state(now, "failed")

    def _take_consent(
        self,
        now: float,
        consent: Consent,
        local: Address,
        remote: Address,
        message: stun.Message,
    ) -> None:
        """Take the answer to a question; it counts only when it comes from the pair's own peer."""
        pair = consent.pair
        if (local, remote) != (pair.local.base, pair.remote.address):
            return
        if message.message_class is stun.MessageClass.ERROR:
            error = message.error
            if error is not None and error.code == _FORBIDDEN:
                text = "the peer took its consent back (403)"
                cause = Cause("consent-revoked", text, "the peer ended the session")
                self._lose_consent(now, consent, cause)
            return
        rtt = consent.answered(now, message.transaction_id)
        self._note_rtt(pair, rtt)
        self._note(now, "consent", pair, rtt=rtt)
        if self.state == "disconnected":
            self._set_state(now, "connected")
            self._judge(now)

    def _keep_alive(self, now: float) -> None:
        """Send an indication, which nobody answers, to keep NATs open (RFC 8445, 11)."""
        if self.selected is None:
            return
        self._keepalive_at = now + self.settings.keepalive
        data = stun.build(
            stun.Method.BINDING, stun.MessageClass.INDICATION, self.random.randbytes(12), []
        )
        self._transmit(self.selected, data)
        self._note(now, "keepalive", self.selected)
