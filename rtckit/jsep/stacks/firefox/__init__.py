"""Firefox ESR 153: SIPCC's parser, Mozilla's wrapper around it, and its JSEP session.

The order of things: text beyond ASCII is refused by the API; ``sipcc`` walks the lines
(``lines``, ``attributes``, ``fmtp``) and collects every complaint; ``load`` builds a description
of what it kept and reads fingerprints, rids and simulcast; ``checks`` looks at each description
by itself, ``exchange`` at one against those before it; ``transceivers`` and ``answer`` follow an
offer to the answer Firefox makes, ``session`` takes the steps of a page. That is the verdict.

``peer`` is the connection over its whole life: ``calls`` what a page may call, ``offering`` and
``answering`` the sections, ``seats`` what a transceiver keeps for its own, ``writing`` the text,
``rereading`` what is read of it when it is set, ``explaining`` why it came out so.
"""

from rtckit.jsep.stacks.firefox.session import predict

__all__ = ["predict"]
