"""Long-term credentials from the client's side (RFC 8489, 9.2), and REST-style ones that expire."""

import hashlib
import hmac
from base64 import b64encode
from typing import Any, Literal

from rtckit.live.errors import BadAnswer, StunError
from rtckit.rules.probe_credentials import rest_expiry
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType

__all__ = ["LongTerm", "make_rest_credential", "rest_expiry"]

_ALGORITHMS: dict[int, Literal["MD5", "SHA-256"]] = {1: "MD5", 2: "SHA-256"}


def make_rest_credential(
    secret: str, user: str, expires_at: int, *, hash_function: str = "sha1"
) -> tuple[str, str]:
    """A user name ``timestamp:user`` and its password, valid until ``expires_at`` (Unix seconds).

    The password is Base64 of the HMAC of the user name under the secret shared with the server
    (draft-uberti-behave-turn-rest, 2.2; coturn's ``use-auth-secret``).
    """
    username = f"{expires_at}:{user}" if user else str(expires_at)
    digest = hmac.new(secret.encode(), username.encode(), getattr(hashlib, hash_function)).digest()
    return username, b64encode(digest).decode("ascii")


class LongTerm:
    """What a client knows of a server's challenge, and how it answers.

    Attributes:
        realm: as the server gave it last; None before its first challenge.
        nonce: the same.
        features: the nonce cookie's bits, None without a cookie.
        algorithm: the password algorithm, ``MD5`` unless the server lists others.
        stale: how many nonces the server has called stale.
        used: whether a request was signed already.
        key_realm: the realm the key is made for, when it is not the server's.
    """

    def __init__(self, username: str, credential: str) -> None:
        self.username = username
        self.credential = credential
        self.realm: str | None = None
        self.nonce: bytes | None = None
        self.features: stun.SecurityFeatures | None = None
        self.algorithm: Literal["MD5", "SHA-256"] = "MD5"
        self.stale = 0
        self.stale_repeated = False
        self.used = False
        self.key_realm: str | None = None
        self._offered: tuple[stun.PasswordAlgorithm, ...] | None = None

    @property
    def challenged(self) -> bool:
        """Whether the server has said what it wants."""
        return self.realm is not None and self.nonce is not None

    @property
    def modern(self) -> bool:
        """Whether requests carry MESSAGE-INTEGRITY-SHA256 (RFC 8489, 9.2.5)."""
        return self._offered is not None

    @property
    def anonymous(self) -> bool:
        """Whether USERHASH stands for the user name."""
        features = self.features
        return features is not None and bool(features & stun.SecurityFeatures.USERNAME_ANONYMITY)

    def attributes(self) -> list[tuple[int, Any]]:
        """What a signed request carries besides its own; nothing before the first challenge."""
        if self.realm is None or self.nonce is None:
            return []
        found: list[tuple[int, Any]] = []
        if self.anonymous:
            found.append((AttributeType.USERHASH, stun.userhash(self.username, self.realm)))
        else:
            found.append((AttributeType.USERNAME, self.username))
        found += [(AttributeType.REALM, self.realm), (AttributeType.NONCE, self.nonce)]
        if self._offered is not None:
            number = next(key for key, name in _ALGORITHMS.items() if name == self.algorithm)
            found.append((AttributeType.PASSWORD_ALGORITHMS, self._offered))
            found.append((AttributeType.PASSWORD_ALGORITHM, stun.PasswordAlgorithm(number, b"")))
        return found

    def keys(self) -> tuple[bytes | None, bytes | None]:
        """The keys for MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256, one of which is None."""
        if self.realm is None or self.nonce is None:
            return None, None
        self.used = True
        realm = self.key_realm or self.realm
        key = stun.long_term_key(self.username, realm, self.credential, self.algorithm)
        return (None, key) if self.modern else (key, None)

    def learn(self, error: StunError) -> bool:
        """Take a 401 or 438; whether asking again makes sense.

        False when the same credentials were refused already (9.2.5), or nonces go stale without
        end. :class:`BadAnswer` for a challenge that nobody can answer.
        """
        message = error.message
        realm, nonce = message.realm, message.nonce
        offered = message.get(AttributeType.PASSWORD_ALGORITHMS)
        if nonce is None or (realm is None and error.code == 401):
            lacking = "NONCE" if realm is not None else "REALM" if nonce is not None else "both"
            raise BadAnswer(f"{error.code} without REALM and NONCE: it lacks {lacking}")
        features = stun.parse_nonce_cookie(nonce)
        if (
            features is not None
            and features & stun.SecurityFeatures.PASSWORD_ALGORITHMS
            and offered is None
        ):
            raise BadAnswer(
                "the nonce promises PASSWORD-ALGORITHMS and the answer has none: "
                "somebody on the way took them out"
            )
        if error.code == 401 and self.used and realm == self.realm:
            return False
        if error.code == 438:
            self.stale += 1
            self.stale_repeated = self.stale_repeated or nonce == self.nonce
            if self.stale_repeated:
                return False
        self._choose(offered)
        self.realm = self.realm if realm is None else realm
        self.nonce = nonce
        self.features = features
        return True

    def _choose(self, offered: tuple[stun.PasswordAlgorithm, ...] | None) -> None:
        if offered is None:
            return
        known = [_ALGORITHMS[item.number] for item in offered if item.number in _ALGORITHMS]
        if not known:
            numbers = ", ".join(str(item.number) for item in offered)
            raise BadAnswer(f"the server knows only password algorithms {numbers}")
        self._offered = offered
        self.algorithm = known[0]
