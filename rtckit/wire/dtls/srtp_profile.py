"""SRTP protection profiles: what use_srtp negotiates, and what each profile means for a packet.

The names are those of the IANA registry "DTLS-SRTP Protection Profiles", which getStats gives as
``srtpCipher``; other stacks give the SDES name (RFC 4568, 6.2; RFC 7714, 14.1) or OpenSSL's.
"""

from dataclasses import dataclass

__all__ = ["SRTP_PROFILES", "SrtpProfile", "find_srtp_profile", "srtp_profile_name"]


@dataclass(frozen=True, slots=True)
class SrtpProfile:
    """One protection profile (RFC 5764, 4.1.2; RFC 7714, 14.2; RFC 8269, 5). Lengths are in bytes.

    ``sdes_name`` is the crypto suite of the same transform in ``a=crypto``, empty where there is
    none. ``rtp_tag_length`` and ``rtcp_tag_length`` are what authentication adds to a packet, be it
    an HMAC tag or the AEAD's; the four bytes of the SRTCP index come on top.
    """

    value: int
    name: str
    sdes_name: str
    key_length: int
    salt_length: int
    rtp_tag_length: int
    rtcp_tag_length: int
    aead: bool


SRTP_PROFILES: dict[int, SrtpProfile] = {
    profile.value: profile
    for profile in (
        SrtpProfile(
            1, "SRTP_AES128_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10, False
        ),
        SrtpProfile(
            2, "SRTP_AES128_CM_HMAC_SHA1_32", "AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10, False
        ),
        SrtpProfile(5, "SRTP_NULL_HMAC_SHA1_80", "", 0, 0, 10, 10, False),
        SrtpProfile(6, "SRTP_NULL_HMAC_SHA1_32", "", 0, 0, 4, 10, False),
        SrtpProfile(7, "SRTP_AEAD_AES_128_GCM", "AEAD_AES_128_GCM", 16, 12, 16, 16, True),
        SrtpProfile(8, "SRTP_AEAD_AES_256_GCM", "AEAD_AES_256_GCM", 32, 12, 16, 16, True),
        SrtpProfile(0x0B, "SRTP_ARIA_128_CTR_HMAC_SHA1_80", "", 16, 14, 10, 10, False),
        SrtpProfile(0x0C, "SRTP_ARIA_128_CTR_HMAC_SHA1_32", "", 16, 14, 4, 10, False),
        SrtpProfile(0x0D, "SRTP_ARIA_256_CTR_HMAC_SHA1_80", "", 32, 14, 10, 10, False),
        SrtpProfile(0x0E, "SRTP_ARIA_256_CTR_HMAC_SHA1_32", "", 32, 14, 4, 10, False),
        SrtpProfile(0x0F, "SRTP_AEAD_ARIA_128_GCM", "", 16, 12, 16, 16, True),
        SrtpProfile(0x10, "SRTP_AEAD_ARIA_256_GCM", "", 32, 12, 16, 16, True),
    )
}

# RFC 8723: encrypted twice, hop by hop and end to end; its overhead varies with the packet.
_DOUBLE = {
    0x09: "DOUBLE_AEAD_AES_128_GCM_AEAD_AES_128_GCM",
    0x0A: "DOUBLE_AEAD_AES_256_GCM_AEAD_AES_256_GCM",
}

# What OpenSSL and the programs built on it say.
_OTHER_SPELLINGS = {
    "srtp_aes128_cm_sha1_80": 1,
    "srtp_aes128_cm_sha1_32": 2,
    "aes128_cm_sha1_80": 1,
    "aes128_cm_sha1_32": 2,
    "srtp_double_aead_aes_128_gcm_aead_aes_128_gcm": 9,
    "srtp_double_aead_aes_256_gcm_aead_aes_256_gcm": 10,
}


def srtp_profile_name(profile: int) -> str:
    """The IANA name, which is also what getStats gives as ``srtpCipher``."""
    known = SRTP_PROFILES.get(profile)
    if known is not None:
        return known.name
    return _DOUBLE.get(profile) or f"unknown (0x{profile:04X})"


def find_srtp_profile(name: str) -> int | None:
    """The number of a profile from its IANA, SDES or OpenSSL spelling, in any case."""
    wanted = name.strip().lower()
    for profile in SRTP_PROFILES.values():
        if wanted == profile.name.lower() or (wanted and wanted == profile.sdes_name.lower()):
            return profile.value
    for value, double in _DOUBLE.items():
        if wanted == double.lower():
            return value
    return _OTHER_SPELLINGS.get(wanted)
