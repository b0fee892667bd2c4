"""Chromium: libwebrtc's parser and order of checks, in Chromium's words.

The model follows the source of libwebrtc as of Chromium 156: the text is read byte by byte as
`lexer`, `session` and `media` do, checked by `validation`, applied by `transports` and `channels`,
answered by `answer`. It is no list of cases.
"""

from rtckit.jsep.stacks.chromium.candidate import find_candidate_fault
from rtckit.jsep.stacks.chromium.predict import predict, predict_candidate

__all__ = ["find_candidate_fault", "predict", "predict_candidate"]
