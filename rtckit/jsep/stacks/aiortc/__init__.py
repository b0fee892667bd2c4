"""What aiortc 1.16 does with a description.

aiortc refuses in Python's own words: a number that is none is the ``ValueError`` of ``int``, an
attribute without a value the ``AttributeError`` of ``None``. The model reads as aiortc reads, lets
Python raise where aiortc would, and gives back the exception's name and text.
"""

from rtckit.jsep.stacks.aiortc.negotiation import predict

__all__ = ["predict"]
