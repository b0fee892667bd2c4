"""The standards' own stack: RFC 9429 to the letter, with the codecs that WebRTC requires.

It is what no browser is: offers have ``a=tls-id``, answers add what they can decode to what was
offered (RFC 9429, 5.3.1), and a description that breaks a rule is refused with the rule's section.
"""

from rtckit.jsep.stacks.rfc.capabilities import CAPABILITIES
from rtckit.jsep.stacks.rfc.peer import RfcPeer

__all__ = ["CAPABILITIES", "RfcPeer"]
