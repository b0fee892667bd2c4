"""What answers tell a check, as the facts of its steps."""

from typing import Any

from rtckit.live.errors import StunError
from rtckit.live.stun_client import Response
from rtckit.live.tls import TlsState
from rtckit.live.turn_client import Allocation, TurnClient
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType

__all__ = ["allocation_facts", "auth_facts", "binding_facts", "challenge_facts", "tls_facts"]


def binding_facts(response: Response) -> dict[str, Any]:
    """How the server sees this end, and who it is."""
    message = response.message
    facts: dict[str, Any] = {"mapped": message.xor_mapped_address, "sent": response.sent}
    plain = message.get(AttributeType.MAPPED_ADDRESS)
    if plain is not None and message.has(AttributeType.XOR_MAPPED_ADDRESS):
        facts["mapped_plain"] = plain
    for name, kind in (
        ("software", AttributeType.SOFTWARE),
        ("other_address", AttributeType.OTHER_ADDRESS),
    ):
        value = message.get(kind)
        if value is not None:
            facts[name] = value
    return facts


def challenge_facts(error: StunError) -> dict[str, Any]:
    """What the server asks for before it allocates."""
    message = error.message
    facts: dict[str, Any] = {"code": error.code}
    if message.realm is not None:
        facts["realm"] = message.realm
    if message.software is not None:
        facts["software"] = message.software
    offered = message.get(AttributeType.PASSWORD_ALGORITHMS)
    if offered:
        names = {1: "MD5", 2: "SHA-256"}
        facts["algorithms"] = " ".join(names.get(item.number, str(item.number)) for item in offered)
    features = stun.parse_nonce_cookie(message.nonce or b"")
    if features is not None and features & stun.SecurityFeatures.USERNAME_ANONYMITY:
        facts["anonymous"] = True
    return facts


def allocation_facts(allocation: Allocation) -> dict[str, Any]:
    """What the server lends."""
    return {
        "relayed": allocation.relayed,
        "mapped": allocation.mapped,
        "lifetime": allocation.lifetime,
        "rtt_ms": allocation.rtt_s * 1000,
    }


def auth_facts(client: TurnClient) -> dict[str, Any]:
    """How often nonces went stale; nothing when none did."""
    auth = client.auth
    if auth is None or not auth.stale:
        return {}
    facts: dict[str, Any] = {"stale": auth.stale}
    if auth.stale_repeated:
        facts["stale_repeated"] = True
    return facts


def tls_facts(state: TlsState | None) -> dict[str, Any]:
    """What was agreed, and the certificate."""
    if state is None:
        return {}
    facts: dict[str, Any] = {
        "version": state.version,
        "cipher": state.cipher,
        "alpn": state.alpn,
    }
    if state.certificate is not None:
        known = state.certificate.facts
        facts |= {
            "names": ", ".join(state.certificate.names) or known.subject,
            "issuer": known.issuer,
            "not_before": known.not_before.date().isoformat(),
            "not_after": known.not_after.date().isoformat(),
            "key": known.key,
            "fingerprint": state.certificate.fingerprint,
        }
    return facts
